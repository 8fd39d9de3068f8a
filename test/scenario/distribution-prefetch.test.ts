import { afterEach, expect, test } from 'vitest';
import type { DistributionConfig } from '../../src/kernel/distribution/model.ts';
import type { SiteConfig } from '../../src/kernel/distribution/site-config.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
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

const asked = { headers: { Host: HOST } };
const playlist = (...uris: string[]) =>
  `#EXTM3U\n#EXT-X-TARGETDURATION:4\n${uris.map((uri) => `#EXTINF:4,\n${uri}\n`).join('')}#EXT-X-ENDLIST\n`;
const ALL_QUERIES = {
  queryStringsConfig: { queryStringBehavior: 'all' as const, queryStrings: [], sortQueryStrings: false },
};

function before(more: Partial<DistributionConfig> = {}, rest: Partial<SiteConfig> = {}): Promise<SiteEdge> {
  return startSiteEdge((origin) =>
    site({ distributions: { dist: distribution([originAt(origin.url)], more) }, ...rest }),
  );
}

/** What the next viewer of a file is told. */
async function found(target: string, headers: Record<string, string> = {}): Promise<unknown> {
  await expect.poll(() => edge.s.edge.usage.fills).toBe(0);
  return (await edge.s.get(target, { headers: { Host: HOST, ...headers } })).headers['x-cache'];
}

test('the segment that a playlist has next is there before anybody asks, where no query is in the key', async () => {
  edge = await before();
  edge.origin.serve('/v/index.m3u8', { body: playlist('s1.ts?a=1', 's2.ts?a=1') });
  for (const name of ['s1.ts', 's2.ts']) edge.origin.serve(`/v/${name}`, { body: name });
  await edge.s.get('/v/index.m3u8', asked);
  await edge.s.get('/v/s1.ts?a=1', asked);
  await edge.origin.until('/v/s2.ts', 1);
  expect(edge.origin.last('/v/s2.ts')?.headers['sec-purpose']).toBe('prefetch');
  expect(await found('/v/s2.ts?b=2')).toBe('Hit from frontrow');
});

test('with its query, where that is in the key', async () => {
  edge = await before({}, { cachePolicies: { policy: cachePolicy({}, ALL_QUERIES) } });
  edge.origin.serve('/v/index.m3u8', { body: playlist('s1.ts?a=1', 's2.ts?a=1') });
  for (const name of ['s1.ts?a=1', 's2.ts?a=1']) edge.origin.serve(`/v/${name}`, { body: name });
  await edge.s.get('/v/index.m3u8', asked);
  await edge.s.get('/v/s1.ts?a=1', asked);
  await edge.origin.until('/v/s2.ts?a=1', 1);
  expect(await found('/v/s2.ts?a=1')).toBe('Hit from frontrow');
});

test('where playlists and segments have behaviours, keys and origins of their own', async () => {
  const segments = await new ScriptedOrigin().start();
  const headersConfig = { headerBehavior: 'whitelist' as const, headers: ['CloudFront-Is-Mobile-Viewer'] };
  edge = await startSiteEdge((origin) => {
    const lists = { ...behavior({ cachePolicyId: 'lists' }), pathPattern: '*.m3u8' };
    const origins = [originAt(origin.url), originAt(segments.url, { id: 'segments' })];
    const defaultCacheBehavior = behavior({ targetOriginId: 'segments' });
    return site({
      distributions: { dist: distribution(origins, { defaultCacheBehavior, cacheBehaviors: [lists] }) },
      cachePolicies: { lists: cachePolicy({}, ALL_QUERIES), policy: cachePolicy({}, { headersConfig }) },
    });
  });
  edge.origin.serve('/v/index.m3u8?t=1', { body: playlist('s1.ts', 's2.ts') });
  for (const name of ['s1.ts', 's2.ts']) segments.serve(`/v/${name}`, { body: name });
  await edge.s.get('/v/index.m3u8?t=1', asked);
  await edge.s.get('/v/s1.ts', asked);
  await segments.until('/v/s2.ts', 1);
  expect(segments.last('/v/s2.ts')?.headers['cloudfront-is-mobile-viewer']).toBe('false');
  expect(await found('/v/s2.ts')).toBe('Hit from frontrow');
  await segments.stop();
});

test('nothing is fetched ahead that would not be kept', async () => {
  const off = cachePolicy({ minTTL: 0, defaultTTL: 0, maxTTL: 0 });
  const segments = { ...behavior({ cachePolicyId: 'off' }), pathPattern: '*.ts' };
  edge = await before({ cacheBehaviors: [segments] }, { cachePolicies: { policy: cachePolicy(), off } });
  edge.origin.serve('/v/index.m3u8', { body: playlist('s1.ts', 's2.ts') });
  for (const name of ['s1.ts', 's2.ts']) edge.origin.serve(`/v/${name}`, { body: name });
  await edge.s.get('/v/index.m3u8', asked);
  await edge.s.get('/v/s1.ts', asked);
  await expect.poll(() => edge.s.edge.usage.fills).toBe(0);
  expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/v/index.m3u8', '/v/s1.ts']);
});
