import type { InvalidationRepository } from '../../database/invalidations.ts';
import type { Log } from '../../kernel/log.ts';
import type { EdgeDirectory } from './directory.ts';

export interface CompletionParts {
  readonly invalidations: Pick<InvalidationRepository, 'pending' | 'complete'>;
  readonly directory: Pick<EdgeDirectory, 'list'>;
  readonly log: Log;
}

const BATCH = 200;

/** Says of invalidations that they are completed, once every edge that is there has carried them out. */
export class InvalidationCompletion {
  readonly #parts: CompletionParts;
  #checking: Promise<void> | undefined;
  #again = false;

  constructor(parts: CompletionParts) {
    this.#parts = parts;
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
    const reached = Math.min(...there.map(({ last }) => last?.configuration.logs.invalidations ?? 0));
    for (const { id, sequence } of pending) if (sequence <= reached) await invalidations.complete(id);
  }
}
