import { expect, test } from 'vitest';
import { Rest } from './rest.ts';

test('a rest lasts its time, and no longer for a clock that is set back', () => {
  const rest = new Rest(60_000);
  expect(rest.isOver(0)).toBe(true);
  rest.begin(1_000_000);
  expect([1_000_000, 1_059_999, 1_060_000].map((now) => rest.isOver(now))).toEqual([false, false, true]);
  expect(rest.isOver(1_000_000 - 86_400_000)).toBe(true);
});
