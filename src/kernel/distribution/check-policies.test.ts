import { describe, expect, test } from 'vitest';
import type { Surroundings } from './check.ts';
import {
  cachePolicyFaults,
  keyGroupFaults,
  originAccessControlFaults,
  originRequestPolicyFaults,
  responseHeadersPolicyFaults,
} from './check-policies.ts';
import {
  fillCachePolicy,
  fillDistribution,
  fillKeyGroup,
  fillOriginAccessControl,
  fillOriginRequestPolicy,
  fillResponseHeadersPolicy,
} from './defaults.ts';
import type {
  CachePolicyDraft,
  KeyGroupDraft,
  OriginAccessControlDraft,
  OriginRequestPolicyDraft,
  ResponseHeadersPolicyDraft,
} from './draft.ts';
import { MANAGED_CACHE_POLICIES } from './managed-policies.ts';

const around: Surroundings = {
  id: 'this',
  ownAddresses: [],
  signingKeys: new Map([['K1', { isRevoked: false }]]),
  documents: {
    distribution: {
      ds_a: fillDistribution({
        origins: [{ id: 'bucket', domainName: 's3.example', s3OriginConfig: {}, originAccessControlId: 'this' }],
        defaultCacheBehavior: { targetOriginId: 'bucket' },
      }),
    },
    'cache-policy': { ...MANAGED_CACHE_POLICIES, cp_a: fillCachePolicy({ name: 'taken' }) },
    'origin-request-policy': {},
    'response-headers-policy': {},
    'key-group': {},
    'origin-access-control': {},
  },
};

const sentences = (faults: Iterable<{ says: string }>) => [...faults].map(({ says }) => says);

describe('a cache policy', () => {
  type Parameters = NonNullable<CachePolicyDraft['parametersInCacheKeyAndForwardedToOrigin']>;
  const check = (more: Partial<CachePolicyDraft>) =>
    sentences(cachePolicyFaults(fillCachePolicy({ name: 'x', ...more }), around));
  const keyed = (parameters: Parameters) => check({ parametersInCacheKeyAndForwardedToOrigin: parameters });
  const AT = 'body.parametersInCacheKeyAndForwardedToOrigin';

  test.each([
    [{}, [0, 86_400, 31_536_000]],
    [{ minTTL: 100_000 }, [100_000, 100_000, 31_536_000]],
    [{ minTTL: 40_000_000 }, [40_000_000, 40_000_000, 40_000_000]],
    [{ maxTTL: 60 }, [0, 60, 60]],
    [{ defaultTTL: 40_000_000 }, [0, 40_000_000, 40_000_000]],
  ])('of times %j has all three', (times, expected) => {
    const { minTTL, defaultTTL, maxTTL } = fillCachePolicy({ name: 'x', ...times });
    expect([minTTL, defaultTTL, maxTTL]).toEqual(expected);
    expect(check(times)).toEqual([]);
  });

  test('keeps its times in order', () => {
    expect(check({ minTTL: 9, defaultTTL: 5, maxTTL: 3 })).toEqual([
      'body.defaultTTL is less than minTTL, 9.',
      'body.maxTTL is less than defaultTTL, 5.',
    ]);
  });

  test('has a name of its own', () => {
    expect(check({ name: 'taken' })).toEqual(['body.name is the name of cp_a already.']);
    expect(check({ name: 'Managed-Mine' })).toEqual([
      'body.name begins with Managed-, as those of managed policies do.',
    ]);
  });

  test.each<[Parameters, string]>([
    [
      { headersConfig: { headerBehavior: 'whitelist' } },
      'headersConfig.headers is empty, but whitelist selects by name.',
    ],
    [{ headersConfig: { headers: ['X'] } }, 'headersConfig.headers must be empty: none does not select by name.'],
    [
      { headersConfig: { headerBehavior: 'whitelist', headers: ['X', 'x'] } },
      'headersConfig.headers[1] is there twice.',
    ],
    [
      { headersConfig: { headerBehavior: 'whitelist', headers: ['a b'] } },
      'headersConfig.headers[0] is not the name of a header field.',
    ],
    [
      { headersConfig: { headerBehavior: 'whitelist', headers: ['Cookie'] } },
      'headersConfig.headers[0] is selected by cookiesConfig.',
    ],
    [
      { headersConfig: { headerBehavior: 'whitelist', headers: ['TE'] } },
      'headersConfig.headers[0] is a field of the connection, which no policy selects.',
    ],
    [
      { enableAcceptEncodingGzip: true, headersConfig: { headerBehavior: 'whitelist', headers: ['Accept-Encoding'] } },
      'headersConfig.headers[0] is in the cache key by enableAcceptEncodingGzip and Brotli already.',
    ],
    [
      { cookiesConfig: { cookieBehavior: 'all', cookies: ['a'] } },
      'cookiesConfig.cookies must be empty: all does not select by name.',
    ],
    [
      { cookiesConfig: { cookieBehavior: 'allExcept', cookies: ['a;b'] } },
      'cookiesConfig.cookies[0] is not the name of a cookie.',
    ],
    [
      { queryStringsConfig: { queryStringBehavior: 'whitelist', queryStrings: ['a', 'a'] } },
      'queryStringsConfig.queryStrings[1] is there twice.',
    ],
  ])('selects what can be selected (%#)', (parameters, sentence) => {
    expect(keyed(parameters)).toEqual([`${AT}.${sentence}`]);
  });
});

