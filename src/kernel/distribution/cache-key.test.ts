import { expect, test } from 'vitest';
import { compileCacheKey, type KeyedRequest } from './cache-key.ts';
import type { CacheKeyParameters } from './model.ts';

const NOTHING: CacheKeyParameters = {
  enableAcceptEncodingGzip: true,
  enableAcceptEncodingBrotli: true,
  headersConfig: { headerBehavior: 'none', headers: [] },
  cookiesConfig: { cookieBehavior: 'none', cookies: [] },
  queryStringsConfig: { queryStringBehavior: 'none', queryStrings: [], sortQueryStrings: false },
};

function keyOf(selected: Partial<CacheKeyParameters>, asked: Partial<KeyedRequest>): string {
  const parametersInCacheKeyAndForwardedToOrigin = { ...NOTHING, ...selected };
  const ttls = { minTTL: 0, defaultTTL: 0, maxTTL: 0 };
  const key = compileCacheKey({ name: 'x', comment: '', ...ttls, parametersInCacheKeyAndForwardedToOrigin });
  return key({ path: '/a', query: '', headers: {}, method: 'GET', ...asked });
}

const headers = (...names: string[]): Partial<CacheKeyParameters> => ({
  headersConfig: { headerBehavior: 'whitelist', headers: names },
});
const ALL_COOKIES: Partial<CacheKeyParameters> = { cookiesConfig: { cookieBehavior: 'all', cookies: [] } };
const ALL_QUERIES: Partial<CacheKeyParameters> = {
  queryStringsConfig: { queryStringBehavior: 'all', queryStrings: [], sortQueryStrings: false },
};
const SORTED: Partial<CacheKeyParameters> = {
  queryStringsConfig: { queryStringBehavior: 'whitelist', queryStrings: ['a', 'b'], sortQueryStrings: true },
};

test.each<[string, Partial<CacheKeyParameters>, Partial<KeyedRequest>, string]>([
  ['nothing selected', {}, { query: 'a=1', headers: { cookie: 'a=1', host: 'x', origin: 'y' } }, '/a'],
  ['HEAD', {}, { method: 'HEAD' }, '/a'],
  ['OPTIONS', {}, { method: 'OPTIONS' }, '/a\nmethod=OPTIONS'],
  ['the whole query', ALL_QUERIES, { query: 'b=2&a=%31' }, '/a?b=2&a=%31'],
  ['an empty query', ALL_QUERIES, { query: '' }, '/a'],
  ['some of the query, sorted', SORTED, { query: 'c=3&b=2&a=1' }, '/a?a=1&b=2'],
  [
    'fields by name, in order',
    headers('Origin', 'Host'),
    { headers: { origin: 'O', host: 'H' } },
    '/a\nhost:H\norigin:O',
  ],
  ['a field that is absent', headers('Origin'), {}, '/a'],
  ['a field that is empty', headers('Origin'), { headers: { origin: '' } }, '/a\norigin:'],
  ['a field named twice', headers('Host', 'host'), { headers: { host: 'H' } }, '/a\nhost:H'],
  ['codings', headers('Accept-Encoding'), { headers: { 'accept-encoding': 'br' } }, '/a'],
  ['cookies', ALL_COOKIES, { headers: { cookie: 'b=2; a=1' } }, '/a\ncookies=a=1; b=2'],
  ['a cookie field that cannot be read', ALL_COOKIES, { headers: { cookie: 'nonsense' } }, '/a'],
  [
    'the cookies of a signature',
    ALL_COOKIES,
    { headers: { cookie: 'CloudFront-Policy=p; a=1; CloudFront-Signature=s; CloudFront-Key-Pair-Id=k' } },
    '/a\ncookies=a=1',
  ],
  [
    'everything',
    { ...headers('Host'), ...ALL_COOKIES, ...ALL_QUERIES },
    { method: 'OPTIONS', query: 'q', headers: { host: 'H', cookie: 'c=1' } },
    '/a?q\nmethod=OPTIONS\nhost:H\ncookies=c=1',
  ],
  [
    'what the edge knows of the viewer',
    headers('CloudFront-Viewer-Country'),
    { added: new Map([['cloudfront-viewer-country', 'DE']]), headers: { 'cloudfront-viewer-country': 'US' } },
    '/a\ncloudfront-viewer-country:DE',
  ],
  [
    'what a viewer says in the name of the edge',
    headers('CloudFront-Viewer-Country'),
    { headers: { 'cloudfront-viewer-country': 'US' } },
    '/a',
  ],
  [
    'a value that would be another line',
    headers('Origin'),
    { headers: { origin: 'O\nhost:evil\\n' } },
    '/a\norigin:O\\nhost:evil\\\\n',
  ],
])('the key with %s', (_what, selected, asked, key) => {
  expect(keyOf(selected, asked)).toBe(key);
});
