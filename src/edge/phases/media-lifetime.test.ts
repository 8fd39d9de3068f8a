import { expect, test } from 'vitest';
import { readCachePolicy } from '../../kernel/http/cache-policy.ts';
import { planLifetime } from '../../kernel/http/freshness.ts';
import { mediaLifetime } from './media-lifetime.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const TEN_DAYS_AGO = 'Fri, 22 May 2026 12:00:00 GMT';

function freshSeconds(status: number, path: string, fields: readonly string[]): number {
  const head = { status, fields };
  const policy = readCachePolicy(fields);
  const planned = planLifetime(head, policy, NOW, { negativeSeconds: 60, staleIfErrorSeconds: 86_400 });
  return mediaLifetime(planned, head, policy, path, NOW).freshSeconds;
}

test.each([
  ['an absent segment without a lifetime', 404, '/live/s1.m4s', [], 1],
  ['one whose absence is said to last', 404, '/live/s1.TS', ['Cache-Control', 'max-age=600'], 1],
  ['a playlist that is gone', 410, '/live/index.m3u8', ['Cache-Control', 'max-age=600'], 1],
  ['a failure that says it lasts', 503, '/live/s1.cmfv', ['Cache-Control', 'max-age=600'], 1],
  ['an absence that may not be kept', 404, '/live/s1.m4s', ['Cache-Control', 'max-age=0'], 0],
  ['an absent page', 404, '/about', [], 60],
  ['an absent page whose query looks like a segment', 404, '/about.html', ['Cache-Control', 'max-age=600'], 600],
])('%s is remembered so long', (_, status, path, fields, expected) => {
  expect(freshSeconds(status, path, fields)).toBe(expected);
});

test.each([
  ['a playlist by its name', '/index.m3u8', ['Last-Modified', TEN_DAYS_AGO], 1],
  [
    'a manifest by its type',
    '/manifest',
    ['Last-Modified', TEN_DAYS_AGO, 'Content-Type', 'application/dash+xml; a=b'],
    1,
  ],
  ['one that states a lifetime', '/index.m3u8', ['Cache-Control', 'max-age=60'], 60],
  ['one that states no age at all', '/index.m3u8', [], 0],
  ['a segment', '/s1.m4s', ['Last-Modified', TEN_DAYS_AGO], 86_400],
])('%s is fresh so long', (_, path, fields, expected) => {
  expect(freshSeconds(200, path, fields)).toBe(expected);
});
