import { setTimeout as pause } from 'node:timers/promises';
import type { RecordingRepository } from '../../database/recordings.ts';
import { Fault } from '../../kernel/errors.ts';
import { segmentKey, sessionInitKey } from '../../kernel/film/paths.ts';
import type { LiveSegment, Session } from '../../kernel/live/broadcast.ts';
import type { DateRange } from '../../kernel/live/date-range.ts';
import type { Log } from '../../kernel/log.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { Spool } from './spool.ts';

export interface RecorderDeps {
  readonly store: Pick<ObjectStore, 'put'>;
  readonly recordings: Pick<RecordingRepository, 'addSession' | 'addSegments' | 'addDateRange'>;
  readonly log: Log;
}

/** A recording is an asset's first version. */
export const RECORDING_VERSION = 1;

/** Writes at once: a store far away answers late and takes many. */
const AT_ONCE = 4;
/** Of segments that wait for their turn; what is beyond is read from the spool when it comes. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** What a write may still take when the process stops. */
const STOP_MS = 2_000;

type Work = () => Promise<void>;

/**
 * Brings a broadcast's segments to the store and to the database, in its own time: live viewers never wait for it. What
 * fails is tried again until it works; what waits for that lies in the spool.
 */
export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #recordingId: string;
  readonly #spool: Spool;
  readonly #isHeld: () => boolean;
  readonly #caughtUp: () => void;
  readonly #queue: Work[] = [];
  readonly #waiting = new Map<string, Uint8Array>();
  readonly #stopped = new AbortController();
  /** Numbers of which something is not recorded yet, with how many renditions that is. */
  readonly #pending = new Map<number, number>();
  #running = 0;
  #waitingBytes = 0;
  #retries = 0;
  #lost = 0;
  #idle: (() => void)[] = [];

  /**
   * @param isHeld while it is false nothing is written: another node may write to the same places
   * @param caughtUp of one number more everything is recorded
   */
  constructor(deps: RecorderDeps, recordingId: string, spool: Spool, isHeld: () => boolean, caughtUp: () => void) {
    this.#deps = deps;
    this.#recordingId = recordingId;
    this.#spool = spool;
    this.#isHeld = isHeld;
    this.#caughtUp = caughtUp;
  }

  /** Writes that were tried again, segments that wait for theirs and those that are lost for good. */
  get counts(): { readonly retries: number; readonly waiting: number; readonly lost: number } {
    return { retries: this.#retries, waiting: this.#queue.length + this.#running, lost: this.#lost };
  }

  /** The oldest number of which something is not recorded yet. */
  get oldestPending(): number | undefined {
    let oldest: number | undefined;
    for (const sequence of this.#pending.keys()) oldest = Math.min(sequence, oldest ?? sequence);
    return oldest;
  }

  /** Not everything may be recorded. */
  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  session(session: Session): void {
    this.#spool.noteSession(session);
    this.#add(() => this.#deps.recordings.addSession(this.#recordingId, session));
  }

  /** Before all that waits for the store, which it has nothing to do with. Resolves when it is on this disk, or recorded. */
  async dateRange(range: DateRange): Promise<void> {
    const noted = this.#spool.noteDateRange(range);
    if (this.isStopped) return void (await noted);
    const recorded = this.#run(async () => {
      await this.#deps.recordings.addDateRange(this.#recordingId, range);
      this.#spool.removeDateRange(range);
    });
    await Promise.race([recorded, noted.then((isThere) => (isThere ? undefined : recorded))]);
  }

  init(rendition: string, session: number, bytes: Uint8Array): void {
    this.#spool.noteInit(rendition, session, bytes);
    const key = sessionInitKey(this.#recordingId, RECORDING_VERSION, rendition, session);
    this.#add(() => this.#deps.store.put(key, bytes));
  }

  segment(segment: LiveSegment, bytes: Uint8Array): void {
    const { sequence } = segment;
    this.#pending.set(sequence, (this.#pending.get(sequence) ?? 0) + 1);
    if (segment.isGap) {
      this.#add(async () => {
        await this.#deps.recordings.addSegments(this.#recordingId, [segment]);
        this.#recorded(sequence);
      });
      return;
    }
    const key = segmentKey(this.#recordingId, RECORDING_VERSION, segment.rendition, segment.sequence);
    if (this.#waitingBytes + bytes.length <= MOST_WAITING_BYTES) {
      this.#waiting.set(key, bytes);
      this.#waitingBytes += bytes.length;
    }
    this.#add(() => this.#store(key, segment));
  }

  /** Bytes of a segment that is not in the store yet. */
  async pending(segment: Pick<LiveSegment, 'rendition' | 'session' | 'sequence'>): Promise<Uint8Array | undefined> {
    const key = segmentKey(this.#recordingId, RECORDING_VERSION, segment.rendition, segment.sequence);
    return this.#waiting.get(key) ?? this.#spool.read(segment);
  }

  /** Resolves when everything is recorded. */
  async settled(): Promise<void> {
    if (this.#queue.length + this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /**
   * Tries nothing any more: what is not recorded is in the spool, for the next process. Resolves when nothing is being
   * written, or seems to be stuck.
   */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#queue.splice(0);
    const settled = this.settled();
    const overdue = new AbortController();
    await Promise.race([settled, pause(STOP_MS, undefined, { signal: overdue.signal }).catch(() => undefined)]);
    overdue.abort();
  }

  async #store(key: string, segment: LiveSegment): Promise<void> {
    const bytes = this.#waiting.get(key) ?? (await this.#spool.read(segment));
    if (bytes) await this.#deps.store.put(key, bytes);
    else this.#lost += 1;
    const row: LiveSegment = bytes ? segment : gapOf(segment);
    await this.#deps.recordings.addSegments(this.#recordingId, [row]);
    this.#waitingBytes -= this.#waiting.get(key)?.length ?? 0;
    this.#waiting.delete(key);
    this.#spool.remove(segment);
    this.#recorded(segment.sequence);
  }

  #recorded(sequence: number): void {
    const left = (this.#pending.get(sequence) ?? 1) - 1;
    if (left > 0) {
      this.#pending.set(sequence, left);
      return;
    }
    this.#pending.delete(sequence);
    this.#caughtUp();
  }

  #add(work: Work): void {
    if (this.#stopped.signal.aborted) return;
    this.#queue.push(work);
    this.#next();
  }

  #next(): void {
    const work = this.#running < AT_ONCE ? this.#queue.shift() : undefined;
    if (work) void this.#run(work);
  }

  #run(work: Work): Promise<void> {
    this.#running += 1;
    return this.#insist(work).then(() => {
      this.#running -= 1;
      if (this.#queue.length + this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
      else this.#next();
    });
  }

  async #insist(work: Work): Promise<void> {
    const { signal } = this.#stopped;
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        if (!this.#isHeld()) throw new Fault('UNAVAILABLE', { says: 'The lease of the stream is not renewed.' });
        return await work();
      } catch (cause) {
        if (pauseMs === FIRST_PAUSE_MS) {
          const { code } = Fault.from(cause);
          this.#deps.log.warn({ recording: this.#recordingId, code, err: cause }, 'what was live is not recorded yet');
        }
        this.#retries += 1;
        // By chance, so that all that failed at once does not come back at once.
        await pause(pauseMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

function gapOf({ keyFrame: _, ...segment }: LiveSegment): LiveSegment {
  return { ...segment, bytes: 0, isGap: true };
}
