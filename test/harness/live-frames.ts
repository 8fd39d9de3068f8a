import fc from 'fast-check';
import type { Frame } from '../../src/kernel/live/frames.ts';
import { broadcastFormat, rung } from './broadcast-format.ts';

const SYNC = 0x02000000;
const NON_SYNC = 0x01010000;

/** A frame of a few bytes, as an encoder would describe it. */
export function frameAt(startTicks: number, durationTicks: number, isKey: boolean, bytes = 4): Frame {
  const data = new Uint8Array(bytes).fill(startTicks & 0xff);
  const flags = isKey ? SYNC : NON_SYNC;
  return { startTicks, sample: { durationTicks, sizeBytes: bytes, flags, compositionTicks: 0 }, data };
}

/** Two rungs and sound at 25 frames a second. */
export const LIVE_FORMAT = broadcastFormat({
  rungs: [rung(360, 'avc1.64001e', 400_000), rung(720, 'avc1.64001e', 400_000)],
});

export interface TimedFrame {
  readonly rendition: string;
  readonly frame: Frame;
}

/** What a source is like: everything that goes wrong with one, each of it seldom. */
interface Mood {
  readonly frames: number;
  readonly keyEvery: number;
  readonly videoStalls: readonly { readonly at: number; readonly frames: number }[];
  readonly audioStalls: readonly { readonly at: number; readonly frames: number }[];
  readonly keyless: readonly { readonly at: number; readonly frames: number }[];
  readonly jitter: readonly number[];
  /** Seconds by which sound comes before the picture of the same time; negative: after. */
  readonly audioLead: number;
}

const spans = (most: number) =>
  fc.array(fc.record({ at: fc.nat(700), frames: fc.integer({ min: 1, max: most }) }), { maxLength: 2 });

const mood: fc.Arbitrary<Mood> = fc.record({
  frames: fc.integer({ min: 1, max: 700 }),
  keyEvery: fc.constantFrom(12, 25, 49, 50, 50, 50, 55),
  videoStalls: spans(200),
  audioStalls: spans(400),
  keyless: spans(300),
  jitter: fc.array(fc.integer({ min: -90, max: 90 }), { minLength: 1, maxLength: 20 }),
  audioLead: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
});

const within = (list: Mood['keyless'], at: number) => list.some((span) => at >= span.at && at < span.at + span.frames);

export function framesOfMood(each: Mood): TimedFrame[] {
  const timed: { readonly rendition: string; readonly frame: Frame; readonly arrives: number }[] = [];
  const starts = Array.from({ length: each.frames + 1 }, (_, n) =>
    n === 0 ? 0 : n * 3_600 + (each.jitter[n % each.jitter.length] ?? 0),
  );
  for (let n = 0; n < each.frames; n += 1) {
    if (within(each.videoStalls, n)) continue;
    const [start = 0, end = 0] = starts.slice(n, n + 2);
    const isKey = n % each.keyEvery === 0 && !within(each.keyless, n);
    for (const rendition of ['360p', '720p']) {
      timed.push({ rendition, frame: frameAt(start, end - start, isKey), arrives: end / 90_000 });
    }
  }
  const audioFrames = Math.floor((each.frames * 48_000) / 25 / 1_024);
  for (let n = 0; n < audioFrames; n += 1) {
    if (within(each.audioStalls, n)) continue;
    const arrives = ((n + 1) * 1_024) / 48_000 - each.audioLead;
    timed.push({ rendition: 'audio', frame: frameAt(n * 1_024, 1_024, true), arrives });
  }
  return timed.sort((one, other) => one.arrives - other.arrives);
}

/** Sessions, some with a rendition missing. */
export const moodySessions = fc.array(
  fc.record({
    mood,
    present: fc.constantFrom(['360p', '720p', 'audio'], ['360p', 'audio'], ['360p', '720p'], ['audio']),
  }),
  { minLength: 1, maxLength: 3 },
);
