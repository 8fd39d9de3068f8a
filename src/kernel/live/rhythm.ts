import type { LiveVideoRendition } from './broadcast.ts';
import type { LivePicture } from './source.ts';
import type { SourcePacket } from './tap.ts';

/** Groups of pictures that are as long as one another, before they count as regular. */
const ENOUGH_GROUPS = 4;
/** Of a group: how much longer or shorter one may be. */
const TOLERANCE = 0.05;
/** A group that is longer by this than the ones before has no end in sight. */
const OVERDUE = 1.25;
/** A source that begins this long after its sound would be ahead of it by as much: a copy knows of no beginning but its own. */
const LATEST_START_SECONDS = 0.06;

export type Rhythm = 'unknown' | 'regular' | 'irregular';

/**
 * Whether a source has its key frames where segments may begin. Only then its packets can be a rendition: what is encoded
 * beside them gets key frames at the same places.
 */
export class RhythmWatch {
  readonly #segmentSeconds: number;
  #firstSeconds: number | undefined;
  #keySeconds: number | undefined;
  #groupSeconds: number | undefined;
  #groups = 0;
  #isIrregular = false;

  constructor(segmentSeconds: number) {
    this.#segmentSeconds = segmentSeconds;
  }

  get rhythm(): Rhythm {
    if (this.#isIrregular) return 'irregular';
    return this.#groups >= ENOUGH_GROUPS ? 'regular' : 'unknown';
  }

  take(packets: readonly SourcePacket[]): void {
    for (const packet of packets) if (packet.kind === 'video') this.#take(packet);
  }

  #take({ showSeconds, decodeSeconds, isKey }: SourcePacket): void {
    this.#firstSeconds ??= showSeconds;
    if (this.#firstSeconds > LATEST_START_SECONDS) this.#isIrregular = true;
    const since = decodeSeconds - (this.#keySeconds ?? decodeSeconds);
    if (since > (this.#groupSeconds ?? this.#segmentSeconds) * OVERDUE) this.#isIrregular = true;
    if (!isKey) return;
    if (this.#keySeconds !== undefined) this.#takeGroup(since);
    this.#keySeconds = decodeSeconds;
  }

  #takeGroup(seconds: number): void {
    this.#groupSeconds ??= seconds;
    const isSame = Math.abs(seconds / this.#groupSeconds - 1) < TOLERANCE;
    const groups = this.#segmentSeconds / seconds;
    const fits = groups > 1 - TOLERANCE && Math.abs(groups - Math.round(groups)) < TOLERANCE * groups;
    if (isSame && fits) this.#groups += 1;
    else this.#isIrregular = true;
  }
}

/** Whether a source's packets are what a rendition promises, but for their rhythm: H.264 that every browser plays, of its size. */
export function mayBeCopied(picture: LivePicture, { width, height }: LiveVideoRendition): boolean {
  const { codec, pixelFormat, pixelShape, size, isInterlaced } = picture;
  const isPlain = codec === 'h264' && pixelFormat === 'yuv420p' && !isInterlaced && pixelShape.num === pixelShape.den;
  return isPlain && size.width === width && size.height === height;
}
