import { expect, test } from 'vitest';
import {
  FILMS_CACHE_POLICY_ID,
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from './managed-policies.ts';

test('cache policies keep for as long as their users count on', () => {
  const told = Object.values(MANAGED_CACHE_POLICIES).map((policy) => {
    const { enableAcceptEncodingGzip: gzip, enableAcceptEncodingBrotli: brotli } =
      policy.parametersInCacheKeyAndForwardedToOrigin;
    return [policy.name, policy.minTTL, policy.defaultTTL, policy.maxTTL, gzip, brotli].join(' ');
  });
  expect(told).toEqual([
    'Managed-CachingOptimized 1 86400 31536000 true true',
    'Managed-CachingOptimizedForUncompressedObjects 1 86400 31536000 false false',
    'Managed-CachingDisabled 0 0 0 false false',
    'Managed-Elemental-MediaPackage 0 86400 31536000 true false',
    'Managed-Amplify 2 2 600 true true',
    'Managed-UseOriginCacheControlHeaders 0 0 31536000 true true',
    'Managed-UseOriginCacheControlHeaders-QueryStrings 0 0 31536000 true true',
    'Managed-Films 0 0 31536000 true true',
  ]);
});

test('in the key of films is nothing but the path', () => {
  const key = MANAGED_CACHE_POLICIES[FILMS_CACHE_POLICY_ID]?.parametersInCacheKeyAndForwardedToOrigin;
  expect(key).toMatchObject({
    headersConfig: { headerBehavior: 'none' },
    cookiesConfig: { cookieBehavior: 'none' },
    queryStringsConfig: { queryStringBehavior: 'none' },
  });
});

test('origin request policies send what their names say', () => {
  const told = Object.values(MANAGED_ORIGIN_REQUEST_POLICIES).map(
    ({ name, headersConfig: { headerBehavior, headers }, cookiesConfig, queryStringsConfig }) =>
      [
        ...[name.replace('Managed-', ''), headerBehavior, headers.length],
        ...[cookiesConfig.cookieBehavior, queryStringsConfig.queryStringBehavior],
      ].join(' '),
  );
  expect(told).toEqual([
    'AllViewer allViewer 0 all all',
    'AllViewerAndCloudFrontHeaders-2022-06 allViewerAndWhitelistCloudFront 21 all all',
    'AllViewerExceptHostHeader allExcept 1 all all',
    'CORS-CustomOrigin whitelist 1 none none',
    'CORS-S3Origin whitelist 3 none none',
    'Elemental-MediaTailor-PersonalizedManifests whitelist 5 none all',
    'HostHeaderOnly whitelist 1 none none',
    'UserAgentRefererHeaders whitelist 2 none none',
  ]);
});

test('response headers policies are five, and only nosniff overrides', () => {
  const all = Object.values(MANAGED_RESPONSE_HEADERS_POLICIES);
  expect(all.map(({ name }) => name)).toEqual([
    'Managed-SimpleCORS',
    'Managed-CORS-With-Preflight',
    'Managed-SecurityHeadersPolicy',
    'Managed-CORS-and-SecurityHeadersPolicy',
    'Managed-CORS-with-preflight-and-SecurityHeadersPolicy',
  ]);
  const overriding = all.flatMap(({ securityHeadersConfig = {} }) =>
    Object.entries(securityHeadersConfig).flatMap(([name, rule]) => (rule.override ? name : [])),
  );
  expect(new Set(overriding)).toEqual(new Set(['contentTypeOptions']));
});

test('every id is a UUID and stands for one policy', () => {
  const tables = [MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES, MANAGED_RESPONSE_HEADERS_POLICIES];
  const ids = tables.flatMap((table) => Object.keys(table));
  expect(new Set(ids).size).toBe(21);
  expect(ids.filter((id) => !/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id))).toEqual([]);
});
