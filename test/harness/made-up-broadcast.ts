import type { LivePart, Session } from '../../src/kernel/live/broadcast.ts';
import type { ChannelFeed } from '../../src/live/seams.ts';
import { broadcastFormat, rung } from './broadcast-format.ts';

const VIDEO_TICKS = 90_000;
const SOUND_TICKS = 48_000;
export const PARTS_A_SEGMENT = 4;

export const FORMAT = broadcastFormat({
  rungs: [rung(360, 'avc1.64001e', 700_000), rung(720, 'avc1.64001e', 1_400_000)],
  framesPerSecond: 30,
  partSeconds: 0.5,
});

/** What a packager tells of a broadcast, as fast as the test wants it. */
export class MadeUpBroadcast {
  readonly #feed: ChannelFeed;
  readonly #partBytes: number | Readonly<Record<string, number>>;
  #session: Session = { number: 0, beganAtMs: 0 };
  #sequence = 0;
  #part = 0;
  #ticks = 0;
  /** Of the session. */
  #names = NAMES;

  constructor(feed: ChannelFeed, partBytes: number | Readonly<Record<string, number>> = 200) {
    this.#feed = feed;
    this.#partBytes = partBytes;
  }

  start(number = 1): void {
    this.#feed.started(number, FORMAT);
    this.session();
  }

  reconnect(): void {
    this.#feed.reconnecting();
  }

  /** What a packager says when the last part of a segment was told of. */
  closeSegment(sequence: number, { isGap = false, shiftMs = 0 } = {}): void {
    for (const rendition of NAMES) {
      const ticks = rendition === 'audio' ? SOUND_TICKS : VIDEO_TICKS;
      const segment = {
        rendition,
        sequence,
        session: this.#session.number,
        startTicks: 0,
        durationTicks: 2 * ticks,
        bytes: 9,
      };
      this.#feed.segment({ ...segment, ...(isGap ? { isGap } : {}), ...(shiftMs === 0 ? {} : { shiftMs }) });
    }
  }

  end(recordingId?: string): void {
    this.#feed.ended(recordingId);
  }

  /** A publisher's media begins. */
  session(beganAtMs = 1_790_000_000_000, names = NAMES): void {
    this.#names = names;
    this.#feed.opening(names);
    this.#session = { number: this.#session.number + 1, beganAtMs };
    if (this.#part > 0) this.#sequence += 1;
    this.#part = 0;
    this.#ticks = 0;
    for (const name of names) this.#feed.init(name, this.#session, Buffer.from(`init ${name}`));
  }

  /** The next part of every rendition. */
  publish(count = 1): void {
    for (let at = 0; at < count; at += 1) this.#publish();
  }

  #publish(): void {
    for (const name of this.#names) this.#feed.part(this.#partOf(name));
    this.#ticks += 1;
    this.#part += 1;
    if (this.#part < PARTS_A_SEGMENT) return;
    this.#part = 0;
    this.#sequence += 1;
  }

  #bytesOf(rendition: string): number {
    return typeof this.#partBytes === 'number' ? this.#partBytes : (this.#partBytes[rendition] ?? 100);
  }

  #partOf(rendition: string): LivePart {
    const timescale = rendition === 'audio' ? SOUND_TICKS : VIDEO_TICKS;
    return {
      ...{ rendition, sequence: this.#sequence, part: this.#part, session: this.#session.number, timescale },
      startTicks: (this.#ticks * timescale) / 2,
      durationTicks: timescale / 2,
      isIndependent: rendition === 'audio' || this.#part === 0,
      bytes: Buffer.alloc(this.#bytesOf(rendition), `${this.#sequence}.${this.#part} `),
    };
  }
}

export const NAMES: readonly string[] = ['360p', '720p', 'audio'];
