import type {
  CacheKeyParameters,
  CachePolicyConfig,
  CorsConfig,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
  SecurityHeadersConfig,
} from './model.ts';

/** Policies that are there without anybody having made them, under CloudFront's names and ids: configurations hold the ids. */

/** How films and live playlists are kept: as our origin says, whatever else a viewer sends. */
export const FILMS_CACHE_POLICY_ID = 'f1f1f1f1-0000-4000-8000-00000000f11a';

const YEAR_SECONDS = 31_536_000;
const DAY_SECONDS = 86_400;

interface Keyed {
  readonly headers?: readonly string[];
  readonly queryStrings?: readonly string[] | 'all';
  readonly allCookies?: boolean;
  readonly codings: 'both' | 'gzip' | 'none';
}

function cachePolicy(
  name: string,
  comment: string,
  [minTTL, defaultTTL, maxTTL]: readonly [number, number, number],
  keyed: Keyed,
): CachePolicyConfig {
  const key = keyParameters(keyed);
  return { name, comment, minTTL, defaultTTL, maxTTL, parametersInCacheKeyAndForwardedToOrigin: key };
}

function keyParameters({ headers = [], queryStrings = [], allCookies = false, codings }: Keyed): CacheKeyParameters {
  const queries = queryStrings === 'all' ? [] : queryStrings;
  return {
    enableAcceptEncodingGzip: codings !== 'none',
    enableAcceptEncodingBrotli: codings === 'both',
    headersConfig: { headerBehavior: headers.length > 0 ? 'whitelist' : 'none', headers },
    cookiesConfig: { cookieBehavior: allCookies ? 'all' : 'none', cookies: [] },
    queryStringsConfig: {
      queryStringBehavior: queryStrings === 'all' ? 'all' : queries.length > 0 ? 'whitelist' : 'none',
      queryStrings: queries,
      sortQueryStrings: false,
    },
  };
}

const OVERRIDES = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];

export const MANAGED_CACHE_POLICIES: Readonly<Record<string, CachePolicyConfig>> = {
  '658327ea-f89d-4fab-a63d-7e88639e58f6': cachePolicy(
    'Managed-CachingOptimized',
    'Keeps for a day where the origin does not say; nothing but the path and the coding is in the key.',
    [1, DAY_SECONDS, YEAR_SECONDS],
    { codings: 'both' },
  ),
  'b2884449-e4de-46a7-ac36-70bc7f1ddd6d': cachePolicy(
    'Managed-CachingOptimizedForUncompressedObjects',
    'The same for what is not compressed.',
    [1, DAY_SECONDS, YEAR_SECONDS],
    { codings: 'none' },
  ),
  '4135ea2d-6df8-44a3-9df3-4b5a84be39ad': cachePolicy('Managed-CachingDisabled', 'Keeps nothing.', [0, 0, 0], {
    codings: 'none',
  }),
  '08627262-05a9-4f76-9ded-b50ca2e3a84f': cachePolicy(
    'Managed-Elemental-MediaPackage',
    'For origins that are AWS Elemental MediaPackage.',
    [0, DAY_SECONDS, YEAR_SECONDS],
    { headers: ['Origin'], queryStrings: ['aws.manifestfilter', 'start', 'end', 'm'], codings: 'gzip' },
  ),
  '2e54312d-136d-493c-8eb9-b001f22f67d2': cachePolicy(
    'Managed-Amplify',
    'For origins that are AWS Amplify.',
    [2, 2, 600],
    {
      headers: ['Authorization', 'CloudFront-Viewer-Country', 'Host'],
      ...{ queryStrings: 'all', allCookies: true, codings: 'both' },
    },
  ),
  '83da9c7e-98b4-4e11-a168-04f0df8e2c65': cachePolicy(
    'Managed-UseOriginCacheControlHeaders',
    'Keeps as the origin says, and not where it says nothing; without the query.',
    [0, 0, YEAR_SECONDS],
    { headers: ['Host', 'Origin', ...OVERRIDES], allCookies: true, codings: 'both' },
  ),
  '4cc15a8a-d715-48a4-82b8-cc0b614638fe': cachePolicy(
    'Managed-UseOriginCacheControlHeaders-QueryStrings',
    'Keeps as the origin says, and not where it says nothing; with the query.',
    [0, 0, YEAR_SECONDS],
    { headers: ['Host', 'Origin', ...OVERRIDES], queryStrings: 'all', allCookies: true, codings: 'both' },
  ),
  [FILMS_CACHE_POLICY_ID]: cachePolicy(
    'Managed-Films',
    'Keeps films and live streams as Frontrow’s own origin says.',
    [0, 0, YEAR_SECONDS],
    { codings: 'both' },
  ),
};

function requestPolicy(
  name: string,
  comment: string,
  [headerBehavior, ...headers]: readonly [OriginRequestPolicyConfig['headersConfig']['headerBehavior'], ...string[]],
  { cookies = false, queries = false } = {},
): OriginRequestPolicyConfig {
  return {
    ...{ name, comment, headersConfig: { headerBehavior, headers } },
    cookiesConfig: { cookieBehavior: cookies ? 'all' : 'none', cookies: [] },
    queryStringsConfig: { queryStringBehavior: queries ? 'all' : 'none', queryStrings: [] },
  };
}

