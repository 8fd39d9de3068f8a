import { expect, test } from 'vitest';
import { parseCacheControl } from './cache-control.ts';

const NOTHING = {
  noStore: false,
  noCache: false,
  private: false,
  public: false,
  mustRevalidate: false,
  mustUnderstand: false,
  immutable: false,
  unkeptFields: [],
};

test.each([
  ['nothing at all', undefined, {}],
  ['lifetimes', 'max-age=10, s-maxage=20', { maxAgeSeconds: 10, sMaxageSeconds: 20 }],
  ['any case and blanks', ' Max-Age=5 ,\tPUBLIC', { maxAgeSeconds: 5, public: true }],
  ['a blank before the sign', 'max-age =5', { maxAgeSeconds: 0 }],
  ['a blank behind the sign', 'max-age= 5', { maxAgeSeconds: 0 }],
  ['a quoted number', 'max-age="7"', { maxAgeSeconds: 7 }],
  ['a number that is none', 'max-age=soon', { maxAgeSeconds: 0 }],
  ['a negative number', 'max-age=-1', { maxAgeSeconds: 0 }],
  ['a lifetime without end', `max-age=${'9'.repeat(30)}`, { maxAgeSeconds: 2 ** 31 }],
  ['the first of two', 'max-age=1, max-age=100', { maxAgeSeconds: 1 }],
  ['a fraction', 'max-age=5.5', { maxAgeSeconds: 0 }],
  ['other quotes', "max-age='5'", { maxAgeSeconds: 0 }],
  ['a quote that does not end', 'max-age="5', { maxAgeSeconds: 0 }],
  ['leading noughts', 'max-age=005', { maxAgeSeconds: 5 }],
  ['a comma inside quotes', 'private="A, no-store", max-age=3', { unkeptFields: ['a', 'no-store'], maxAgeSeconds: 3 }],
  ['a name without quotes', 'private=a', { unkeptFields: ['a'] }],
  ['names that are none', 'private="a b"', { private: true }],
  ['no names in quotes', 'no-cache=""', { noCache: true }],
  ['with names and without', 'no-cache="a", no-cache', { noCache: true }],
  ['both kinds of names', 'no-cache="a", private="b"', { unkeptFields: ['a', 'b'] }],
  ['an escaped quote', 'ext="\\", no-store, "', {}],
  ['fields that need asking', 'no-cache="Set-Cookie"', { unkeptFields: ['set-cookie'] }],
  ['must-understand', 'must-understand, no-store', { mustUnderstand: true, noStore: true }],
  [
    'staleness',
    'stale-while-revalidate=3, stale-if-error=4',
    { staleWhileRevalidateSeconds: 3, staleIfErrorSeconds: 4 },
  ],
  ['proxy-revalidate', 'proxy-revalidate', { mustRevalidate: true }],
  ['what nobody knows', 'no-storee, x=1, immutable', { immutable: true }],
  ['empty members', ',, no-store,', { noStore: true }],
])('reads %s', (_name, value, expected) => {
  expect(parseCacheControl(value)).toEqual({ ...NOTHING, ...expected });
});
