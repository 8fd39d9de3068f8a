import { describe, expect, test } from 'vitest';
import type { CachePolicyConfig, OriginRequestPolicyConfig, Selection } from './model.ts';
import { compileOriginRequest, forwardsCookies, type OriginRules } from './origin-request.ts';

type Listed = readonly [behavior: Selection, names?: readonly string[]];
interface Policies {
  readonly keyed?: readonly string[];
  readonly keyedCookies?: Listed;
  readonly keyedQuery?: Listed;
  readonly sorted?: boolean;
  readonly asked?: readonly [OriginRequestPolicyConfig['headersConfig']['headerBehavior'], (readonly string[])?];
  readonly askedCookies?: Listed;
  readonly askedQuery?: Listed;
  readonly rules?: Partial<OriginRules>;
}

function cachePolicy({ keyed, keyedCookies, keyedQuery, sorted = false }: Policies): CachePolicyConfig {
  return {
    ...{ name: 'x', comment: '', minTTL: 0, defaultTTL: 0, maxTTL: 0 },
    parametersInCacheKeyAndForwardedToOrigin: {
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
      headersConfig: { headerBehavior: keyed ? 'whitelist' : 'none', headers: keyed ?? [] },
      cookiesConfig: { cookieBehavior: keyedCookies?.[0] ?? 'none', cookies: keyedCookies?.[1] ?? [] },
      queryStringsConfig: {
        queryStringBehavior: keyedQuery?.[0] ?? 'none',
        queryStrings: keyedQuery?.[1] ?? [],
        sortQueryStrings: sorted,
      },
    },
  };
}

function requestPolicy({ asked, askedCookies, askedQuery }: Policies): OriginRequestPolicyConfig | undefined {
  if (!asked && !askedCookies && !askedQuery) return undefined;
  return {
    ...{ name: 'x', comment: '' },
    headersConfig: { headerBehavior: asked?.[0] ?? 'none', headers: asked?.[1] ?? [] },
    cookiesConfig: { cookieBehavior: askedCookies?.[0] ?? 'none', cookies: askedCookies?.[1] ?? [] },
    queryStringsConfig: { queryStringBehavior: askedQuery?.[0] ?? 'none', queryStrings: askedQuery?.[1] ?? [] },
  };
}

const RULES: OriginRules = { customHeaders: [], cachedMethods: ['GET', 'HEAD'], takesViewerHost: true };

function ask(
  policies: Policies,
  { method = 'GET', query = '', fields = [] as string[], added = new Map<string, string>() } = {},
) {
  const compiled = compileOriginRequest(cachePolicy(policies), requestPolicy(policies), {
    ...RULES,
    ...policies.rules,
  });
  const headers: Record<string, string> = {};
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]?.toLowerCase() ?? '';
    headers[name] = headers[name] === undefined ? `${fields[at + 1]}` : `${headers[name]}, ${fields[at + 1]}`;
  }
  return compiled({ method, query, rawHeaders: fields, headers }, added);
}

