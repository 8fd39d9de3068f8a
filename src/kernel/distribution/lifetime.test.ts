import { describe, expect, test } from 'vitest';
import { readCachePolicy } from '../http/cache-policy.ts';
import { type LifetimeQuestion, planKeeping, withoutIdleCookies } from './lifetime.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const TAG = { ETag: '"1"' };
type Ttls = readonly [min: number, def: number, max: number];

function keeping(
  fields: Record<string, string>,
  [minTTL, defaultTTL, maxTTL]: Ttls,
  others: { status?: number } & Partial<LifetimeQuestion> = {},
) {
  const { status = 200, ...rest } = others;
  const head = { status, fields: Object.entries(fields).flat() };
  const policy = readCachePolicy(head.fields);
  const ttls = { minTTL, defaultTTL, maxTTL };
  return planKeeping({ head, policy, ttls, errorCachingMinTTL: 10, nowMs: NOW_MS, ...rest });
}

function freshOrWhyNot(...args: Parameters<typeof keeping>): number | string {
  const { lifetime, reason } = keeping(...args);
  return reason ?? lifetime.freshSeconds;
}

const cc = (value: string) => ({ 'Cache-Control': value });
const expiresIn = (seconds: number) => ({ Expires: new Date(NOW_MS + seconds * 1000).toUTCString() });

describe('an answer is fresh for', () => {
  test.each<[string, Record<string, string>, Ttls, number | string]>([
    ['max-age', cc('max-age=60'), [0, 10, 100], 60],
    ['max-age, at most max', cc('max-age=600'), [0, 10, 100], 100],
    ['s-maxage before max-age', cc('max-age=60, s-maxage=30'), [0, 10, 100], 30],
    ['max-age, at least min', cc('max-age=5'), [20, 20, 100], 20],
    ['max-age, between min and max', cc('max-age=60'), [20, 20, 100], 60],
    ['max-age, at most max though min is set', cc('s-maxage=600'), [20, 20, 100], 100],
    ['Expires', expiresIn(60), [0, 10, 100], 60],
    ['Expires, at most max', expiresIn(600), [0, 10, 100], 100],
    ['Expires, at least min', expiresIn(5), [20, 20, 100], 20],
    ['max-age, whatever Expires says', { ...cc('max-age=60'), ...expiresIn(5) }, [0, 10, 100], 60],
    ['min when Expires is nonsense', { Expires: '0' }, [20, 30, 100], 20],
    ['the default when nothing is said', {}, [0, 10, 100], 10],
    ['the default when nothing but public is said', cc('public'), [0, 10, 100], 10],
    ['the default when it is no less than min', {}, [20, 30, 100], 30],
    ['min when the default is less', {}, [20, 10, 100], 20],
    ['nothing, with no-store', cc('no-store'), [0, 10, 100], 'no-store'],
    ['nothing, with private', cc('private, max-age=60'), [0, 10, 100], 'private'],
    ['nothing, with no-cache', cc('no-cache'), [0, 10, 100], 'no-lifetime'],
    ['nothing, with no-cache, but kept to be asked after', { ...cc('no-cache'), ...TAG }, [0, 10, 100], 0],
    ['nothing, with max-age=0', cc('max-age=0'), [0, 10, 100], 'no-lifetime'],
    ['nothing, with max-age=0, but kept to be asked after', { ...cc('max-age=0'), ...TAG }, [0, 10, 100], 0],
    ['min, though no-store', cc('no-store'), [20, 30, 100], 20],
    ['min, though private', cc('private, max-age=60'), [20, 30, 100], 20],
    ['min, though no-cache', cc('no-cache, s-maxage=60'), [1, 30, 100], 1],
    ['what no-cache of a field leaves', cc('no-cache="Set-Cookie", max-age=60'), [0, 10, 100], 60],
    ['what a field for CDNs says', { ...cc('no-store'), 'CDN-Cache-Control': 'max-age=60' }, [0, 10, 100], 60],
    ['at most max, also by a field for CDNs', { 'CDN-Cache-Control': 'max-age=600' }, [0, 10, 100], 100],
    ['nothing, where caching is disabled', cc('max-age=60'), [0, 0, 0], 'no-lifetime'],
    ['nothing, without a default', {}, [0, 0, 100], 'no-lifetime'],
    ['min and no more, where all three are that', cc('max-age=60'), [2, 2, 2], 2],
    ['nothing, with Vary: *', { ...cc('max-age=60'), Vary: '*' }, [0, 10, 100], 'vary-star'],
    ['its time, with Vary: * and a min', { ...cc('max-age=60'), Vary: '*' }, [1, 10, 100], 60],
    ['its time, with another Vary', { ...cc('max-age=60'), Vary: 'Origin' }, [0, 10, 100], 60],
  ])('%s', (_what, fields, ttls, expected) => {
    expect(freshOrWhyNot(fields, ttls)).toBe(expected);
  });

  test.each<[number, Record<string, string>, number | string]>([
    [204, {}, 10],
    [301, {}, 10],
    [302, {}, 10],
    [303, cc('max-age=60'), 60],
    [307, {}, 'no-lifetime'],
    [308, {}, 'no-lifetime'],
    [307, cc('max-age=60'), 60],
    [308, expiresIn(60), 60],
    [206, cc('max-age=60'), 'partial'],
    [304, cc('max-age=60'), 'status'],
  ])('status %i with %j: %s', (status, fields, expected) => {
    expect(freshOrWhyNot(fields, [0, 10, 100], { status })).toBe(expected);
  });

  test('the times of the policy count from when it arrives, those of the origin on its age', () => {
    expect(freshOrWhyNot({}, [0, 10, 100], { ageSeconds: 500 })).toBe(510);
    expect(freshOrWhyNot(cc('max-age=60'), [0, 10, 100], { ageSeconds: 20 })).toBe(60);
    expect(freshOrWhyNot(cc('max-age=60'), [30, 30, 100], { ageSeconds: 50 })).toBe(80);
    expect(freshOrWhyNot({ ...cc('max-age=60'), ...TAG }, [0, 10, 100], { ageSeconds: 90 })).toBe(0);
  });

  test('parts are kept where the cache can', () => {
    expect(freshOrWhyNot(cc('max-age=60'), [0, 10, 100], { status: 206, partsKept: true })).toBe(60);
  });
});

