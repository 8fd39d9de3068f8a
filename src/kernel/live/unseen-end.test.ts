import { expect, test } from 'vitest';
import type { BroadcastFormat, LiveSegment, Session } from './broadcast.ts';
import { shownUntil, unseenEnd } from './unseen-end.ts';

const VIDEO = { name: '180p', width: 320, height: 180, codecs: '', averageBps: 1, maxrateBps: 1 };
const FORMAT = {
  ...{ segmentSeconds: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 },
  video: { frameRate: { num: 25, den: 1 }, timescale: 10, renditions: [VIDEO] },
  audio: { sampleRate: 100, renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 1, channels: 2 }] },
} as unknown as BroadcastFormat;
const FIRST: Session = { number: 1, beganAtMs: 1_000_000 };
const segment = (sequence: number, rendition = 'audio', scale = 100): LiveSegment => {
  return { rendition, sequence, session: 1, startTicks: sequence * 2 * scale, durationTicks: 2 * scale, bytes: 1 };
};
/** Until 1,004,000. */
const RECORDED = [0, 1].flatMap((sequence) => [segment(sequence), segment(sequence, '180p', 10)]);

/** The numbers of one rendition, and where they lie. */
function endOf(shownUntilMs: number, sessions = [FIRST], segments = RECORDED, rendition = 'audio') {
  const own = unseenEnd(segments, sessions, FORMAT, shownUntilMs).filter((each) => each.rendition === rendition);
  return own.map(({ sequence, session, startTicks, durationTicks }) => [sequence, session, startTicks, durationTicks]);
}

test.each([
  ['one that was recorded to its end', 1_004_000, [2, 3]],
  ['one whose clock is behind', 900_000, [2, 3]],
  ['one that had begun another segment', 1_004_001, [2, 3]],
  ['one that had shown a whole segment and begun another', 1_006_001, [2, 3, 4]],
  ['one that had shown four', 1_012_000, [2, 3, 4, 5, 6]],
])(
  'after a silent node, %s, as many numbers are left out as it may have given, and one more',
  (_, untilMs, numbers) => {
    expect(endOf(untilMs).map(([sequence]) => sequence)).toEqual(numbers);
    expect(endOf(untilMs, [FIRST], RECORDED, '180p').map(([sequence]) => sequence)).toEqual(numbers);
  },
);

test('what is left out lasts as long as one segment, however many numbers that is, and all have a share of it', () => {
  const shares = [50, 50, 50, 50];
  expect(endOf(1_010_000)).toEqual(shares.map((ticks, at) => [2 + at, 1, 400 + 50 * at, ticks]));
  const many = endOf(1_604_000, [FIRST], RECORDED, '180p');
  expect(many).toHaveLength(301);
  expect(many.every(([, , , ticks]) => ticks === 1)).toBe(true);
});

test('it is of the last session that was recorded, after what that has', () => {
  const second = { number: 2, beganAtMs: 1_004_000 };
  expect(endOf(1_004_000, [FIRST, second])).toEqual([
    [2, 2, 0, 100],
    [3, 2, 100, 100],
  ]);
  expect(endOf(1_000_000, [FIRST], [])).toHaveLength(2);
  expect(endOf(1_000_000, [], [])).toEqual([]);
});

test('the newest number says until when it is recorded, and dates that were moved count as they were shown', () => {
  expect(endOf(1_006_000, [FIRST], [...RECORDED, segment(2)])).toHaveLength(2);
  const moved = RECORDED.map((each) => ({ ...each, shiftMs: -2_000 }));
  expect(endOf(1_006_000, [FIRST], moved)).toHaveLength(3);
  expect(unseenEnd(moved, [FIRST], FORMAT, 1_006_000)[0]).toMatchObject({ shiftMs: -2_000, isGap: true, bytes: 0 });
});

test('a clock that was set leaves out no million numbers', () => {
  expect(endOf(Date.UTC(2100, 0), [FIRST])).toHaveLength(5_001);
});

test.each([
  ['live', 90_000, 90_000],
  ['reconnecting', 90_000, 65_000],
  ['reconnecting', 60_000, 60_000],
] as const)('a silent node showed what it had until its lease was over: %s, %d', (state, ownedUntilMs, untilMs) => {
  expect(shownUntil({ state, ownedUntilMs, updatedAtMs: 50_000 }, 15_000)).toBe(untilMs);
});
