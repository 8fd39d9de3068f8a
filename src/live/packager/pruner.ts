import { setTimeout as pause } from 'node:timers/promises';
import type { RecordingRepository, SequencePlace } from '../../database/recordings.ts';
import { segmentKey, sessionInitKey } from '../../kernel/film/paths.ts';
import type { LiveSegment, Session } from '../../kernel/live/broadcast.ts';
import type { Log } from '../../kernel/log.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { RECORDING_VERSION } from './recorder.ts';
import type { RenditionStage } from './rendition-stage.ts';

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
  readonly #stages: ReadonlyMap<string, RenditionStage>;
  readonly #isHeld: () => boolean;
  /** Everything before is removed. */
  #done: SequencePlace = { sequence: 0, session: 1 };
  #turn: Promise<void> | undefined;
  /** What has left the window during the present turn: nothing more may come after it that would ask again. */
  #later: SequencePlace | undefined;
  #isStopped = false;

  /** @param isHeld whether the broadcast is this node's: what another has taken over is that one's to remove */
  constructor(
    deps: PrunerDeps,
    recordingId: string,
    stages: ReadonlyMap<string, RenditionStage>,
    isHeld: () => boolean,
  ) {
    this.#isHeld = isHeld;
    this.#deps = deps;
    this.#recordingId = recordingId;
    this.#stages = stages;
  }

  /** What a process that is no more left of it. */
  resume([first]: readonly Session[], segments: readonly LiveSegment[]): void {
    if (!first || segments.length === 0) return;
    const sequence = segments.reduce((least, each) => Math.min(least, each.sequence), Infinity);
    this.#done = { sequence, session: first.number };
  }

  /**
   * Removes what nobody can ask for any more, nor of the next process, whose window ends with what is recorded, before
   * `oldestPending`. Returns at once.
   */
  prune(oldestPending?: number): void {
    const stages = [...this.#stages.values()];
    const sequence = Math.min(...stages.map(({ timeline }) => reachableFrom(timeline, oldestPending)));
    const session = stages[0]?.sessionOf(sequence);
    if (session === undefined) return;
    for (const stage of stages) stage.forgetSessions(session);
    this.#removeOnce({ sequence, session });
  }

  #removeOnce(before: SequencePlace): void {
    if (this.#isStopped || before.sequence - this.#done.sequence < FEWEST) return;
    if (this.#turn) this.#later = before;
    else this.#turn = this.#takeTurn(before);
  }

  async #takeTurn(before: SequencePlace): Promise<void> {
    try {
      await this.#remove(before);
    } catch (cause) {
      this.#deps.log.warn({ err: cause, recording: this.#recordingId }, 'what is behind the window stays for now');
      this.#later = undefined;
    }
    const next = this.#later;
    this.#later = undefined;
    this.#turn = undefined;
    if (next) this.#removeOnce(next);
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
      if (this.#isStopped || !this.#isHeld()) return;
      await this.#deps.store.deletePrefix(key);
    }
    if (!this.#isHeld()) return;
    await this.#deps.recordings.forgetBefore(this.#recordingId, before);
    this.#done = before;
  }

  *#keys(before: SequencePlace): Iterable<string> {
    for (const rendition of this.#stages.keys()) {
      for (let at = this.#done.sequence; at < before.sequence; at += 1) {
        yield segmentKey(this.#recordingId, RECORDING_VERSION, rendition, at);
      }
      for (let at = this.#done.session; at < before.session; at += 1) {
        yield sessionInitKey(this.#recordingId, RECORDING_VERSION, rendition, at);
      }
    }
  }
}

/** As much further back as the last that is recorded is behind. */
function reachableFrom(
  { nextSequence, reachableFrom }: RenditionStage['timeline'],
  oldestPending = nextSequence,
): number {
  return reachableFrom - Math.max(0, nextSequence - oldestPending);
}
