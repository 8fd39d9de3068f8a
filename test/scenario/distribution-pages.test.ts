import { afterEach, expect, test } from 'vitest';
import { signUrl } from '../../src/kernel/access/sign.ts';
import { FILM_DISTRIBUTION } from '../../src/kernel/distribution/documents.ts';
import { FILM_DISTRIBUTION_CONFIG } from '../../src/kernel/distribution/film-distribution.ts';
import { MANAGED_CACHE_POLICIES } from '../../src/kernel/distribution/managed-policies.ts';
import type { CustomErrorResponse, DistributionConfig } from '../../src/kernel/distribution/model.ts';
import type { SiteConfig } from '../../src/kernel/distribution/site-config.ts';
import { KEY_PAIR_ID, privateKey, SIGNED } from '../harness/film-edge.ts';
import {
  behavior,
  cachePolicy,
  distribution,
  HOST,
  originAt,
  type SiteEdge,
  site,
  startSiteEdge,
} from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());

const PAGE: CustomErrorResponse = {
  ...{ errorCode: 404, responsePagePath: '/404.html', responseCode: 404, errorCachingMinTTL: 5 },
};
const asked = { headers: { Host: HOST } };

function withPages(more: Partial<DistributionConfig> = {}, rest: Partial<SiteConfig> = {}): Promise<SiteEdge> {
  return startSiteEdge((origin) =>
    site({
      distributions: { dist: distribution([originAt(origin.url)], { customErrorResponses: [PAGE], ...more }) },
      ...rest,
    }),
  );
}

test('a film’s playlist that is not there is answered by a page as it stands', async () => {
  edge = await startSiteEdge((origin) => {
    const pages = { ...behavior({ targetOriginId: 'pages' }), pathPattern: '/404.html' };
    const { origins, cacheBehaviors } = FILM_DISTRIBUTION_CONFIG;
    return site({
      distributions: {
        [FILM_DISTRIBUTION]: {
          ...FILM_DISTRIBUTION_CONFIG,
          origins: [...origins, originAt(origin.url, { id: 'pages' })],
          cacheBehaviors: [pages, ...cacheBehaviors],
          customErrorResponses: [PAGE],
        },
      },
      cachePolicies: { policy: cachePolicy(), ...MANAGED_CACHE_POLICIES },
    });
  });
  const { s, origin, clock } = edge;
  s.origin.serve(`/access/${SIGNED}`, { body: JSON.stringify({ policy: 'signed' }) });
  origin.serve('/404.html', { body: '<h1>\nnot here\n</h1>' });
  const expiresAtMs = clock.ms + 60_000;
  const url = `${s.url}/assets/${SIGNED}/master.m3u8`;
  const signed = signUrl({ url, expiresAtMs, keyPairId: KEY_PAIR_ID, privateKey });
  const { pathname, search } = new URL(signed);
  const answer = await s.get(pathname + search);
  expect([answer.status, answer.body.toString()]).toEqual([404, '<h1>\nnot here\n</h1>']);
});

test('a page is neither asked for nor judged by the conditions that a viewer has about something else', async () => {
  edge = await withPages();
  edge.origin.serve('/404.html', { headers: { ETag: '"page"' }, body: 'not here' });
  const ask = async (headers: Record<string, string>) => {
    const { status, body } = await edge.s.get('/gone', { headers: { Host: HOST, ...headers } });
    return [status, body.toString()];
  };
  const whole = [404, 'not here'];
  expect(await ask({ 'If-Match': '"film"' })).toEqual(whole);
  // Now it is stored.
  expect(await ask({ 'If-Match': '"film"' })).toEqual(whole);
  expect(await ask({ 'If-Unmodified-Since': 'Thu, 01 Jan 2026 00:00:00 GMT' })).toEqual(whole);
  expect(edge.origin.count('/404.html')).toBe(1);
});

test('a page that is not kept is asked for whole and without conditions', async () => {
  edge = await withPages({}, { cachePolicies: { policy: cachePolicy({ minTTL: 0, defaultTTL: 0, maxTTL: 0 }) } });
  edge.origin.serve('/404.html', { body: 'not here' });
  const headers = { Host: HOST, Range: 'bytes=0-1', 'If-None-Match': '"film"' };
  const answer = await edge.s.get('/gone', { headers });
  expect([answer.status, answer.body.toString()]).toEqual([404, 'not here']);
  const { headers: sent } = edge.origin.last('/404.html') ?? {};
  expect([sent?.range, sent?.['if-none-match']]).toEqual([undefined, undefined]);
});

test('a HEAD is answered by the head of the page, and a POST by the error itself', async () => {
  edge = await withPages();
  edge.origin.serve('/404.html', { headers: { 'Content-Type': 'text/html' }, body: 'not here at all' });
  const head = await edge.s.get('/gone', { ...asked, method: 'HEAD' });
  expect([head.status, head.headers['content-length'], head.body.length]).toEqual([404, '15', 0]);
  const post = await edge.s.get('/gone', { ...asked, method: 'POST', body: 'a=b' });
  expect([post.status, post.body.toString()]).toEqual([404, 'not here']);
});

test('an error whose body comes late is kept though everybody is shown the page', async () => {
  edge = await withPages();
  edge.origin.serve('/404.html', { body: 'page' });
  const held = edge.origin.hold('/gone');
  const first = edge.s.get('/gone', asked);
  await held.arrived;
  held.head({ status: 404 });
  expect((await first).body.toString()).toBe('page');
  held.write('nobody reads this');
  held.end();
  await expect.poll(() => edge.s.edge.usage.fills).toBe(0);
  expect((await edge.s.get('/gone', asked)).body.toString()).toBe('page');
  expect(edge.origin.count('/gone')).toBe(1);
});

test('a page that breaks off while it is sent breaks off for the viewer', async () => {
  edge = await withPages();
  const held = edge.origin.hold('/404.html');
  const viewer = edge.s.viewer('/gone', asked);
  const broken = expect(viewer.answer).rejects.toThrow();
  await held.arrived;
  held.head({ lengthBytes: 100 });
  held.write('not');
  expect((await viewer.head).status).toBe(404);
  await viewer.received(3);
  held.breakOff();
  await broken;
});

test('the log says what was asked for, not which page it was answered by', async () => {
  edge = await withPages();
  edge.origin.serve('/404.html', { body: 'not here' });
  await edge.s.get('/gone?x=1', asked);
  await edge.s.settled(1);
  expect(edge.s.facts).toMatchObject([{ path: '/gone', status: 404 }]);
});

test('the log says what was asked for where a viewer is refused before anything is looked at', async () => {
  edge = await withPages({
    customErrorResponses: [],
    defaultCacheBehavior: behavior({ viewerProtocolPolicy: 'https-only', trustedKeyGroups: [] }),
  });
  await edge.s.get('/film?token=abc', asked);
  await edge.s.settled(1);
  expect(edge.s.facts).toMatchObject([{ path: '/film', status: 403 }]);
});
