import type { Invalidation, InvalidationRepository } from '../../database/invalidations.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { EdgeDirectory } from './directory.ts';
import { AWAY_MS, type Standing } from './standing.ts';

export interface CompletionParts {
  readonly invalidations: Pick<InvalidationRepository, 'pending' | 'complete'>;
  readonly directory: Pick<EdgeDirectory, 'list'>;
  readonly clock: Clock;
  readonly log: Log;
}

const BATCH = 200;

/**
 * Says of invalidations that they are completed, once every edge that is there has carried them out. Where none is there,
 * once each has been missing for so long that it counts as away, and catches up when it is back.
 */
export class InvalidationCompletion {
  readonly #parts: CompletionParts;
  readonly #startedAtMs: number;
  #checking: Promise<void> | undefined;
  #again = false;

  constructor(parts: CompletionParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.now();
  }

  /** Edges have said how far they are. */
  check(): void {
    this.#again = true;
    this.#checking ??= this.#checkAll().finally(() => {
      this.#checking = undefined;
    });
  }

  async idle(): Promise<void> {
    await this.#checking;
  }

  async #checkAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#complete();
      } catch (cause) {
        this.#parts.log.warn({ err: cause }, 'invalidations could not be completed');
      }
    }
  }

  async #complete(): Promise<void> {
    const { invalidations, directory } = this.#parts;
    const pending = await invalidations.pending(BATCH);
    if (pending.length === 0) return;
    const there = (await directory.list()).filter(({ state }) => state === 'connected');
    const isDone = there.length > 0 ? reachedBy(there) : this.#isMissedByAll();
    for (const each of pending) if (isDone(each)) await invalidations.complete(each.id);
  }

  /** None may be there only because this control has just started, or all are about to come back. */
  #isMissedByAll(): IsDone {
    const beforeMs = this.#parts.clock.now() - AWAY_MS;
    return ({ createdAtMs }) => Math.max(createdAtMs, this.#startedAtMs) < beforeMs;
  }
}

type IsDone = (invalidation: Invalidation) => boolean;

function reachedBy(there: readonly Standing[]): IsDone {
  const reached = Math.min(...there.map(({ last }) => last?.configuration.logs.invalidations ?? 0));
  return ({ sequence }) => sequence <= reached;
}
