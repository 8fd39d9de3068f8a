import { expect, test } from 'vitest';
import { parseRange, writeContentRange } from './range.ts';

test.each([
  ['bytes=0-0', 10, { start: 0, end: 1 }],
  ['bytes=2-5', 10, { start: 2, end: 6 }],
  ['bytes=2-', 10, { start: 2, end: 10 }],
  ['bytes=8-99', 10, { start: 8, end: 10 }],
  ['bytes=-3', 10, { start: 7, end: 10 }],
  ['bytes=-99', 10, { start: 0, end: 10 }],
  ['BYTES=0-1', 10, { start: 0, end: 2 }],
  ['bytes= 0-1 ', 10, { start: 0, end: 2 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-1', 0, 'unsatisfiable'],
  ['bytes=5-2', 10, 'whole'],
  ['bytes=-', 10, 'whole'],
  ['bytes=a-b', 10, 'whole'],
  ['bytes=0-1,3-4', 10, 'whole'],
  ['items=0-1', 10, 'whole'],
  ['bytes=0x1-2', 10, 'whole'],
  [`bytes=${'9'.repeat(400)}-`, 10, 'unsatisfiable'],
] as const)('%s of %i bytes', (value, size, expected) => {
  expect(parseRange(value, size)).toEqual(expected);
});

test('the last byte is named, not the one after it', () => {
  expect(writeContentRange({ start: 2, end: 6 }, 10)).toBe('bytes 2-5/10');
  expect(writeContentRange('unsatisfiable', 10)).toBe('bytes */10');
});