describe('an origin request policy', () => {
  const check = (more: Partial<OriginRequestPolicyDraft>) =>
    sentences(originRequestPolicyFaults(fillOriginRequestPolicy({ name: 'x', ...more }), around));

  test('adds fields of CloudFront alone to all of the viewer', () => {
    const headerBehavior = 'allViewerAndWhitelistCloudFront';
    expect(check({ headersConfig: { headerBehavior, headers: ['CloudFront-Viewer-City'] } })).toEqual([]);
    expect(check({ headersConfig: { headerBehavior, headers: ['X-Mine'] } })).toEqual([
      'body.headersConfig.headers[0] is none of the CloudFront-… fields, which alone are added by name.',
    ]);
  });

  test('selects what can be selected', () => {
    expect(check({ headersConfig: { headerBehavior: 'allExcept' } })).toHaveLength(1);
    expect(check({ headersConfig: { headerBehavior: 'allExcept', headers: ['Host'] } })).toEqual([]);
    expect(check({ cookiesConfig: { cookieBehavior: 'whitelist' } })).toEqual([
      'body.cookiesConfig.cookies is empty, but whitelist selects by name.',
    ]);
  });
});

describe('a response headers policy', () => {
  const check = (more: Partial<ResponseHeadersPolicyDraft>) =>
    sentences(responseHeadersPolicyFaults(fillResponseHeadersPolicy({ name: 'x', ...more }), around));
  const set = (header: string, value = 'x') => ({ customHeadersConfig: [{ header, value }] });

  test('of everything that fits is taken', () => {
    const corsConfig = {
      accessControlAllowOrigins: [
        '*',
        'https://www.example.com',
        'http://*',
        '*.example.com:8080',
        'https://*.example.com',
        'null',
      ],
      accessControlAllowHeaders: ['*', 'X-A'],
      accessControlAllowMethods: ['ALL' as const],
      accessControlMaxAgeSec: 600,
    };
    expect(check({ corsConfig, ...set('X-Mine'), removeHeadersConfig: ['Server', 'X-Powered-By'] })).toEqual([]);
  });

  test.each<[Partial<ResponseHeadersPolicyDraft>, string]>([
    [
      { corsConfig: { accessControlAllowOrigins: ['https://a b'] } },
      'body.corsConfig.accessControlAllowOrigins[0] is not an origin, such as https://www.example.com.',
    ],
    [
      { corsConfig: { accessControlAllowOrigins: ['https://a.example/path'] } },
      'body.corsConfig.accessControlAllowOrigins[0] is not an origin, such as https://www.example.com.',
    ],
    [
      { corsConfig: { accessControlAllowCredentials: true } },
      'body.corsConfig.accessControlAllowOrigins cannot be * together with accessControlAllowCredentials, which browsers refuse.',
    ],
    [
      { corsConfig: { accessControlAllowMethods: ['ALL', 'GET'] } },
      'body.corsConfig.accessControlAllowMethods cannot have others beside ALL.',
    ],
    [
      { corsConfig: { accessControlExposeHeaders: ['a b'] } },
      'body.corsConfig.accessControlExposeHeaders[0] is not the name of a header field.',
    ],
    [set('Content-Length'), 'body.customHeadersConfig[0].header is a field that the edge writes itself.'],
    [set('X-Amz-Cf-Id'), 'body.customHeadersConfig[0].header is a field that the edge writes itself.'],
    [set('Access-Control-Allow-Origin'), 'body.customHeadersConfig[0].header is set by corsConfig.'],
    [set('X-Frame-Options'), 'body.customHeadersConfig[0].header is set by securityHeadersConfig.frameOptions.'],
    [set('X-A', 'a\nb'), 'body.customHeadersConfig[0].value has characters that a header field cannot have.'],
    [
      {
        customHeadersConfig: [
          { header: 'X-A', value: '1' },
          { header: 'x-a', value: '2' },
        ],
      },
      'body.customHeadersConfig[1].header is there twice.',
    ],
    [
      { removeHeadersConfig: ['Transfer-Encoding'] },
      'body.removeHeadersConfig[0] is a field that the answer cannot do without.',
    ],
    [
      { securityHeadersConfig: { contentSecurityPolicy: { contentSecurityPolicy: 'a\nb', override: true } } },
      'body.securityHeadersConfig.contentSecurityPolicy.contentSecurityPolicy has characters that a header field cannot have.',
    ],
    [
      {
        securityHeadersConfig: {
          xssProtection: { protection: true, modeBlock: true, reportUri: '/x', override: true },
        },
      },
      'body.securityHeadersConfig.xssProtection.reportUri cannot stand beside modeBlock, and must be a URI.',
    ],
  ])('that would not work is refused (%#)', (more, sentence) => {
    expect(check(more)).toEqual([sentence]);
  });
});

