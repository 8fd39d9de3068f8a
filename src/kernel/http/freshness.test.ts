import { describe, expect, test } from 'vitest';
import { readCachePolicy } from './cache-policy.ts';
import { initialAgeSeconds, planLifetime } from './freshness.ts';

const NOON = 'Mon, 01 Jun 2026 12:00:00 GMT';
const UNASKED = { negativeSeconds: 1, staleIfErrorSeconds: 86_400 };
const noonMs = Date.parse(NOON);

function lifetime(fields: Record<string, string>, status = 200) {
  const head = { status, fields: Object.entries(fields).flat() };
  return planLifetime(head, readCachePolicy(head.fields), noonMs, UNASKED);
}

describe('freshSeconds', () => {
  test.each([
    ['s-maxage before max-age', { 'Cache-Control': 'max-age=1, s-maxage=2' }, 200, 2],
    ['max-age before Expires', { 'Cache-Control': 'max-age=1', Expires: 'Mon, 01 Jun 2026 13:00:00 GMT' }, 200, 1],
    ['Expires counted from Date', { Date: 'Mon, 01 Jun 2026 11:00:00 GMT', Expires: NOON }, 200, 3_600],
    ['Expires counted from now', { Expires: 'Mon, 01 Jun 2026 12:01:00 GMT' }, 200, 60],
    ['Expires that is no date', { Expires: '0' }, 200, 0],
    ['Expires in the past', { Date: NOON, Expires: 'Mon, 01 Jun 2026 11:00:00 GMT' }, 200, 0],
    ['no-cache before everything', { 'Cache-Control': 'no-cache, max-age=10' }, 200, 0],
    ['a tenth of the time since the last change', { 'Last-Modified': 'Mon, 01 Jun 2026 11:50:00 GMT' }, 200, 60],
    ['a day at most', { 'Last-Modified': 'Sun, 01 Jan 2006 00:00:00 GMT' }, 200, 86_400],
    ['a change in the future', { 'Last-Modified': 'Mon, 01 Jun 2026 13:00:00 GMT' }, 200, 0],
    ['nothing said', {}, 200, 0],
    ['an absence without a lifetime', {}, 404, 1],
    ['an absence with one', { 'Cache-Control': 'max-age=9' }, 404, 9],
    ['a failure', { 'Last-Modified': 'Sun, 01 Jan 2006 00:00:00 GMT' }, 500, 0],
    [
      'a failure that is public',
      { 'Last-Modified': 'Sun, 01 Jan 2006 00:00:00 GMT', 'Cache-Control': 'public' },
      500,
      86_400,
    ],
    ['what is meant for CDNs before all', { 'CDN-Cache-Control': 'max-age=5', 'Cache-Control': 's-maxage=1' }, 200, 5],
    [
      'no Expires beside what is meant for CDNs',
      { 'CDN-Cache-Control': 'public', Expires: 'Mon, 01 Jun 2026 13:00:00 GMT' },
      200,
      0,
    ],
    ['Expires in another zone', { Expires: 'Mon, 01 Jun 2026 13:00:00 UTC' }, 200, 0],
  ])('%s', (_name, fields, status, seconds) => {
    expect(lifetime(fields, status).freshSeconds).toBe(seconds);
  });
});

describe('staleness', () => {
  test.each([
    ['a day around errors when nothing is said', 'max-age=1', 0, 86_400],
    ['as long as the origin says', 'max-age=1, stale-while-revalidate=2, stale-if-error=3', 2, 3],
    [
      'none where the origin forbids it',
      'max-age=1, must-revalidate, stale-while-revalidate=2, stale-if-error=3',
      0,
      0,
    ],
    ['none for what must be asked for each time', 'no-cache, stale-while-revalidate=2', 0, 0],
    ['none unasked beside s-maxage', 's-maxage=1', 0, 0],
    ['what is asked for beside s-maxage', 's-maxage=1, stale-while-revalidate=2', 2, 0],
    ['stale-if-error=0 switches it off', 'max-age=1, stale-if-error=0', 0, 0],
  ])('%s', (_name, control, whileRevalidating, ifError) => {
    const { staleWhileRevalidateSeconds, staleIfErrorSeconds } = lifetime({ 'Cache-Control': control });
    expect([staleWhileRevalidateSeconds, staleIfErrorSeconds]).toEqual([whileRevalidating, ifError]);
  });
});

describe('initialAgeSeconds', () => {
  test.each([
    ['a fresh answer', {}, 0, 0],
    ['the Age of a cache further up', { Age: '30' }, 0, 30],
    ['Age and the time the answer took', { Age: '30' }, 2_000, 32],
    ['an old Date', { Date: 'Mon, 01 Jun 2026 11:59:00 GMT' }, 0, 60],
    ['a Date in the future', { Date: 'Mon, 01 Jun 2026 12:01:00 GMT' }, 0, 0],
    ['the larger of the two', { Date: 'Mon, 01 Jun 2026 11:59:00 GMT', Age: '10' }, 0, 60],
    ['an Age that is no number', { Age: '-5' }, 0, 0],
    ['an Age with a fraction', { Age: '5.0' }, 0, 0],
    ['an Age with a parameter', { Age: '5;a=b' }, 0, 5],
    ['an Age beyond all numbers', { Age: '9'.repeat(400) }, 0, 2 ** 31],
    ['the first of two Ages', { Age: '5, 9' }, 0, 5],
  ])('%s', (_name, fields, tookMs, seconds) => {
    const head = { status: 200, fields: Object.entries(fields).flat() };
    expect(initialAgeSeconds(head, noonMs - tookMs, noonMs)).toBe(seconds);
  });
});
