import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scripted } from '../harness/origin.ts';
import {
  behavior,
  cachePolicy,
  distribution,
  originAt,
  type SiteEdge,
  site,
  startSiteEdge,
} from '../harness/site-edge.ts';

/** CloudFront's tables of how long an answer is kept, through an edge and by its own clock. */

const POLICIES = {
  zero: { minTTL: 0, defaultTTL: 100, maxTTL: 1000 },
  min: { minTTL: 20, defaultTTL: 100, maxTTL: 1000 },
  high: { minTTL: 200, defaultTTL: 200, maxTTL: 1000 },
  never: { minTTL: 0, defaultTTL: 0, maxTTL: 0 },
  origin: { minTTL: 0, defaultTTL: 0, maxTTL: 1000 },
} as const;
type PolicyName = keyof typeof POLICIES;

let edge: SiteEdge;
let pages = 0;

beforeAll(async () => {
  edge = await startSiteEdge((origin) =>
    site({
      cachePolicies: Object.fromEntries(Object.entries(POLICIES).map(([name, times]) => [name, cachePolicy(times)])),
      distributions: Object.fromEntries(
        Object.keys(POLICIES).map((name) => [
          name,
          distribution([originAt(origin.url)], {
            aliases: [`${name}.example.com`],
            defaultCacheBehavior: behavior({ cachePolicyId: name }),
            customErrorResponses: [
              { errorCode: 404, errorCachingMinTTL: 40 },
              { errorCode: 503, errorCachingMinTTL: 0 },
            ],
          }),
        ]),
      ),
    }),
  );
});
afterAll(() => edge.stop());

function newPage(scripted: Scripted): string {
  pages += 1;
  const target = `/page-${pages}`;
  edge.origin.serve(target, scripted);
  return target;
}

const ask = (policy: PolicyName, target: string) => edge.s.get(target, { headers: { Host: `${policy}.example.com` } });

function inSeconds(seconds: number): string {
  return new Date(edge.clock.ms + seconds * 1000).toUTCString();
}

/** Expects it to be answered from what is kept up to a second before, and by the origin from then on. */
async function expectKept(policy: PolicyName, target: string, seconds: number): Promise<void> {
  const { clock, origin } = edge;
  const first = await ask(policy, target);
  expect(first.headers['x-cache']).toMatch(first.status < 400 ? /^Miss / : /^Error /);
  if (seconds > 0) {
    clock.advance(seconds - 1);
    const kept = await ask(policy, target);
    expect(origin.count(target)).toBe(1);
    expect(kept.headers['x-cache']).toMatch(kept.status < 400 ? /^Hit / : /^Error /);
    expect([kept.status, kept.body.toString()]).toEqual([first.status, first.body.toString()]);
    clock.advance(1);
  }
  await ask(policy, target);
  expect(origin.count(target)).toBe(2);
}

type Row = readonly [policy: PolicyName, fields: Readonly<Record<string, string>>, seconds: number];