describe('what goes on by the two policies', () => {
  const QUERY = 'd=4&b=2&a=1&c=3';
  const COOKIES = ['Cookie', 'd=4; b=2; a=1; c=3'];
  test.each<[cache: Listed, request: Listed | undefined, query: string]>([
    [['none'], undefined, ''],
    [['none'], ['none'], ''],
    [['none'], ['all'], 'd=4&b=2&a=1&c=3'],
    [['none'], ['whitelist', ['a', 'b']], 'b=2&a=1'],
    [['none'], ['allExcept', ['a', 'b']], 'd=4&c=3'],
    [['all'], undefined, 'd=4&b=2&a=1&c=3'],
    [['all'], ['all'], 'd=4&b=2&a=1&c=3'],
    [['all'], ['whitelist', ['a']], 'd=4&b=2&a=1&c=3'],
    [['all'], ['allExcept', ['a']], 'd=4&b=2&a=1&c=3'],
    [['whitelist', ['a', 'b']], undefined, 'b=2&a=1'],
    [['whitelist', ['a', 'b']], ['all'], 'd=4&b=2&a=1&c=3'],
    [['whitelist', ['a', 'b']], ['whitelist', ['b', 'c']], 'b=2&a=1&c=3'],
    [['whitelist', ['a', 'b']], ['allExcept', ['b', 'c']], 'd=4&b=2&a=1'],
    [['allExcept', ['a', 'b']], undefined, 'd=4&c=3'],
    [['allExcept', ['a', 'b']], ['all'], 'd=4&b=2&a=1&c=3'],
    [['allExcept', ['a', 'b']], ['whitelist', ['a']], 'd=4&a=1&c=3'],
    [['allExcept', ['a', 'b']], ['allExcept', ['b', 'c']], 'd=4'],
  ])('%j in the key, %j beside it: %s', (keyed, asked, query) => {
    const policies: Policies = {
      ...{ keyedQuery: keyed, keyedCookies: keyed },
      ...(asked ? { askedQuery: asked, askedCookies: asked } : {}),
    };
    const sent = ask(policies, { query: QUERY, fields: COOKIES });
    expect(sent.query).toBe(query);
    const cookies = query === '' ? [] : query.split('&').sort();
    expect(sent.fields).toEqual(cookies.length === 0 ? [] : ['Cookie', cookies.join('; ')]);
    expect(forwardsCookies(cachePolicy(policies), requestPolicy(policies))).toBe(query !== '');
  });

  const FIELDS = ['A', '1', 'B', '2', 'C', '3', 'D', '4'];
  test.each<[keyed: readonly string[] | undefined, asked: Policies['asked'], names: string]>([
    [undefined, undefined, ''],
    [undefined, ['none'], ''],
    [undefined, ['allViewer'], 'ABCD'],
    [undefined, ['allViewerAndWhitelistCloudFront', []], 'ABCD'],
    [undefined, ['whitelist', ['a', 'B']], 'AB'],
    [undefined, ['allExcept', ['a', 'B']], 'CD'],
    [['a', 'b'], undefined, 'AB'],
    [['a', 'b'], ['allViewer'], 'ABCD'],
    [['a', 'b'], ['whitelist', ['b', 'c']], 'ABC'],
    [['a', 'b'], ['allExcept', ['b', 'c']], 'ABD'],
  ])('fields: %j in the key, %j beside it: %s', (keyed, asked, names) => {
    const sent = ask({ ...(keyed ? { keyed } : {}), ...(asked ? { asked } : {}) }, { fields: FIELDS });
    expect(sent.fields.filter((_, at) => at % 2 === 0).join('')).toBe(names);
  });
});

test('parameters whose order is not in the key reach the origin in one order', () => {
  expect(ask({ keyedQuery: ['all'], sorted: true }, { query: 'b=2&a=1' }).query).toBe('a=1&b=2');
});

test('no field goes on unless a policy says so', () => {
  const fields = [
    ...['Accept', '*/*', 'Accept-Language', 'de', 'Referer', 'r', 'Origin', 'o', 'X-Own', '1', 'User-Agent', 'u'],
    ...['Cookie', 'a=1', 'X-HTTP-Method-Override', 'PUT', 'X-Forwarded-Proto', 'https', 'X-Real-IP', '1.1.1.1'],
  ];
  expect(ask({}, { fields })).toEqual({ query: '', fields: [], viewerHost: false });
});

test('some fields never go on, whatever a policy says', () => {
  const fields = [
    ...['Connection', 'X-Hop, close', 'X-Hop', '1', 'TE', 'trailers', 'Upgrade', 'h2c', 'Transfer-Encoding', 'chunked'],
    ...['Proxy-Authorization', 'p', 'Keep-Alive', '1', 'X-Edge-Location', 'e', 'CloudFront-Viewer-Country', 'XX'],
    ...['Host', 'h', 'Via', 'v', 'X-Forwarded-For', '1.1.1.1', 'CDN-Loop', 'l', 'Accept-Encoding', 'br', 'Range', 'r'],
    ...['If-None-Match', '"1"', 'If-Modified-Since', 'd', 'If-Range', '"1"', 'Expect', '100-continue'],
    ...['Frontrow-Edge-Signature', 's', 'Max-Forwards', '1', 'Surrogate-Capability', 'x', 'Content-Length', '0'],
  ];
  const names = fields.filter((_, at) => at % 2 === 0);
  expect(ask({ asked: ['allViewer'] }, { fields }).fields).toEqual([]);
  expect(ask({ keyed: names, asked: ['whitelist', names] }, { fields }).fields).toEqual([]);
});