describe('a key group', () => {
  const check = (more: Partial<KeyGroupDraft>) =>
    sentences(keyGroupFaults(fillKeyGroup({ name: 'x', ...more }), around));
  const HTTPS = 'body.jwksUrl is not an https URL (http is for this very machine alone).';

  test.each<[Partial<KeyGroupDraft>, string[]]>([
    [{ items: ['K1'] }, []],
    [{ jwksUrl: 'https://login.example/jwks' }, []],
    [{ jwksUrl: 'http://127.0.0.1:9000/jwks' }, []],
    [{}, ['body.items is empty and there is no jwksUrl: nobody could be let in.']],
    [{ items: ['K2'] }, ['body.items[0] is no signing key.']],
    [{ items: ['K1', 'K1'] }, ['body.items[1] is there twice.']],
    [{ jwksUrl: 'http://login.example/jwks' }, [HTTPS]],
    [{ jwksUrl: 'http://localhost.example/jwks' }, [HTTPS]],
    [{ jwksUrl: 'file:///etc/passwd' }, [HTTPS]],
    [{ jwksUrl: 'https://a:b@login.example/' }, ['body.jwksUrl cannot have a user name, a password or a fragment.']],
  ])('names keys that are there (%#)', (more, expected) => {
    expect(check(more)).toEqual(expected);
  });
});

describe('an origin access control', () => {
  const check = (more: Partial<OriginAccessControlDraft>, id = 'other') =>
    sentences(originAccessControlFaults(fillOriginAccessControl({ name: 'x', ...more }), { ...around, id }));
  const keys = { region: 'eu-central-1', accessKeyId: 'AKIA' };

  test.each<[Partial<OriginAccessControlDraft>, string[]]>([
    [keys, []],
    [{ signingProtocol: 'edge' }, []],
    [{}, ['body.region is missing: sigv4 needs it.', 'body.accessKeyId is missing: sigv4 needs it.']],
    [{ signingProtocol: 'edge', region: 'x' }, ['body.region is for sigv4 only.']],
    [
      { ...keys, originAccessControlOriginType: 'custom' },
      ['body.originAccessControlOriginType must be s3 for sigv4.'],
    ],
  ])('has what its protocol needs (%#)', (more, expected) => {
    expect(check(more)).toEqual(expected);
  });

  test('stays one for S3 while a bucket uses it', () => {
    expect(check({ signingProtocol: 'edge' }, 'this')).toEqual([
      'body.originAccessControlOriginType must stay s3 for the origin bucket of the distribution ds_a.',
    ]);
  });
});
