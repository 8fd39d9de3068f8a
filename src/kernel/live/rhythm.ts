import { type Rational, rationalToNumber } from '../film/film.ts';
import type { LiveVideoRendition } from './broadcast.ts';
import type { LivePicture } from './source.ts';
import type { SourcePacket } from './tap.ts';
import { LATEST_START_SECONDS } from './track-cutter.ts';

/** Groups of pictures that are as long as one another, before they count as regular. */
const ENOUGH_GROUPS = 4;
/** Of a group: how much longer or shorter one may be. */
const TOLERANCE = 0.05;
/** A group that is longer by this than the ones before has no end in sight. */
const OVERDUE = 1.25;

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
  /** Since the key frame that the rate is measured from. */
  #bits = 0;
  #rateSeconds = 0;
  #bitrateBps = 0;

  constructor(segmentSeconds: number) {
    this.#segmentSeconds = segmentSeconds;
  }

  get rhythm(): Rhythm {
    if (this.#isIrregular) return 'irregular';
    return this.#groups >= ENOUGH_GROUPS ? 'regular' : 'unknown';
  }

  /**
   * Over the groups of the last segment, by the clock of the source: what is read of it all at once when an encoder starts is
   * no more than it was.
   */
  get bitrateBps(): number {
    return this.#bitrateBps;
  }

  take(packets: readonly SourcePacket[]): void {
    for (const packet of packets) if (packet.kind === 'video') this.#take(packet);
  }

  #take(packet: SourcePacket): void {
    const { showSeconds, decodeSeconds, isKey } = packet;
    this.#firstSeconds ??= showSeconds;
    if (this.#firstSeconds > LATEST_START_SECONDS) this.#isIrregular = true;
    const since = decodeSeconds - (this.#keySeconds ?? decodeSeconds);
    if (since > (this.#groupSeconds ?? this.#segmentSeconds) * OVERDUE) this.#isIrregular = true;
    if (isKey) this.#takeRate(decodeSeconds);
    this.#bits += packet.bytes * 8;
    if (!isKey) return;
    if (this.#keySeconds !== undefined) this.#takeGroup(since);
    this.#keySeconds = decodeSeconds;
  }

  #takeRate(atSeconds: number): void {
    if (this.#bits === 0) this.#rateSeconds = atSeconds;
    const seconds = atSeconds - this.#rateSeconds;
    if (seconds < this.#segmentSeconds * (1 - TOLERANCE)) return;
    this.#bitrateBps = Math.round(this.#bits / seconds);
    this.#bits = 0;
    this.#rateSeconds = atSeconds;
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

/** Of H.264, as ffprobe calls them: those that every browser plays. */
const PLAIN_PROFILES = ['Constrained Baseline', 'Baseline', 'Main', 'High', 'Progressive High', 'Constrained High'];
/** What ffprobe says of a rate is from a few pictures. */
const SAME_RATE = 0.01;

/**
 * Whether a source's packets are what a rendition promises, but for their rhythm: H.264 that every browser plays, of its size
 * and its rate, which parts are measured by.
 */
export function mayBeCopied(picture: LivePicture, { width, height }: LiveVideoRendition, rate: Rational): boolean {
  const { codec, profile, pixelFormat, pixelShape, size, isInterlaced, framesPerSecond = 0 } = picture;
  const isPlain = codec === 'h264' && PLAIN_PROFILES.includes(profile ?? '') && pixelFormat === 'yuv420p';
  const isOfSize = size.width === width && size.height === height && pixelShape.num === pixelShape.den;
  const isOfRate = Math.abs(framesPerSecond / rationalToNumber(rate) - 1) < SAME_RATE;
  return isPlain && !isInterlaced && isOfSize && isOfRate;
}
