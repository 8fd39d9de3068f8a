import { setTimeout as pause } from 'node:timers/promises';
import type { RecordingRepository, SequencePlace } from '../../database/recordings.ts';
import { segmentKey, sessionInitKey } from '../../kernel/film/paths.ts';
import type { Log } from '../../kernel/log.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { RECORDING_VERSION } from './recorder.ts';

export interface PrunerDeps {
  readonly store: Pick<ObjectStore, 'deletePrefix'>;
  readonly recordings: Pick<RecordingRepository, 'forgetBefore'>;
  readonly log: Log;
}

/** Fewer are not worth a statement. */
const FEWEST = 10;
/** What a removal may still take when its broadcast is over. */
const STOP_MS = 2_000;

/**
 * Removes what lies behind the window of a broadcast that is not kept, so that a camera that is live for months fills no
 * store. One turn at a time and nobody waits for it; what fails is in the next turn again. Objects go before their rows:
 * a crash between leaves rows of nothing, which are listed nowhere and go the next time.
 */
export class Pruner {
  readonly #deps: PrunerDeps;
  readonly #recordingId: string;
  readonly #renditions: readonly string[];
  /** Everything before is removed. */
  #done: SequencePlace;
  #turn: Promise<void> | undefined;
  #isStopped = false;

  constructor(deps: PrunerDeps, recordingId: string, renditions: readonly string[], first: SequencePlace) {
    this.#deps = deps;
    this.#recordingId = recordingId;
    this.#renditions = renditions;
    this.#done = first;
  }

  /** Nobody asks any more for what comes before. Returns at once. */
  prune(before: SequencePlace): void {
    if (this.#isStopped || this.#turn || before.sequence - this.#done.sequence < FEWEST) return;
    this.#turn = this.#remove(before)
      .catch((cause: unknown) => {
        this.#deps.log.warn({ err: cause, recording: this.#recordingId }, 'what is behind the window stays for now');
      })
      .finally(() => {
        this.#turn = undefined;
      });
  }

  /** Removes nothing more: of a broadcast that is over all goes in time. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const overdue = new AbortController();
    await Promise.race([this.#turn, pause(STOP_MS, undefined, { signal: overdue.signal }).catch(() => undefined)]);
    overdue.abort();
  }

  async #remove(before: SequencePlace): Promise<void> {
    for (const key of this.#keys(before)) {
      if (this.#isStopped) return;
      await this.#deps.store.deletePrefix(key);
    }
    await this.#deps.recordings.forgetBefore(this.#recordingId, before);
    this.#done = before;
  }

  *#keys(before: SequencePlace): Iterable<string> {
    for (const rendition of this.#renditions) {
      for (let at = this.#done.sequence; at < before.sequence; at += 1) {
        yield segmentKey(this.#recordingId, RECORDING_VERSION, rendition, at);
      }
      for (let at = this.#done.session; at < before.session; at += 1) {
        yield sessionInitKey(this.#recordingId, RECORDING_VERSION, rendition, at);
      }
    }
  }
}
