import { expect, test } from 'vitest';
import { choosePartTarget } from './part-target.ts';

const seconds = (num: number, den = 1) => choosePartTarget(2, { num, den }, 48_000);

test('a part is whole frames near a third of a second, and a segment whole parts where that is possible', () => {
  expect(seconds(24)).toBeCloseTo(8 / 24);
  expect(seconds(25)).toBeCloseTo(10 / 25);
  expect(seconds(30)).toBeCloseTo(10 / 30);
  expect(seconds(30_000, 1_001)).toBeCloseTo(10.01 / 30);
  expect(seconds(50)).toBeCloseTo(0.4);
  expect(seconds(60)).toBeCloseTo(1 / 3);
});

test('of slow pictures a part is few frames, and of sound alone its own frames', () => {
  expect(seconds(5)).toBeCloseTo(0.4);
  expect(seconds(1)).toBeCloseTo(1);
  expect(choosePartTarget(2, undefined, 48_000)).toBeCloseTo((16 * 1_024) / 48_000);
});
