import { describe, expect, test } from 'vitest';
import { cutPoints, fitSegments, framesOf, shownSeconds } from './cut-grid.ts';
import type { SampleTable } from './sample-table.ts';

function table(decodeTicks: readonly number[], compositionTicks: readonly number[], timescale = 25): SampleTable {
  const count = decodeTicks.length;
  return {
    trackId: 1,
    kind: 'video',
    timescale,
    count,
    sizeBytes: new Uint32Array(count).fill(1),
    offsets: new Float64Array(count),
    decodeTicks: Float64Array.from(decodeTicks),
    compositionTicks: Int32Array.from(compositionTicks),
    sync: new Uint8Array(count).fill(1),
    edits: [],
    entry: undefined,
  };
}

const RATE = { num: 25, den: 1 };
const frames = (...all: Parameters<typeof table>) => {
  const found = framesOf(table(...all), RATE);
  return found && [...found];
};

describe('the frame that a sample shows', () => {
  test('is counted from the first picture shown, in the order of decoding', () => {
    expect(frames([0, 1, 2, 3], [2, 4, 1, 1])).toEqual([0, 3, 1, 2]);
  });

  test('is the nearest one where the clock cannot count frames', () => {
    expect(frames([0, 41, 79, 121], [0, 0, 0, 0], 1_000)).toEqual([0, 1, 2, 3]);
  });

  test.each([
    ['too far from its place', [0, 53, 80], 1_000],
    ['left out', [0, 1, 3], 25],
    ['shown twice', [0, 1, 1], 25],
    ['twice as often', [0, 1, 2, 3], 50],
  ])('is unknown for a picture that is %s', (_name, decode, timescale) => {
    expect(frames(decode, [0, 0, 0, 0].slice(0, decode.length), timescale)).toBeUndefined();
  });
});

describe('a film can be cut', () => {
  const cuts = (shown: number[], sync: number[]) => [...cutPoints(Int32Array.from(shown), Uint8Array.from(sync))];
  test('at a key frame that everything before it precedes', () => {
    expect(cuts([0, 2, 1, 3, 4], [1, 0, 0, 1, 0])).toEqual([1, 0, 0, 1, 0]);
  });

  test('not where a picture decoded later is shown earlier: an open group', () => {
    expect(cuts([0, 1, 3, 2, 4], [1, 0, 1, 0, 0])).toEqual([1, 0, 0, 0, 0]);
  });

  test('not where a picture decoded earlier is shown later', () => {
    expect(cuts([0, 3, 1, 2], [1, 0, 1, 0])).toEqual([1, 0, 0, 0]);
  });
});

describe('segments', () => {
  const everyNth = (count: number, nth: number) =>
    Uint8Array.from({ length: count }, (_, at) => (at % nth === 0 ? 1 : 0));
  const fitted = (cuts: Uint8Array) => fitSegments(cuts, { wanted: 96, least: 48, most: 144 });
  test.each([
    ['keep their length when key frames allow', 24, 96],
    ['are the multiple of a group nearest to it', 60, 120],
    ['may be a group that is longer', 130, 130],
  ])('%s', (_name, gop, wanted) => expect(fitted(everyNth(1_000, gop))).toBe(wanted));

  test('do not fit groups longer than the longest segment', () => expect(fitted(everyNth(1_000, 250))).toBeUndefined());

  test('of a film that is shorter than one are as long as ever', () => expect(fitted(everyNth(30, 250))).toBe(96));

  test('do not fit a film without a first key frame', () => expect(fitted(new Uint8Array(30))).toBeUndefined());
});

describe('pictures last until the last of them was shown', () => {
  const inOrder = table([0, 1, 2, 3], [0, 0, 0, 0], 10);
  /** The last but one is shown last, five ticks after it was decoded. */
  const reordered = table([0, 1, 2], [0, 5, 1], 10);
  const cut = { ...reordered, edits: [{ durationSeconds: 0.3, mediaTicks: 0, isPlainRate: true }] };
  test.each([
    ['in order', inOrder, 0.4, 0.4],
    ['where the last one stands', inOrder, 2, 2],
    ['where that is beyond the sum of their lengths', reordered, 0.3, 0.7],
    ['but not where it is far beyond, as in a damaged index', table([0, 1], [0, 900], 10), 0.2, 0.2],
    ['but not where an edit cuts it off', cut, 0.3, 0.3],
    ['where there are none', table([], []), 0, 0],
  ])('%s', (_, shown, summed, seconds) => expect(shownSeconds(shown, summed)).toBeCloseTo(seconds, 6));
});