describe('an answer may be served stale', () => {
  test.each<[string, Record<string, string>, Ttls, error: number, revalidate: number]>([
    ['around a dead origin until max has passed', cc('max-age=60'), [0, 10, 100], 40, 0],
    ['around one that said nothing', {}, [0, 10, 100], 90, 0],
    ['for as long as the origin says', cc('max-age=60, stale-if-error=5'), [0, 10, 100], 5, 0],
    ['not at all when the origin says so', cc('max-age=60, stale-if-error=0'), [0, 10, 100], 0, 0],
    ['never beyond max', cc('max-age=60, stale-if-error=500'), [0, 10, 100], 40, 0],
    ['while it is renewed', cc('max-age=60, stale-while-revalidate=9'), [0, 10, 100], 40, 9],
    ['while it is renewed, never beyond max', cc('max-age=90, stale-while-revalidate=99'), [0, 10, 100], 10, 10],
    ['not when it was fresh until max', cc('max-age=100'), [0, 10, 100], 0, 0],
    ['though caches share it', cc('s-maxage=60'), [0, 10, 100], 40, 0],
    ['not when it must be revalidated', cc('max-age=60, must-revalidate, stale-if-error=9'), [0, 10, 100], 0, 0],
    ['not when the origin forbids to keep it', cc('no-store'), [20, 30, 100], 0, 0],
    ['not when no use is unasked', { ...cc('no-cache'), ...TAG }, [0, 10, 100], 0, 0],
    ['never where caching is disabled', cc('max-age=60, stale-if-error=60'), [0, 0, 0], 0, 0],
  ])('%s', (_what, fields, ttls, error, revalidate) => {
    const { lifetime } = keeping(fields, ttls);
    expect([lifetime.staleIfErrorSeconds, lifetime.staleWhileRevalidateSeconds]).toEqual([error, revalidate]);
  });

  test('one that is never fresh is kept to be served while it is renewed', () => {
    expect(keeping(cc('max-age=0, stale-while-revalidate=5'), [0, 0, 100]).reason).toBeUndefined();
  });

  test('an error never is', () => {
    const { lifetime } = keeping(cc('max-age=60, stale-if-error=60'), [0, 10, 100], { status: 404 });
    expect(lifetime).toEqual({ freshSeconds: 60, staleIfErrorSeconds: 0, staleWhileRevalidateSeconds: 0 });
  });
});

