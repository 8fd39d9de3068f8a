import { expect, test } from 'vitest';
import { readAmf, writeAmf } from './amf.ts';

test('what is written is read', () => {
  const bytes = writeAmf(['onStatus', 7, null, { level: 'error', code: 'N.P.B', isFinal: true, count: 1.5 }]);
  const fields = new Map<string, unknown>([
    ['level', 'error'],
    ['code', 'N.P.B'],
    ['isFinal', true],
    ['count', 1.5],
  ]);
  expect(readAmf(bytes)).toEqual(['onStatus', 7, null, fields]);
});

test('arrays, dates, long texts and absent values are read', () => {
  const list = [10, 0, 0, 0, 2, 5, 6];
  const table = [8, 0, 0, 0, 9, 0, 1, 0x61, 1, 1, 0, 0, 9];
  const date = [11, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const text = [12, 0, 0, 0, 2, 0x68, 0x69];
  const values = readAmf(Uint8Array.from([...list, ...table, ...date, ...text]));
  expect(values).toEqual([[null, undefined], new Map([['a', true]]), 2, 'hi']);
});

test('what is cut off, too deep, too much or of another kind is refused', () => {
  const nested = Array.from({ length: 20 }, () => [3, 0, 1, 0x61]).flat();
  const refused = [[2, 0, 9, 0x61], [0, 1], nested, [10, 0xff, 0xff, 0xff, 0xff, ...new Array(2_000).fill(5)], [17, 1]];
  for (const bytes of refused) expect(() => readAmf(Uint8Array.from(bytes))).toThrow(RangeError);
});
