import { expect, test } from 'vitest';
import { CODE_BITS, decodeTime, encodeTime } from './time-code.ts';

const NOON = Date.parse('2026-11-30T12:00:00.123Z');
const levels = (epochMs: number) => encodeTime(epochMs).map((white) => (white ? 235 : 16));

test('a time is read back from the blocks it was drawn as, however dark an encoder left them', () => {
  for (const ageMs of [0, 1, 999, 3_600_000]) expect(decodeTime(levels(NOON - ageMs), NOON)).toBe(NOON - ageMs);
  const dull = encodeTime(NOON).map((white) => (white ? 180 : 70));
  expect(decodeTime(dull, NOON + 500)).toBe(NOON);
});

test('a picture from before midnight is one second old after it', () => {
  const midnight = Date.parse('2026-12-01T00:00:00.200Z');
  expect(decodeTime(levels(midnight - 1_000), midnight)).toBe(midnight - 1_000);
});

test('a picture without the code says nothing', () => {
  const none = [0, 255, 128].map((level) => Array.from({ length: CODE_BITS }, () => level));
  const oneOff = levels(NOON).map((level, at) => (at === 3 ? 251 - level : level));
  for (const blocks of [...none, oneOff, []]) expect(decodeTime(blocks, NOON)).toBeUndefined();
});
