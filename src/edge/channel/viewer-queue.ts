import { RING_LIMITS } from '../../kernel/live/event-ring.ts';

/** Where a viewer's frames go. */
export interface Outlet {
  /** Has more in hand than it could pass on; says when no more. */
  readonly isFull: boolean;
  write(bytes: Buffer): void;
}

interface Entry {
  readonly bytes: Buffer;
  /** Of media, when it came in; events have none. */
  readonly queuedAtMs: number | undefined;
}

export interface QueueLimits {
  readonly mediaBytes: number;
  /** Media that waits for longer is of no use to anybody who wants to see what happens now. */
  readonly mediaMs: number;
  readonly eventBytes: number;
}

/** Who resumes is sent all that is kept of events at once, and those that come meanwhile. */
const EVENT_BYTES = 2 * RING_LIMITS.bytes;

export const QUEUE_LIMITS: QueueLimits = { mediaBytes: 4_194_304, mediaMs: 3_000, eventBytes: EVENT_BYTES };

/**
 * What one viewer has not taken yet, in order and within bounds. Frames are the same objects in every queue, so that a
 * thousand slow viewers of one stream cost little more memory than one.
 */
export class ViewerQueue {
  readonly #outlet: Outlet;
  readonly #limits: QueueLimits;
  #entries: Entry[] = [];
  #mediaBytes = 0;
  #eventBytes = 0;

  constructor(outlet: Outlet, limits = QUEUE_LIMITS) {
    this.#outlet = outlet;
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get bytes(): number {
    return this.#mediaBytes + this.#eventBytes;
  }

  /** False when there is no room for it: whoever does not read events at all is beyond help. */
  pushEvent(bytes: Buffer): boolean {
    if (this.#writesThrough(bytes)) return true;
    if (this.#eventBytes + bytes.length > this.#limits.eventBytes) return false;
    this.#eventBytes += bytes.length;
    this.#entries.push({ bytes, queuedAtMs: undefined });
    return true;
  }

  /** False when there is no room for it, or what waits has waited for too long. */
  pushMedia(bytes: Buffer, nowMs: number): boolean {
    if (this.#writesThrough(bytes)) return true;
    const { mediaBytes, mediaMs } = this.#limits;
    if (this.#mediaBytes + bytes.length > mediaBytes || nowMs - this.#oldestMediaMs(nowMs) > mediaMs) return false;
    this.#mediaBytes += bytes.length;
    this.#entries.push({ bytes, queuedAtMs: nowMs });
    return true;
  }

  /** Forgets all media; events stay. Returns of how many frames that was. */
  dropMedia(): number {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter(({ queuedAtMs }) => queuedAtMs === undefined);
    this.#mediaBytes = 0;
    return before - this.#entries.length;
  }

  /** The outlet takes more. */
  drain(): void {
    let taken = 0;
    for (const { bytes, queuedAtMs } of this.#entries) {
      if (this.#outlet.isFull) break;
      this.#outlet.write(bytes);
      if (queuedAtMs === undefined) this.#eventBytes -= bytes.length;
      else this.#mediaBytes -= bytes.length;
      taken += 1;
    }
    this.#entries.splice(0, taken);
  }

  #writesThrough(bytes: Buffer): boolean {
    if (this.#entries.length > 0 || this.#outlet.isFull) return false;
    this.#outlet.write(bytes);
    return true;
  }

  #oldestMediaMs(nowMs: number): number {
    for (const { queuedAtMs } of this.#entries) if (queuedAtMs !== undefined) return queuedAtMs;
    return nowMs;
  }
}
