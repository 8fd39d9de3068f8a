import type { FrameHeader } from './channel-frame.ts';

export interface MediaFrame {
  readonly header: FrameHeader;
  /** Header and media, as they are sent. */
  readonly bytes: Uint8Array;
}

/**
 * What a frame is to those who have all that came before it: `old` is nothing new; after something `torn` nothing can be
 * shown until the next frame that is `next` again, which then is independent.
 */
export type Continuity = 'init' | 'next' | 'old' | 'torn';

/** For as long as a group of pictures may be, so that sound goes with it from its beginning. */
const SOUND_SECONDS = 8;

/** The newest of one rendition: what somebody who joins needs for a picture, or a sound, at once. */
export class MediaTail {
  readonly #isSound: boolean;
  #init: MediaFrame | undefined;
  #parts: MediaFrame[] = [];
  #last: FrameHeader | undefined;
  #isTorn = false;

  constructor(kind: 'video' | 'audio') {
    this.#isSound = kind === 'audio';
  }

  get init(): MediaFrame | undefined {
    return this.#init;
  }

  /** From the newest key frame on; of sound, the last seconds. */
  get parts(): readonly MediaFrame[] {
    return this.#parts;
  }

  isIndependent({ isIndependent }: FrameHeader): boolean {
    return isIndependent || this.#isSound;
  }

  take(frame: MediaFrame): Continuity {
    return frame.header.kind === 'init' ? this.#takeInit(frame) : this.#takePart(frame);
  }

  #takeInit(frame: MediaFrame): Continuity {
    const known = this.#init?.header;
    if (known && compareSessions(frame.header, known) <= 0) return 'old';
    this.#init = frame;
    this.#parts = [];
    this.#last = undefined;
    this.#isTorn = false;
    return 'init';
  }

  #takePart(frame: MediaFrame): Continuity {
    const { header } = frame;
    const init = this.#init?.header;
    const last = this.#last;
    // A session that ends tells of its last parts before the next one's init: what comes later is of no use any more.
    if (!init || compareSessions(header, init) !== 0) return 'old';
    if (last && comparePositions(header, last) <= 0) return 'old';
    const isIndependent = this.isIndependent(header);
    if (!isIndependent && (this.#isTorn || !last || !isNext(header, last))) {
      this.#isTorn = true;
      this.#parts = [];
      return 'torn';
    }
    this.#isTorn = false;
    this.#last = header;
    if (isIndependent && !this.#isSound) this.#parts = [];
    this.#parts.push(frame);
    if (this.#isSound) this.#forgetBefore(endSeconds(header) - SOUND_SECONDS);
    return 'next';
  }

  #forgetBefore(seconds: number): void {
    const kept = this.#parts.findIndex(({ header }) => endSeconds(header) > seconds);
    if (kept > 0) this.#parts.splice(0, kept);
  }
}

export function startSeconds({ startTicks, timescale }: FrameHeader): number {
  return startTicks / timescale;
}

export function endSeconds({ startTicks, durationTicks, timescale }: FrameHeader): number {
  return (startTicks + durationTicks) / timescale;
}

export function compareSessions(one: FrameHeader, other: FrameHeader): number {
  return one.broadcast - other.broadcast || one.session - other.session;
}

export function comparePositions(one: FrameHeader, other: FrameHeader): number {
  return one.sequence - other.sequence || one.part - other.part;
}

/** The last part of a segment is not known as such: whether one was lost there shows by the next not being independent. */
function isNext(header: FrameHeader, last: FrameHeader): boolean {
  if (header.sequence === last.sequence) return header.part === last.part + 1;
  return header.sequence === last.sequence + 1 && header.part === 0;
}