const PREFLIGHT = ['Origin', 'Access-Control-Request-Headers', 'Access-Control-Request-Method'];
const OF_VIEWER_2022: readonly string[] = [
  'Forwarded-Proto',
  ...['Is-Android-Viewer', 'Is-Desktop-Viewer', 'Is-IOS-Viewer', 'Is-Mobile-Viewer', 'Is-SmartTV-Viewer'],
  ...['Is-Tablet-Viewer', 'Viewer-Address', 'Viewer-ASN', 'Viewer-City', 'Viewer-Country', 'Viewer-Country-Name'],
  ...['Viewer-Country-Region', 'Viewer-Country-Region-Name', 'Viewer-Http-Version', 'Viewer-Latitude'],
  ...['Viewer-Longitude', 'Viewer-Metro-Code', 'Viewer-Postal-Code', 'Viewer-Time-Zone', 'Viewer-TLS'],
].map((name) => `CloudFront-${name}`);
const ALL = { cookies: true, queries: true };

export const MANAGED_ORIGIN_REQUEST_POLICIES: Readonly<Record<string, OriginRequestPolicyConfig>> = {
  '216adef6-5c7f-47e4-b989-5492eafa07d3': requestPolicy(
    'Managed-AllViewer',
    'All of what a viewer sends, his host too.',
    ['allViewer'],
    ALL,
  ),
  '33f36d7e-f396-46d9-90e0-52428a34d9dc': requestPolicy(
    'Managed-AllViewerAndCloudFrontHeaders-2022-06',
    'All of what a viewer sends, and what the edge knows of him.',
    ['allViewerAndWhitelistCloudFront', ...OF_VIEWER_2022],
    ALL,
  ),
  'b689b0a8-53d0-40ab-baf2-68738e2966ac': requestPolicy(
    'Managed-AllViewerExceptHostHeader',
    'All of what a viewer sends, under the origin’s own host.',
    ['allExcept', 'Host'],
    ALL,
  ),
  '59781a5b-3903-41f3-afcb-af62929ccde1': requestPolicy(
    'Managed-CORS-CustomOrigin',
    'For origins that answer pages of other origins.',
    ['whitelist', 'Origin'],
  ),
  '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf': requestPolicy(
    'Managed-CORS-S3Origin',
    'For buckets that answer pages of other origins.',
    ['whitelist', ...PREFLIGHT],
  ),
  '775133bc-15f2-49f9-abea-afb2e0bf67d2': requestPolicy(
    'Managed-Elemental-MediaTailor-PersonalizedManifests',
    'For origins that are AWS Elemental MediaTailor.',
    ['whitelist', ...PREFLIGHT, 'User-Agent', 'X-Forwarded-For'],
    { queries: true },
  ),
  'bf0718e1-ba1e-49d1-88b1-f726733018ae': requestPolicy('Managed-HostHeaderOnly', 'The viewer’s host alone.', [
    'whitelist',
    'Host',
  ]),
  'acba4595-bd28-49b8-b9fe-13317c0390fa': requestPolicy(
    'Managed-UserAgentRefererHeaders',
    'What asks, and from which page.',
    ['whitelist', 'User-Agent', 'Referer'],
  ),
};

const SIMPLE_CORS: CorsConfig = {
  accessControlAllowOrigins: ['*'],
  accessControlAllowHeaders: [],
  accessControlAllowMethods: [],
  accessControlAllowCredentials: false,
  accessControlExposeHeaders: [],
  originOverride: false,
};
const PREFLIGHT_CORS: CorsConfig = {
  ...SIMPLE_CORS,
  accessControlAllowMethods: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'],
  accessControlExposeHeaders: ['*'],
};
const SECURITY: SecurityHeadersConfig = {
  referrerPolicy: { referrerPolicy: 'strict-origin-when-cross-origin', override: false },
  strictTransportSecurity: {
    accessControlMaxAgeSec: YEAR_SECONDS,
    ...{ includeSubdomains: false, preload: false, override: false },
  },
  contentTypeOptions: { override: true },
  frameOptions: { frameOption: 'SAMEORIGIN', override: false },
  xssProtection: { protection: true, modeBlock: true, override: false },
};

function responsePolicy(
  name: string,
  comment: string,
  corsConfig: CorsConfig | undefined,
  securityHeadersConfig: SecurityHeadersConfig | undefined,
): ResponseHeadersPolicyConfig {
  return {
    ...{ name, comment, customHeadersConfig: [], removeHeadersConfig: [] },
    ...(corsConfig ? { corsConfig } : {}),
    ...(securityHeadersConfig ? { securityHeadersConfig } : {}),
  };
}

export const MANAGED_RESPONSE_HEADERS_POLICIES: Readonly<Record<string, ResponseHeadersPolicyConfig>> = {
  '60669652-455b-4ae9-85a4-c4c02393f86c': responsePolicy(
    'Managed-SimpleCORS',
    'Pages of all origins may read answers.',
    SIMPLE_CORS,
    undefined,
  ),
  '5cc3b908-e619-4b99-88e5-2cf7f45965bd': responsePolicy(
    'Managed-CORS-With-Preflight',
    'Pages of all origins may ask in any way.',
    PREFLIGHT_CORS,
    undefined,
  ),
  '67f7725c-6f97-4210-82d7-5512b31e9d03': responsePolicy(
    'Managed-SecurityHeadersPolicy',
    'Browsers are careful.',
    undefined,
    SECURITY,
  ),
  'e61eb60c-9c35-4d20-a928-2b84e02af89c': responsePolicy(
    'Managed-CORS-and-SecurityHeadersPolicy',
    'Pages of all origins may read answers, and browsers are careful.',
    SIMPLE_CORS,
    SECURITY,
  ),
  'eaab4381-ed33-4a86-88ca-d9558dc6cd63': responsePolicy(
    'Managed-CORS-with-preflight-and-SecurityHeadersPolicy',
    'Pages of all origins may ask in any way, and browsers are careful.',
    PREFLIGHT_CORS,
    SECURITY,
  ),
};