describe('an answer is kept', () => {
  const rows: readonly Row[] = [
    ['zero', { 'Cache-Control': 'max-age=50' }, 50],
    ['zero', { 'Cache-Control': 'max-age=5000' }, 1000],
    ['zero', { 'Cache-Control': 'max-age=0' }, 0],
    ['zero', { 'Cache-Control': 'max-age=50, s-maxage=70' }, 70],
    ['zero', { 'Cache-Control': 's-maxage=30' }, 30],
    ['zero', { 'Cache-Control': 'public' }, 100],
    ['zero', {}, 100],
    ['zero', { 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }, 100],
    ['zero', { 'Cache-Control': 'no-store' }, 0],
    ['zero', { 'Cache-Control': 'no-cache' }, 0],
    ['zero', { 'Cache-Control': 'private' }, 0],
    ['zero', { 'Cache-Control': 'private, max-age=50' }, 0],
    ['zero', { 'Cache-Control': 'no-store, s-maxage=50' }, 0],
    ['zero', { Vary: '*' }, 0],
    ['zero', { Vary: 'User-Agent' }, 100],
    ['zero', { 'Cache-Control': 'max-age=50', Age: '20' }, 30],
    ['zero', { Age: '20' }, 100],
    ['zero', { 'Cache-Control': 'max-age=50', 'CDN-Cache-Control': 'max-age=80' }, 80],
    ['min', { 'Cache-Control': 'max-age=50' }, 50],
    ['min', { 'Cache-Control': 'max-age=5' }, 20],
    ['min', { 'Cache-Control': 'max-age=0' }, 20],
    ['min', { 'Cache-Control': 'max-age=5000' }, 1000],
    ['min', { 'Cache-Control': 's-maxage=5, max-age=500' }, 20],
    ['min', {}, 100],
    ['min', { 'Cache-Control': 'no-store' }, 20],
    ['min', { 'Cache-Control': 'no-cache' }, 20],
    ['min', { 'Cache-Control': 'private' }, 20],
    ['min', { 'Cache-Control': 'private, max-age=500' }, 20],
    ['min', { Vary: '*' }, 100],
    ['high', { 'Cache-Control': 'max-age=50' }, 200],
    ['high', {}, 200],
    ['never', { 'Cache-Control': 'max-age=50' }, 0],
    ['never', {}, 0],
    ['origin', { 'Cache-Control': 'max-age=50' }, 50],
    ['origin', { 'Cache-Control': 'public' }, 0],
    ['origin', {}, 0],
  ];
  test.each(rows)('under %s with %j for %i seconds', async (policy, headers, seconds) => {
    await expectKept(policy, newPage({ headers, body: 'x' }), seconds);
  });

  test.each([
    ['zero', 50, 50],
    ['zero', 5000, 1000],
    ['zero', -10, 0],
    ['min', 5, 20],
    ['min', -10, 20],
    ['min', 5000, 1000],
  ] as const)('under %s that expires in %i seconds for %i', async (policy, expires, seconds) => {
    await expectKept(policy, newPage({ headers: { Expires: inSeconds(expires) }, body: 'x' }), seconds);
  });

  test('by its max-age where it also says when it expires', async () => {
    const headers = { Expires: inSeconds(500), 'Cache-Control': 'max-age=30' };
    await expectKept('zero', newPage({ headers, body: 'x' }), 30);
  });

  test.each([
    [301, {}, 100],
    [302, {}, 100],
    [302, { 'Cache-Control': 'max-age=7' }, 7],
    [307, {}, 0],
    [308, {}, 0],
    [307, { 'Cache-Control': 'max-age=7' }, 7],
    [308, { 'Cache-Control': 'max-age=7' }, 7],
  ] as const)('as a redirection %i with %j for %i seconds', async (status, headers, seconds) => {
    const target = newPage({ status, headers: { Location: '/elsewhere', ...headers } });
    await expectKept('zero', target, seconds);
    expect(edge.origin.count('/elsewhere')).toBe(0);
  });
});

describe('the viewer is told', () => {
  test('the fields of the origin as they came, and how old the answer is', async () => {
    const target = newPage({ headers: { 'Cache-Control': 'max-age=5000, stale-if-error=9' }, body: 'x' });
    expect((await ask('zero', target)).headers.age).toBeUndefined();
    edge.clock.advance(30);
    const { headers } = await ask('zero', target);
    expect([headers['cache-control'], headers.age]).toEqual(['max-age=5000, stale-if-error=9', '30']);
  });

  test('nothing anew for asking with no-cache, as the operator has it', async () => {
    const target = newPage({ body: 'x' });
    await ask('zero', target);
    for (const [name, value] of [
      ['Cache-Control', 'no-cache'],
      ['Cache-Control', 'max-age=0'],
      ['Cache-Control', 'no-store'],
      ['Cache-Control', 'only-if-cached, max-age=0'],
      ['Pragma', 'no-cache'],
    ] as const) {
      await edge.s.get(target, { headers: { Host: 'zero.example.com', [name]: value } });
    }
    expect(edge.origin.count(target)).toBe(1);
  });
});

