import { expect, test } from 'vitest';
import { parseContentRange, parseRange, singleRange, writeContentRange } from './range.ts';

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

test.each([
  ['bytes=0-9', 'bytes=0-9'],
  ['Bytes= 007-09 ', 'bytes=7-9'],
  ['bytes=5-', 'bytes=5-'],
  ['bytes=-5', 'bytes=-5'],
  ['bytes=0-', undefined],
  ['bytes=00-', undefined],
  ['bytes=-', undefined],
  ['bytes=9-5', undefined],
  ['bytes=0-1,3-4', undefined],
  ['items=0-1', undefined],
  [undefined, undefined],
])('the part that %j asks for alone', (value, part) => {
  expect(singleRange(value)).toBe(part);
});

test.each([
  ['bytes 0-4/10', { start: 0, end: 5, totalBytes: 10 }],
  [' BYTES 9-9/10 ', { start: 9, end: 10, totalBytes: 10 }],
  ['bytes 0-9/*', undefined],
  ['bytes */10', undefined],
  ['bytes 5-4/10', undefined],
  ['bytes 5-10/10', undefined],
  ['bytes 0-4', undefined],
  ['items 0-4/10', undefined],
  [`bytes 0-4/${'9'.repeat(30)}`, undefined],
  [undefined, undefined],
])('the place that %j gives', (value, place) => {
  expect(parseContentRange(value)).toEqual(place);
});
