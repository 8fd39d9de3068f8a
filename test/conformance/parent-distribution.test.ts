import { afterEach, beforeEach, expect, test } from 'vitest';
import { signUrl } from '../../src/kernel/access/sign.ts';
import type { DistributionConfig } from '../../src/kernel/distribution/model.ts';
import type { SiteConfig } from '../../src/kernel/distribution/site-config.ts';
import { type EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { KEY_PAIR_ID, privateKey } from '../harness/film-edge.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
import { behavior, cachePolicy, distribution, HOST, originAt, site, startEdgeOf } from '../harness/site-edge.ts';

let clock: HandClock;
let origin: ScriptedOrigin;
let parent: EdgeScenario;
let child: EdgeScenario;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  clock = new HandClock();
  origin = await new ScriptedOrigin().start();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await origin.stop();
});

/** A distribution at an edge that asks another one, which has the same. */
async function start(more: Partial<DistributionConfig>, rest: Partial<SiteConfig> = {}): Promise<void> {
  const config = site({ distributions: { dist: distribution([originAt(origin.url)], more) }, ...rest });
  const upper = await startEdgeOf(config, { clock });
  stops.push(upper.stop);
  parent = upper.s;
  const settings = { edgeTrustedProxies: '127.0.0.1' };
  const lower = await startEdgeOf(config, { clock, parents: [parent.url], settings });
  stops.unshift(lower.stop);
  child = lower.s;
}

async function ask(target: string, headers: Record<string, string> = {}) {
  const { status, headers: told, body } = await child.get(target, { headers: { Host: HOST, ...headers } });
  return { status, told, text: body.toString() };
}

test('a grant is checked where the viewer asks, and told to nobody behind that', async () => {
  await start(
    { defaultCacheBehavior: behavior({ trustedKeyGroups: ['group'] }) },
    { keyGroups: { group: [KEY_PAIR_ID] } },
  );
  origin.serve('/film', { body: 'film' });
  const expiresAtMs = clock.ms + 60_000;
  const { search } = new URL(signUrl({ url: `http://${HOST}/film`, expiresAtMs, keyPairId: KEY_PAIR_ID, privateKey }));
  expect((await ask('/film')).status).toBe(403);
  expect(await ask(`/film${search}`)).toMatchObject({ status: 200, text: 'film' });
  expect(parent.facts.map(({ path, status }) => [path, status])).toEqual([['/film', 200]]);
  expect(origin.asked.map(({ target }) => target)).toEqual(['/film']);
});

test('an error is handed down as it is, and kept as errors are, under the page that viewers are shown', async () => {
  const page = { errorCode: 404, responsePagePath: '/sorry.html', responseCode: 200, errorCachingMinTTL: 5 };
  await start({ customErrorResponses: [page] });
  origin.serve('/sorry.html', { body: 'sorry' });
  expect(await ask('/gone')).toMatchObject({ status: 200, text: 'sorry' });
  expect(parent.facts.find(({ path }) => path === '/gone')).toMatchObject({ status: 404 });
  origin.serve('/gone', { body: 'back again' });
  clock.advance(11);
  expect(await ask('/gone')).toMatchObject({ status: 200, text: 'back again' });
});

test('what viewers are not to see still tells the first edge how long to keep it', async () => {
  const policy = { name: 'p', comment: '', customHeadersConfig: [], removeHeadersConfig: ['Cache-Control'] };
  await start(
    { defaultCacheBehavior: behavior({ responseHeadersPolicyId: 'p' }) },
    { responseHeadersPolicies: { p: policy } },
  );
  origin.serve('/data', { headers: { 'Cache-Control': 'max-age=5' }, body: 'one' });
  expect((await ask('/data')).told['cache-control']).toBeUndefined();
  origin.serve('/data', { headers: { 'Cache-Control': 'max-age=5' }, body: 'two' });
  clock.advance(6);
  expect((await ask('/data')).text).toBe('two');
});

test('a viewer who came by https is not led there again because edges ask each other in the clear', async () => {
  await start({ defaultCacheBehavior: behavior({ viewerProtocolPolicy: 'redirect-to-https' }) });
  origin.serve('/page', { body: 'page' });
  expect(await ask('/page', { 'X-Forwarded-Proto': 'https' })).toMatchObject({ status: 200, text: 'page' });
  expect(await ask('/page')).toMatchObject({ status: 301 });
});

test('what the first edge knows of a viewer is what the key of the second and the origin are told', async () => {
  const headersConfig = { headerBehavior: 'whitelist' as const, headers: ['CloudFront-Is-Mobile-Viewer'] };
  await start({}, { cachePolicies: { policy: cachePolicy({}, { headersConfig }) } });
  origin.script(
    '/page',
    ({ headers }, response) => void response.end(`mobile: ${headers['cloudfront-is-mobile-viewer']}`),
  );
  const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148';
  expect((await ask('/page', { 'User-Agent': phone })).text).toBe('mobile: true');
  expect((await ask('/page', { 'User-Agent': 'curl' })).text).toBe('mobile: false');
  expect(origin.count('/page')).toBe(2);
});

test('an origin is asked by the scheme that the viewer used, not by that between edges', async () => {
  origin.serve('/page', { body: 'page' });
  const { customOriginConfig, ...rest } = originAt(origin.url);
  if (!customOriginConfig) throw new Error('an origin of its own');
  const origins = [
    {
      ...rest,
      customOriginConfig: { ...customOriginConfig, originProtocolPolicy: 'match-viewer' as const, httpsPort: 9 },
    },
  ];
  await start({ origins });
  expect((await ask('/other', { 'X-Forwarded-Proto': 'https' })).status).toBe(502);
  expect(origin.asked).toEqual([]);
  expect((await ask('/page')).status).toBe(200);
});

test('a parent is asked how it is once, however many distributions ask it for files', async () => {
  const upper = await new ScriptedOrigin().start();
  upper.otherwise((_asked, response) => void response.end('well'));
  const many = Array.from({ length: 10 }, (_, at) => [
    `dist${at}`,
    distribution([originAt(origin.url, { connectionAttempts: 1 + (at % 3) })], { aliases: [`h${at}.example.com`] }),
  ]);
  const settings = { originHealthIntervalMs: 60_000 };
  const lower = await startEdgeOf(site({ distributions: Object.fromEntries(many) }), {
    ...{ clock, settings, parents: [upper.url] },
  });
  stops.push(lower.stop, () => upper.stop());
  for (let at = 0; at < 10; at += 1) {
    expect((await lower.s.get('/x', { headers: { Host: `h${at}.example.com` } })).body.toString()).toBe('well');
  }
  expect([upper.count('/x'), upper.asked.length]).toEqual([10, 11]);
  const { host } = new URL(upper.url);
  expect(lower.s.edge.origins.find(({ name }) => name === host)).toMatchObject({ requests: 10, up: true });
});