describe('what has expired is asked after', () => {
  test('by its tag and its date, and lives on when the origin confirms it', async () => {
    const { clock, origin } = edge;
    const date = 'Mon, 01 Jan 2024 00:00:00 GMT';
    const target = newPage({
      headers: { ETag: '"a"', 'Last-Modified': date, 'Cache-Control': 'max-age=10' },
      body: 'x',
    });
    await ask('zero', target);
    clock.advance(10);
    origin.serve(target, { status: 304, headers: { ETag: '"a"', 'Cache-Control': 'max-age=20' } });
    const confirmed = await ask('zero', target);
    expect(confirmed.headers['x-cache']).toBe('RefreshHit from frontrow');
    expect([confirmed.status, confirmed.body.toString()]).toEqual([200, 'x']);
    expect(origin.last(target)?.headers).toMatchObject({ 'if-none-match': '"a"', 'if-modified-since': date });
    clock.advance(19);
    expect((await ask('zero', target)).headers['x-cache']).toBe('Hit from frontrow');
    expect(origin.count(target)).toBe(2);
  });

  test('every time where the origin says no-cache and the least time is 0', async () => {
    const target = newPage({ headers: { ETag: '"a"', 'Cache-Control': 'no-cache' }, body: 'x' });
    await ask('zero', target);
    edge.origin.serve(target, { status: 304, headers: { ETag: '"a"', 'Cache-Control': 'no-cache' } });
    expect((await ask('zero', target)).headers['x-cache']).toBe('RefreshHit from frontrow');
    expect((await ask('zero', target)).body.toString()).toBe('x');
    expect(edge.origin.count(target)).toBe(3);
  });

  test('and gives way to what the origin has instead', async () => {
    const target = newPage({ headers: { ETag: '"a"', 'Cache-Control': 'max-age=10' }, body: 'old' });
    await ask('zero', target);
    edge.clock.advance(10);
    edge.origin.serve(target, { headers: { ETag: '"b"' }, body: 'new' });
    const { headers, body } = await ask('zero', target);
    expect([headers['x-cache'], body.toString()]).toEqual(['Miss from frontrow', 'new']);
  });

  test('not where the viewer still has it: a condition is answered from what is kept', async () => {
    const target = newPage({ headers: { ETag: '"a"' }, body: 'x' });
    await ask('zero', target);
    const headers = { Host: 'zero.example.com', 'If-None-Match': '"a"' };
    expect((await edge.s.get(target, { headers })).status).toBe(304);
    expect(edge.origin.count(target)).toBe(1);
  });
});

