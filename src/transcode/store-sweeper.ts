import type { EncodingRepository } from '../database/encodings.ts';
import type { RemovalRepository } from '../database/removals.ts';
import type { Clock } from '../kernel/clock.ts';
import { versionKeys } from '../kernel/film/paths.ts';
import type { Log } from '../kernel/log.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const SWEEP_MS = 60_000;

/** Removals in one pass: each is a request or two of a store that others wait for. The next pass takes the next. */
const AT_ONCE = 200;

export interface SweeperParts {
  readonly encodings: Pick<EncodingRepository, 'due' | 'forget'>;
  readonly removals: Pick<RemovalRepository, 'list' | 'forget'>;
  readonly store: Pick<ObjectStore, 'deletePrefix'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Removes from the store what is no longer wanted: versions that have been replaced, once nobody is in the middle of them
 * any more, and what whoever should have removed it did not, because it died or something came late. It goes by what the
 * database says was removed, never by what it does not know: several servers may share a bucket, and a database may have
 * been set back. Any number of sweepers may be at it.
 */
export class StoreSweeper {
  readonly #parts: SweeperParts;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  /** At a start also what has not settled: what died may have been this very process. */
  start(): void {
    this.#timer = setInterval(() => this.#sweepNow({ settledOnly: true }), SWEEP_MS);
    this.#sweepNow({ settledOnly: false });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  #sweepNow(which: { readonly settledOnly: boolean }): void {
    this.#sweeping = this.sweep(which).catch((cause: unknown) => {
      this.#parts.log.error({ err: cause }, 'what is no longer wanted could not be removed');
    });
  }

  /** One pass. The objects go first: a crash in between lets the next pass try again. */
  async sweep({ settledOnly = true } = {}): Promise<void> {
    await this.#removeRetired();
    const { removals, store, clock } = this.#parts;
    for (const removal of await removals.list({ settledOnly, limit: AT_ONCE })) {
      // Looked at before: what is written during the removal may come after it.
      const isSettled = removal.settledAtMs <= clock.now();
      await store.deletePrefix(removal.prefix);
      if (isSettled) await removals.forget(removal);
    }
  }

  async #removeRetired(): Promise<void> {
    const { encodings, store, log } = this.#parts;
    for (const retired of await encodings.due()) {
      for (const key of versionKeys(retired.assetId, retired.version)) await store.deletePrefix(key);
      await encodings.forget(retired);
      log.info({ asset: retired.assetId, version: retired.version }, 'replaced version removed');
    }
  }
}
