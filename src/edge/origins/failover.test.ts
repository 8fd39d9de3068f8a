import { expect, test } from 'vitest';
import { parseFailoverStatuses } from './failover.ts';

test('statuses are read with commas and blanks, and none is none', () => {
  expect([...parseFailoverStatuses(' 500, 404,')]).toEqual([500, 404]);
  expect(parseFailoverStatuses('').size).toBe(0);
});

test.each(['200', '600', '5xx', '500 502', '-500'])('%j is refused', (text) => {
  expect(() => parseFailoverStatuses(text)).toThrow('FRONTROW_ORIGIN_FAILOVER_STATUSES must be');
});