test('what tells of a proxy goes on only where it is named', () => {
  const fields = ['X-Forwarded-Host', 'h', 'X-Forwarded-Proto', 'https', 'Forwarded', 'for=x', 'X-Real-IP', '1.1.1.1'];
  expect(ask({ asked: ['allViewer'] }, { fields }).fields).toEqual([]);
  expect(ask({ asked: ['allExcept', []] }, { fields }).fields).toEqual([]);
  expect(ask({ asked: ['whitelist', ['X-Forwarded-Host']] }, { fields }).fields).toEqual(['X-Forwarded-Host', 'h']);
});

describe('the host', () => {
  test.each<[Policies, boolean]>([
    [{}, false],
    [{ keyed: ['Host'] }, true],
    [{ asked: ['whitelist', ['host']] }, true],
    [{ asked: ['allViewer'] }, true],
    [{ asked: ['allViewerAndWhitelistCloudFront', []] }, true],
    [{ asked: ['allExcept', ['Host']] }, false],
    [{ asked: ['allExcept', ['Accept']] }, true],
    [{ keyed: ['Host'], asked: ['allViewer'], rules: { takesViewerHost: false } }, false],
  ])('by %j is the viewer’s: %s', (policies, is) => {
    const sent = ask(policies, { fields: ['Host', 'h'] });
    expect([sent.viewerHost, sent.fields]).toEqual([is, []]);
  });
});

describe('Authorization', () => {
  const fields = ['Authorization', 'Basic x'];
  test.each<[string, Policies, boolean]>([
    ['GET', {}, false],
    ['HEAD', { asked: ['none'] }, false],
    ['GET', { asked: ['whitelist', ['Authorization']] }, false],
    ['GET', { keyed: ['Authorization'] }, true],
    ['GET', { keyed: ['authorization'], asked: ['whitelist', ['X']] }, true],
    ['GET', { asked: ['allViewer'] }, true],
    ['GET', { asked: ['allExcept', ['Host']] }, true],
    ['GET', { asked: ['allExcept', ['Authorization']] }, false],
    ['POST', {}, true],
    ['OPTIONS', {}, true],
    ['OPTIONS', { rules: { cachedMethods: ['GET', 'HEAD', 'OPTIONS'] } }, false],
  ])('of %s goes on by %j: %s', (method, policies, is) => {
    expect(ask(policies, { method, fields }).fields).toEqual(is ? fields : []);
  });
});

test('with a body goes what it is', () => {
  const fields = ['Content-Type', 'a/b', 'Content-Length', '3', 'Content-Encoding', 'br', 'X', 'y'];
  expect(ask({}, { method: 'POST', fields }).fields).toEqual(fields.slice(0, 6));
  expect(ask({}, { method: 'GET', fields }).fields).toEqual([]);
});

test('a field in several lines goes on in the one form that is in the key', () => {
  const fields = ['X', '1', 'x', '2'];
  expect(ask({ keyed: ['X'] }, { fields }).fields).toEqual(['X', '1, 2']);
});

test('what the edge knows of the viewer goes on where it is named, and never what he says himself', () => {
  const added = new Map([
    ['cloudfront-viewer-country', 'DE'],
    ['cloudfront-viewer-city', 'Ulm'],
  ]);
  const fields = ['CloudFront-Viewer-Country', 'XX', 'CloudFront-Viewer-ASN', '1'];
  const names = ['CloudFront-Viewer-Country', 'CloudFront-Viewer-ASN'];
  const told = ['CloudFront-Viewer-Country', 'DE'];
  expect(ask({ keyed: names }, { added, fields }).fields).toEqual(told);
  expect(ask({ asked: ['whitelist', names] }, { added, fields }).fields).toEqual(told);
  expect(ask({ asked: ['allViewerAndWhitelistCloudFront', names] }, { added, fields }).fields).toEqual(told);
  expect(ask({ asked: ['allViewer'] }, { added, fields }).fields).toEqual([]);
  expect(ask({ asked: ['allExcept', ['x']] }, { added, fields }).fields).toEqual([]);
});

test('fields of the operator’s replace those of the same name', () => {
  const customHeaders = [
    { headerName: 'X-Secret', headerValue: 's' },
    { headerName: 'CloudFront-Viewer-City', headerValue: 'c' },
  ];
  const sent = ask(
    { keyed: ['x-secret', 'A', 'CloudFront-Viewer-City'], rules: { customHeaders } },
    { fields: ['X-SECRET', 'guess', 'A', '1'], added: new Map([['cloudfront-viewer-city', 'Ulm']]) },
  );
  expect(sent.fields).toEqual(['A', '1', 'X-Secret', 's', 'CloudFront-Viewer-City', 'c']);
});
