import { describe, expect, test } from 'vitest';
import { readCredential } from './credential.ts';

const COOKIES =
  'a=b; CloudFront-Policy=p; CloudFront-Signature=s; CloudFront-Key-Pair-Id=K; CloudFront-Hash-Algorithm=SHA256';
const BEARER = 'Bearer header.payload.signature';

describe('which credential counts', () => {
  test.each([
    ['none', '/a.ts', undefined, undefined, 'none'],
    ['cookies', '/a.ts', COOKIES, undefined, 'cookies'],
    ['bearer', '/a.ts', undefined, BEARER, 'token-bearer'],
    ['cookies before bearer, which may be for the site behind', '/a.ts', COOKIES, BEARER, 'cookies'],
    ['bearer before what is left of cookies', '/a.ts', 'CloudFront-Key-Pair-Id=K', BEARER, 'token-bearer'],
    ['?token= before bearer', '/a.ts?token=t', COOKIES, BEARER, 'token-query'],
    ['a signed URL before ?token=', '/a.ts?token=t&Signature=s', COOKIES, BEARER, 'url'],
    ['a token in the path before all', '/t/x.y.z/a.ts?token=t&Signature=s', COOKIES, BEARER, 'token-path'],
    ['a signing name without a value', '/a.ts?Policy', COOKIES, undefined, 'url'],
    ['a signing name in other letter case', '/a.ts?policy=p', undefined, undefined, 'none'],
    ['a signing name percent-encoded', '/a.ts?%50olicy=p', undefined, undefined, 'none'],
    ['another scheme of Authorization', '/a.ts', undefined, 'Basic dXNlcg==', 'none'],
    ['cookies in other letter case', '/a.ts', 'cloudfront-policy=p', undefined, 'none'],
    ['other cookies', '/a.ts', 'CloudFront-Viewer=x; session=y', undefined, 'none'],
    ['a folder called t', '/t/film.mp4', undefined, undefined, 'none'],
  ])('%s', (_, target, cookieHeader, authorizationHeader, carrier) => {
    expect(readCredential({ target, cookieHeader, authorizationHeader }).credential.carrier).toBe(carrier);
  });
});

describe('what is left of the target', () => {
  test.each([
    ['/a.ts', '/a.ts', ''],
    ['/a.ts?', '/a.ts', ''],
    ['/a.ts?Expires=1&Key-Pair-Id=K&Signature=s', '/a.ts', ''],
    ['/a.ts?b=2&Expires=1&a=%20+1&Signature=s&b=1', '/a.ts', 'b=2&a=%20+1&b=1'],
    ['/a.ts?x&&Hash-Algorithm=SHA1&y=', '/a.ts', 'x&&y='],
    ['/a.ts?token=t&v=1', '/a.ts', 'v=1'],
    ['/a.ts?mytoken=t', '/a.ts', 'mytoken=t'],
    ['/t/x.y.z/b/c.ts?v=1', '/b/c.ts', 'v=1'],
    ['/a.ts?q=a?b', '/a.ts', 'q=a?b'],
  ])('%s is %s and %j', (target, path, query) => {
    expect(readCredential({ target })).toMatchObject({ path, query });
  });
});

test('of a name given twice the first value counts', () => {
  const { credential } = readCredential({ target: '/a?Expires=1&Expires=2' });
  expect(credential).toEqual({ carrier: 'url', values: { Expires: '1' } });
});

test('cookies give the same values as parameters', () => {
  const values = { Policy: 'p', Signature: 's', 'Key-Pair-Id': 'K', 'Hash-Algorithm': 'SHA256' };
  expect(readCredential({ target: '/a', cookieHeader: COOKIES }).credential).toEqual({ carrier: 'cookies', values });
});
