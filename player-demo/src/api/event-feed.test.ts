import { expect, test } from 'vitest';
import { retryDelayMs } from './event-feed.ts';

test('the event socket comes back with pauses that double up to fifteen seconds', () => {
  expect([0, 1, 2, 3, 4, 5, 50].map(retryDelayMs)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
});
