import { describe, expect, test } from 'vitest';
import { gainDb, integratedLoudness } from './loudness.ts';

const blocks = (count: number, lufs: number) => Array.from({ length: count }, () => lufs);

describe('the loudness of a programme', () => {
  const cases: Readonly<Record<string, [number[], number | undefined]>> = {
    'is that of its blocks where all are alike': [blocks(50, -23), -23],
    'is the mean of their power': [[...blocks(50, -20), ...blocks(50, -26)], -22.04],
    'does not count silence': [[...blocks(50, -23), ...blocks(500, -90)], -23],
    'does not count pauses, which are ten below the rest': [[...blocks(50, -20), ...blocks(50, -45)], -20],
    'is unknown of silence': [blocks(50, -120), undefined],
    'is unknown of nothing': [[], undefined],
  };
  test.each(Object.entries(cases))('%s', (_, [given, lufs]) => {
    const measured = integratedLoudness(given);
    if (lufs === undefined) expect(measured).toBeUndefined();
    else expect(measured).toBeCloseTo(lufs, 2);
  });
});

test('a gain is the difference, is none for silence, and does not raise the noise of an empty room', () => {
  expect(gainDb(-31.234, -23)).toBe(8.23);
  expect(gainDb(-12, -23)).toBe(-11);
  expect(gainDb(undefined, -23)).toBe(0);
  expect(gainDb(-68, -16)).toBe(24);
});
