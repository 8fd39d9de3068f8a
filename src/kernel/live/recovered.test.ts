import { expect, test } from 'vitest';
import type { LiveSegment } from './broadcast.ts';
import { fitting, missingSegments } from './recovered.ts';

const TRACKS = [
  { name: 'audio', timescale: 100 },
  { name: '180p', timescale: 10 },
];
const SESSIONS = [
  { number: 1, beganAtMs: 1_000 },
  { number: 2, beganAtMs: 9_000 },
];
const segment = (sequence: number, session = 1, rendition = 'audio', scale = 100): LiveSegment => {
  const startTicks = sequence * 2 * scale;
  return { rendition, sequence, session, startTicks, durationTicks: 2 * scale, bytes: 1 };
};
const gap = (sequence: number, session: number, startTicks: number, rendition = 'audio', durationTicks = 200) => {
  return { rendition, sequence, session, startTicks, durationTicks, bytes: 0, isGap: true };
};

test('a number that no rendition has is a gap in all of them, as long as the segment before it', () => {
  const stored = [0, 2].flatMap((sequence) => [segment(sequence), segment(sequence, 1, '180p', 10)]);
  expect(missingSegments(stored, TRACKS)).toEqual([gap(1, 1, 200), gap(1, 1, 20, '180p', 20)]);
});

test('of what lies on a disk that is left out which others have followed, or which is of another session', () => {
  const place = (session: number, sequence: number) => ({ session, sequence });
  const left = {
    sessions: [SESSIONS[0], { number: 2, beganAtMs: 5_000 }].flatMap((each) => each ?? []),
    inits: [{ session: 1 }, { session: 2 }],
    segments: [place(1, 1), place(1, 2), place(1, 5), place(2, 6)],
  };
  const recorded = { sessions: SESSIONS, segments: [segment(0), segment(2, 2), segment(3, 2)] };
  expect(fitting(left, recorded)).toEqual({
    sessions: [SESSIONS[0]],
    inits: [{ session: 1 }],
    segments: [place(1, 1)],
  });
  const alone = { sessions: [], segments: [] };
  expect(fitting(left, alone)).toEqual(left);
});
