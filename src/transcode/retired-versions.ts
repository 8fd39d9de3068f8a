import type { EncodingRepository } from '../database/encodings.ts';
import { versionKeys } from '../kernel/film/paths.ts';
import type { Log } from '../kernel/log.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const SWEEP_MS = 60_000;

export interface RetirementParts {
  readonly encodings: Pick<EncodingRepository, 'due' | 'forget'>;
  readonly store: Pick<ObjectStore, 'deletePrefix'>;
  readonly log: Log;
}

/** Removes the versions that have been replaced, once nobody is in the middle of them any more. */
export class RetiredVersions {
  readonly #parts: RetirementParts;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(parts: RetirementParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.#sweepNow(), SWEEP_MS);
    this.#sweepNow();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  #sweepNow(): void {
    this.#sweeping = this.sweep().catch((cause: unknown) => {
      this.#parts.log.error({ err: cause }, 'replaced versions could not be removed');
    });
  }

  /** One pass over those whose time has come. The objects go first: a crash in between lets the next pass try again. */
  async sweep(): Promise<void> {
    const { encodings, store, log } = this.#parts;
    for (const retired of await encodings.due()) {
      for (const key of versionKeys(retired.assetId, retired.version)) await store.deletePrefix(key);
      await encodings.forget(retired);
      log.info({ asset: retired.assetId, version: retired.version }, 'replaced version removed');
    }
  }
}
