import { describe, expect, test } from 'vitest';
import { DELIVERY_ATTEMPTS, retryPauseMs } from './retry.ts';

const HOUR_MS = 3_600_000;
const pauses = (random: number) =>
  Array.from({ length: DELIVERY_ATTEMPTS - 1 }, (_, at) => retryPauseMs(at + 1, random));

describe('retryPauseMs', () => {
  test('doubles from five seconds to two hours', () => {
    expect(pauses(0.5).slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(pauses(0.5).slice(-3)).toEqual([2 * HOUR_MS, 2 * HOUR_MS, 2 * HOUR_MS]);
  });

  test('spreads what failed together over two fifths of the pause', () => {
    expect([retryPauseMs(1, 0), retryPauseMs(1, 1)]).toEqual([4_000, 6_000]);
  });

  test('makes the last attempt about a day after the first, whatever the dice say', () => {
    for (const random of [0, 0.5, 1]) {
      const total = pauses(random).reduce((sum, pause) => sum + pause, 0);
      expect(total).toBeGreaterThan(19 * HOUR_MS);
      expect(total).toBeLessThan(30 * HOUR_MS);
    }
    expect(pauses(0.5).reduce((sum, pause) => sum + pause, 0) / HOUR_MS).toBeCloseTo(24.8, 1);
  });
});
