import { afterEach, expect, test } from 'vitest';
import { MANAGED_ORIGIN_REQUEST_POLICIES } from '../../src/kernel/distribution/managed-policies.ts';
import type { OriginRequestPolicyConfig } from '../../src/kernel/distribution/model.ts';
import { behavior, distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());

const NOTHING: OriginRequestPolicyConfig = {
  ...{ name: 'p', comment: '', headersConfig: { headerBehavior: 'none', headers: [] } },
  cookiesConfig: { cookieBehavior: 'none', cookies: [] },
  queryStringsConfig: { queryStringBehavior: 'none', queryStrings: [] },
};
const ALL_VIEWER = MANAGED_ORIGIN_REQUEST_POLICIES['216adef6-5c7f-47e4-b989-5492eafa07d3'] ?? NOTHING;

/** An origin that answers by a field, and says so; the key holds the path alone. */
async function varyingBy(name: string, policy: Partial<OriginRequestPolicyConfig>): Promise<void> {
  edge = await startSiteEdge((origin) =>
    site({
      distributions: {
        dist: distribution([originAt(origin.url)], {
          defaultCacheBehavior: behavior({ originRequestPolicyId: 'p' }),
        }),
      },
      originRequestPolicies: { p: { ...NOTHING, ...policy } },
    }),
  );
  edge.origin.script('/page', ({ headers }, response) => {
    response.setHeader('Vary', name);
    response.end(String(headers[name.toLowerCase()]));
  });
}

async function told(headers: Record<string, string>): Promise<string> {
  return (await edge.s.get('/page', { headers: { Host: HOST, ...headers } })).body.toString();
}

test('an answer that varies by cookies which the origin sees is for those who bring the same', async () => {
  await varyingBy('Cookie', { cookiesConfig: { cookieBehavior: 'all', cookies: [] } });
  expect([await told({ Cookie: 'a=1' }), await told({ Cookie: 'a=2' }), await told({ Cookie: 'a=1' })]).toEqual([
    'a=1',
    'a=2',
    'a=1',
  ]);
  expect(edge.origin.count('/page')).toBe(2);
});

test('an answer that varies by cookies which the origin never sees is one for all', async () => {
  await varyingBy('Cookie', { headersConfig: ALL_VIEWER.headersConfig });
  expect([await told({ Cookie: 'a=1' }), await told({ Cookie: 'a=2' })]).toEqual(['undefined', 'undefined']);
  expect(edge.origin.count('/page')).toBe(1);
});

test('an answer that varies by what the edge knows of viewers does so by that, not by what they say there', async () => {
  const name = 'CloudFront-Is-Mobile-Viewer';
  await varyingBy(name, { headersConfig: { headerBehavior: 'whitelist', headers: [name] } });
  const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148';
  expect(await told({ 'User-Agent': phone })).toBe('true');
  expect(await told({ 'User-Agent': 'curl', [name]: 'true' })).toBe('false');
  expect(await told({ 'User-Agent': phone, [name]: 'false' })).toBe('true');
  expect(edge.origin.count('/page')).toBe(2);
});

test('what a viewer says under a name that only proxies use makes no variants', async () => {
  await varyingBy('X-Forwarded-Host', { headersConfig: ALL_VIEWER.headersConfig });
  const [one, two] = [await told({ 'X-Forwarded-Host': 'a.example' }), await told({ 'X-Forwarded-Host': 'b.example' })];
  expect([one, two]).toEqual(['undefined', 'undefined']);
  expect(edge.origin.count('/page')).toBe(1);
});