describe('an error', () => {
  test.each([404, 414, 500, 501, 502, 503, 504])('%i is kept for its minimum', (status) => {
    expect(freshOrWhyNot({}, [0, 1, 100], { status })).toBe(10);
    expect(freshOrWhyNot({}, [0, 1, 100], { status, errorCachingMinTTL: 3 })).toBe(3);
    expect(freshOrWhyNot({}, [0, 1, 100], { status, errorCachingMinTTL: 0 })).toBe('no-lifetime');
    expect(freshOrWhyNot(cc('max-age=60'), [0, 1, 100], { status })).toBe(60);
    expect(freshOrWhyNot(cc('max-age=5'), [0, 1, 100], { status })).toBe(10);
    expect(freshOrWhyNot(cc('max-age=5, s-maxage=50'), [0, 1, 100], { status })).toBe(50);
    expect(freshOrWhyNot(cc('max-age=600'), [0, 1, 100], { status })).toBe(100);
  });

  test.each([400, 403, 405, 412, 415])('%i is kept only for a time that the origin says', (status) => {
    expect(freshOrWhyNot({}, [0, 1, 100], { status })).toBe('status');
    expect(freshOrWhyNot(expiresIn(60), [0, 1, 100], { status })).toBe('status');
    expect(freshOrWhyNot(cc('max-age=60'), [0, 1, 100], { status })).toBe(60);
    expect(freshOrWhyNot(cc('max-age=5'), [0, 1, 100], { status })).toBe(10);
    expect(freshOrWhyNot(cc('private, max-age=60'), [0, 1, 100], { status })).toBe('private');
  });

  test.each([401, 402, 408, 410, 416, 429, 505])('%i is not kept, whatever the origin says', (status) => {
    expect(freshOrWhyNot(cc('max-age=60'), [0, 1, 100], { status })).toBe('status');
  });

  test.each([
    [404, 'no-store', 'no-store'],
    [414, 'private', 'private'],
    [501, 'no-cache', 'no-lifetime'],
    [404, 'no-store, max-age=60', 'no-store'],
    [500, 'no-store', 10],
    [502, 'private', 10],
    [503, 'no-cache', 10],
    [504, 'no-store, max-age=60', 10],
  ])('%i with %s: %s', (status, value, expected) => {
    expect(freshOrWhyNot(cc(value), [0, 1, 100], { status })).toBe(expected);
  });

  test('is not kept where caching is disabled', () => {
    expect(freshOrWhyNot(cc('max-age=60'), [0, 0, 0], { status: 404 })).toBe('no-lifetime');
  });

  test('of a cache further up is kept for its minimum all the same', () => {
    expect(freshOrWhyNot({}, [0, 1, 100], { status: 404, ageSeconds: 30 })).toBe(40);
  });
});

test.each<[string, string | number]>([
  ['max-age=60', 'authorization'],
  ['public, max-age=60', 60],
  ['s-maxage=60', 60],
  ['must-revalidate, max-age=60', 60],
])('with %s, an answer to an authorization that is not in the key: %s', (value, expected) => {
  expect(freshOrWhyNot(cc(value), [0, 10, 100], { authorized: true })).toBe(expected);
});

describe('a cookie that is set', () => {
  const fields = ['Set-Cookie', 'a=1', 'X', 'y', 'set-cookie', 'b=2'];
  const head = { status: 200, fields };

  test('goes on where cookies reach the origin, and is kept with the answer', () => {
    expect(withoutIdleCookies(head, true)).toBe(head);
    expect(freshOrWhyNot({ ...cc('public, max-age=60'), 'Set-Cookie': 'a=1' }, [0, 10, 100])).toBe(60);
    expect(freshOrWhyNot({ ...cc('max-age=60'), 'Set-Cookie': 'a=1' }, [5, 10, 100])).toBe(60);
  });

  test.each(['max-age=60', 'no-transform', ''])(
    'keeps its answer out where the origin says %j, for all or not',
    (value) => {
      expect(freshOrWhyNot({ ...cc(value), 'Set-Cookie': 'a=1' }, [0, 10, 100])).toBe('set-cookie');
    },
  );

  test('is no hindrance where the origin has it left out of what is kept', () => {
    expect(freshOrWhyNot({ ...cc('no-cache="Set-Cookie", max-age=60'), 'Set-Cookie': 'a=1' }, [0, 10, 100])).toBe(60);
  });

  test('is taken off where none does', () => {
    expect(withoutIdleCookies(head, false)).toEqual({ status: 200, fields: ['X', 'y'] });
    const bare = { status: 200, fields: ['X', 'y'] };
    expect(withoutIdleCookies(bare, false)).toBe(bare);
  });

  test('keeps its answer out where the operator keeps none', () => {
    const options = { cookiesKept: false };
    expect(freshOrWhyNot({ ...cc('max-age=60'), 'Set-Cookie': 'a=1' }, [0, 10, 100], options)).toBe('set-cookie');
  });
});
