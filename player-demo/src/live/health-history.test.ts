import { expect, test } from 'vitest';
import { HEALTH_PLOTS, heightOf } from './health-history.ts';

const plot = (id: string) => {
  const found = HEALTH_PLOTS.find((one) => one.id === id);
  if (!found) throw new Error(id);
  return found;
};

test('a plot stretches to the highest value, and leaves room above it', () => {
  expect(heightOf(plot('bitrate'), 4_000_000, [4_000_000])).toBeCloseTo(1 / 1.15);
  expect(heightOf(plot('bitrate'), 0, [4_000_000])).toBe(0);
});

test('sound that is neither early nor late runs along the middle', () => {
  expect(heightOf(plot('drift'), 0, [])).toBe(0.5);
  expect(heightOf(plot('drift'), 400, [400])).toBeGreaterThan(0.9);
  expect(heightOf(plot('drift'), -400, [-400])).toBeLessThan(0.1);
});
