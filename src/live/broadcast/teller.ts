import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../kernel/log.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Tells the database what becomes of a broadcast, so that neither publishers nor viewers wait for one that is away. */
export class Teller {
  readonly #log: Log;
  readonly #stopped: AbortSignal;
  #told: Promise<unknown> = Promise.resolve();

  constructor(log: Log, stopped: AbortSignal) {
    this.#log = log;
    this.#stopped = stopped;
  }

  /** Resolves when everything so far is told, or could not be. */
  get told(): Promise<unknown> {
    return this.#told;
  }

  /** One thing after the other; what cannot be told is past, and the next says more. */
  tell(work: () => Promise<unknown>): void {
    this.#told = this.#told.then(work).catch((cause: unknown) => {
      this.#log.warn({ err: cause }, 'a coming or a going could not be told');
    });
  }

  /** Until it works, or the process stops: nobody else would do it, since this node still has the stream. */
  async insist(work: () => Promise<unknown>): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await work();
        return;
      } catch (cause) {
        this.#log.warn({ err: cause }, 'the end of a broadcast could not be told yet');
      }
      await pause(pauseMs, undefined, { signal: this.#stopped }).catch(() => undefined);
      if (this.#stopped.aborted) return;
    }
  }
}
