import { expect, test } from 'vitest';
import { readCachePolicy } from './cache-policy.ts';
import { planLifetime } from './freshness.ts';
import { whyNotStorable } from './storable.ts';

const AGE = { 'Cache-Control': 'max-age=60' };

function why(
  fields: Record<string, string>,
  { method = 'GET', authorized = false, status = 200, cookiesKept = true } = {},
) {
  const head = { status, fields: Object.entries(fields).flat() };
  const policy = readCachePolicy(head.fields);
  return whyNotStorable({
    method,
    authorized,
    head,
    policy,
    lifetime: planLifetime(head, policy, 0, { negativeSeconds: 1, staleIfErrorSeconds: 86_400 }),
    nowMs: 0,
    cookiesKept,
  });
}

test.each([
  ['a plain answer with a lifetime', AGE, {}, undefined],
  ['an answer to POST', AGE, { method: 'POST' }, 'method'],
  ['no-store', { 'Cache-Control': 'no-store, max-age=60' }, {}, 'no-store'],
  ['private', { 'Cache-Control': 'private, max-age=60' }, {}, 'private'],
  ['a part', AGE, { status: 206 }, 'partial'],
  ['a whole with a field about parts', { ...AGE, 'Content-Range': 'bytes 0-1/2' }, {}, undefined],
  ['an authorized answer', AGE, { authorized: true }, 'authorization'],
  ['an authorized answer for all', { 'Cache-Control': 'public, max-age=60' }, { authorized: true }, undefined],
  ['an authorized answer for caches', { 'Cache-Control': 's-maxage=60' }, { authorized: true }, undefined],
  ['a cookie beside a lifetime', { ...AGE, 'Set-Cookie': 'a=b' }, {}, undefined],
  [
    'a cookie beside a guess',
    { 'Last-Modified': 'Thu, 01 Jan 1960 00:00:00 GMT', 'Set-Cookie': 'a=b' },
    {},
    'set-cookie',
  ],
  ['private fields', { 'Cache-Control': 'private="x", max-age=60' }, {}, undefined],
  [
    'no-store to those who do not understand',
    { 'Cache-Control': 'no-store, must-understand, max-age=60' },
    {},
    undefined,
  ],
  ['what is not understood', { 'Cache-Control': 'must-understand, max-age=60' }, { status: 299 }, 'not-understood'],
  ['an unknown status', AGE, { status: 299 }, undefined],
  ['no-store, but not for CDNs', { 'Cache-Control': 'no-store', 'CDN-Cache-Control': 'max-age=60' }, {}, undefined],
  ['no-store for CDNs', { ...AGE, 'CDN-Cache-Control': 'no-store' }, {}, 'no-store'],
  ['a cookie where none is kept', { ...AGE, 'Set-Cookie': 'a=b' }, { cookiesKept: false }, 'set-cookie'],
  ['a cookie for all', { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'a=b' }, {}, undefined],
  ['Vary: *', { ...AGE, Vary: 'Origin, *' }, {}, 'vary-star'],
  ['nothing said', {}, {}, 'no-lifetime'],
  ['nothing said, but a validator', { ETag: '"1"' }, {}, undefined],
  ['no-cache with a validator', { 'Cache-Control': 'no-cache', ETag: '"1"' }, {}, undefined],
  ['no-cache without one', { 'Cache-Control': 'no-cache' }, {}, 'no-lifetime'],
  ['an absence', {}, { status: 404 }, undefined],
  ['a refusal without a lifetime', {}, { status: 403 }, 'no-lifetime'],
  ['a failure', {}, { status: 500 }, 'status'],
  ['a failure with a lifetime', AGE, { status: 500 }, undefined],
  ['a failure that says when to come back', { ...AGE, 'Retry-After': '1' }, { status: 503 }, 'retry-later'],
  ['an unsatisfiable range', AGE, { status: 416 }, 'status'],
  ['a consent to nothing', AGE, { status: 304 }, 'status'],
  ['a redirect without a lifetime', {}, { status: 302 }, 'no-lifetime'],
  ['a redirect with a tag alone', { ETag: '"1"' }, { status: 302 }, 'no-lifetime'],
  ['a public redirect with a tag alone', { ETag: '"1"', 'Cache-Control': 'public' }, { status: 302 }, undefined],
  ['a lasting redirect with a tag alone', { ETag: '"1"' }, { status: 308 }, undefined],
])('%s', (_name, fields, circumstances, reason) => {
  expect(why(fields as Record<string, string>, circumstances)).toBe(reason);
});
