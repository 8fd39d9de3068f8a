import { expect, test } from 'vitest';
import { parseCacheControl } from './cache-control.ts';

const NOTHING = {
  noStore: false,
  noCache: false,
  private: false,
  public: false,
  mustRevalidate: false,
  immutable: false,
};

test.each([
  ['nothing at all', undefined, {}],
  ['lifetimes', 'max-age=10, s-maxage=20', { maxAgeSeconds: 10, sMaxageSeconds: 20 }],
  ['any case and blanks', ' Max-Age = 5 ,PUBLIC', { maxAgeSeconds: 5, public: true }],
  ['a quoted number', 'max-age="7"', { maxAgeSeconds: 7 }],
  ['a number that is none', 'max-age=soon', { maxAgeSeconds: 0 }],
  ['a negative number', 'max-age=-1', { maxAgeSeconds: 0 }],
  ['a lifetime without end', `max-age=${'9'.repeat(30)}`, { maxAgeSeconds: 2 ** 31 }],
  ['the first of two', 'max-age=1, max-age=100', { maxAgeSeconds: 1 }],
  ['a comma inside quotes', 'private="a, no-store", max-age=3', { private: true, maxAgeSeconds: 3 }],
  ['an escaped quote', 'ext="\\", no-store, "', {}],
  ['fields that need asking', 'no-cache="set-cookie"', { noCache: true }],
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