describe('when the origin fails, what has expired', () => {
  const failing = { status: 503, body: 'down' };

  /** What a viewer gets so long after the copy expired, the origin failing. */
  async function after(
    policy: PolicyName,
    cacheControl: string,
    expiresAfter: number,
    seconds: number,
  ): Promise<string> {
    const target = newPage({ headers: { 'Cache-Control': cacheControl, ETag: '"a"' }, body: 'copy' });
    await ask(policy, target);
    edge.origin.serve(target, failing);
    edge.clock.advance(expiresAfter + seconds);
    const { status, body } = await ask(policy, target);
    return `${status} ${body}`;
  }

  test.each([
    ['zero', 'max-age=10', 10, 0, '200 copy'],
    ['zero', 'max-age=10', 10, 989, '200 copy'],
    ['zero', 'max-age=10', 10, 991, '503 down'],
    ['zero', 'max-age=10, stale-if-error=30', 10, 29, '200 copy'],
    ['zero', 'max-age=10, stale-if-error=30', 10, 31, '503 down'],
    ['zero', 'max-age=10, stale-if-error=0', 10, 1, '503 down'],
    ['zero', 'max-age=10, must-revalidate', 10, 1, '503 down'],
    ['zero', 'max-age=10, stale-if-error=5000', 10, 991, '503 down'],
    ['min', 'max-age=0', 20, 5, '200 copy'],
    ['min', 'no-store', 20, 1, '503 down'],
    ['min', 'private', 20, 1, '503 down'],
  ] as const)('under %s with %s, expired after %i seconds, is %i seconds later: %s %s', async (...row) => {
    const [policy, cacheControl, expiresAfter, seconds, expected] = row;
    expect(await after(policy, cacheControl, expiresAfter, seconds)).toBe(expected);
  });

  test('is served for a while without asking again', async () => {
    const { clock, origin } = edge;
    const target = newPage({ headers: { 'Cache-Control': 'max-age=10' }, body: 'copy' });
    await ask('zero', target);
    clock.advance(10);
    origin.serve(target, { status: 500 });
    for (let times = 0; times < 3; times += 1) expect((await ask('zero', target)).body.toString()).toBe('copy');
    expect(origin.count(target)).toBe(2);
  });

  test('gives way to an error of the viewer, such as 404', async () => {
    const target = newPage({ headers: { 'Cache-Control': 'max-age=10' }, body: 'copy' });
    await ask('zero', target);
    edge.clock.advance(10);
    edge.origin.serve(target, { status: 404, body: 'gone' });
    expect((await ask('zero', target)).status).toBe(404);
  });

  test('is never served where caching is disabled', async () => {
    const target = newPage({ headers: { 'Cache-Control': 'max-age=10, stale-if-error=100' }, body: 'copy' });
    await ask('never', target);
    edge.origin.serve(target, failing);
    expect((await ask('never', target)).status).toBe(503);
  });

  test('is served at once while it is renewed behind, as long as its origin allows', async () => {
    const { clock, origin } = edge;
    const target = newPage({ headers: { 'Cache-Control': 'max-age=10, stale-while-revalidate=30' }, body: 'old' });
    await ask('zero', target);
    clock.advance(15);
    origin.serve(target, { headers: { 'Cache-Control': 'max-age=10' }, body: 'new' });
    expect((await ask('zero', target)).body.toString()).toBe('old');
    await origin.until(target, 2);
    clock.advance(26);
    expect((await ask('zero', target)).body.toString()).toBe('new');
  });
});

describe('an error is kept', () => {
  test.each([
    [404, {}, 40],
    [404, { 'Cache-Control': 'max-age=5' }, 40],
    [404, { 'Cache-Control': 'max-age=60' }, 60],
    [404, { 'Cache-Control': 'no-store' }, 0],
    [404, { 'Cache-Control': 'max-age=5000' }, 1000],
    [414, {}, 10],
    [500, {}, 10],
    [501, {}, 10],
    [502, {}, 10],
    [503, {}, 0],
    [503, { 'Cache-Control': 'max-age=30' }, 30],
    [504, {}, 10],
    [400, {}, 0],
    [400, { 'Cache-Control': 'max-age=30' }, 30],
    [403, {}, 0],
    [403, { 'Cache-Control': 's-maxage=30' }, 30],
    [405, { 'Cache-Control': 'max-age=30' }, 30],
    [412, { 'Cache-Control': 'max-age=30' }, 30],
    [415, { 'Cache-Control': 'max-age=30' }, 30],
    [401, { 'Cache-Control': 'max-age=30' }, 0],
    [410, { 'Cache-Control': 'max-age=30' }, 0],
    [416, { 'Cache-Control': 'max-age=30' }, 0],
    [429, { 'Cache-Control': 'max-age=30' }, 0],
    [431, { 'Cache-Control': 'max-age=30' }, 0],
    [508, { 'Cache-Control': 'max-age=30' }, 0],
  ] as const)('of status %i with %j for %i seconds', async (status, headers, seconds) => {
    await expectKept('zero', newPage({ status, headers, body: 'error' }), seconds);
  });

  test('not at all where caching is disabled', async () => {
    await expectKept('never', newPage({ status: 404, headers: { 'Cache-Control': 'max-age=30' } }), 0);
  });

  test('no longer than the most of the policy, however the error is configured', async () => {
    await expectKept('high', newPage({ status: 404 }), 40);
  });

  test('for a second where a stream asks for what is not there yet and nobody says otherwise', async () => {
    edge.origin.serve('/live/segment.m4s', { status: 500 });
    await expectKept('zero', '/live/segment.m4s', 1);
  });
});
