import { expect, test } from 'vitest';
import { parseHttpDate } from './http-date.ts';

const NOON = Date.parse('2026-06-01T12:00:00Z');

test.each([
  ['Mon, 01 Jun 2026 12:00:00 GMT', NOON],
  ['mON, 01 jUN 2026 12:00:00 gmt', NOON],
  ['Monday, 01-Jun-26 12:00:00 GMT', NOON],
  ['Mon Jun  1 12:00:00 2026', NOON],
  ['Mon Jun 01 12:00:00 2026', NOON],
  ['Mon, 01 Jun 2026 11:59:60 GMT', NOON],
  ['Sun, 21 Nov 2286 04:46:39 GMT', Date.parse('2286-11-21T04:46:39Z')],
  ['Fri, 01 Jan 0099 00:00:00 GMT', Date.parse('0099-01-01T00:00:00Z')],
])('%s is a date', (text, ms) => {
  expect(parseHttpDate(text, NOON)).toBe(ms);
});

test.each([
  ['Thursday, 18-Aug-50 02:01:18 GMT', 2050],
  ['Monday, 01-Jun-76 12:00:00 GMT', 2076],
  ['Monday, 01-Jun-77 12:00:00 GMT', 1977],
  ['Monday, 01-Jun-99 12:00:00 GMT', 1999],
])('%s is of the year %i, seen from 2026', (text, year) => {
  expect(new Date(parseHttpDate(text, NOON) ?? 0).getUTCFullYear()).toBe(year);
});

test.each([
  ['nothing', undefined],
  ['another form', '2026-06-01T12:00:00Z'],
  ['a number', '1'],
  ['no text', ''],
  ['another zone', 'Mon, 01 Jun 2026 12:00:00 UTC'],
  ['an offset', 'Mon, 01 Jun 2026 12:00:00 +0000'],
  ['no comma', 'Mon 01 Jun 2026 12:00:00 GMT'],
  ['two blanks', 'Mon, 01  Jun 2026 12:00:00 GMT'],
  ['one digit of an hour', 'Mon, 01 Jun 2026 2:00:00 GMT'],
  ['points', 'Mon, 01 Jun 2026 12.00.00 GMT'],
  ['dashes', 'Mon, 01-Jun-2026 12:00:00 GMT'],
  ['two digits of a year', 'Mon, 01 Jun 26 12:00:00 GMT'],
  ['a day that the month does not have', 'Mon, 31 Jun 2026 12:00:00 GMT'],
  ['a day that no month has', 'Mon, 00 Jun 2026 12:00:00 GMT'],
  ['an hour that the day does not have', 'Mon, 01 Jun 2026 24:00:00 GMT'],
  ['two dates', 'Mon, 01 Jun 2026 12:00:00 GMT, Mon, 01 Jun 2026 12:00:00 GMT'],
])('%s is no date', (_name, text) => {
  expect(parseHttpDate(text, NOON)).toBeUndefined();
});
