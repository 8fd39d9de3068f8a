import { expect, test } from 'vitest';
import { readCredential } from '../kernel/access/credential.ts';
import { CredentialReader } from './credential-reader.ts';

const COOKIES = 'a=b; CloudFront-Policy=p; CloudFront-Signature=s; CloudFront-Key-Pair-Id=k';
const TARGETS = [
  '/assets/x/master.m3u8',
  '/assets/x/master.m3u8?own=1',
  '/assets/x/master.m3u8?token=t',
  '/assets/x/master.m3u8?Signature=s',
  '/t/abc/assets/x/master.m3u8',
  '/t/abc/assets/x/master.m3u8?own=1',
  '/t/abc',
  '/t/abc/',
  '/t//assets',
  '/t/',
  '/t',
];

test.each(TARGETS)('reads %s as the kernel does, the first time and again', (target) => {
  const reader = new CredentialReader();
  for (const cookie of [undefined, '', COOKIES]) {
    for (const authorization of [undefined, 'Bearer t']) {
      const wanted = readCredential({ target, cookieHeader: cookie, authorizationHeader: authorization });
      expect(reader.read(target, cookie, authorization)).toEqual(wanted);
      expect(reader.read(target, cookie, authorization)).toEqual(wanted);
    }
  }
});

test('the same cookies and the same path token are the same object, for any path', () => {
  const reader = new CredentialReader();
  const byCookies = ['/assets/x/1', '/assets/x/2'].map((target) => reader.read(target, COOKIES, undefined).credential);
  expect(byCookies[0]).toBe(byCookies[1]);
  const byToken = ['/t/abc/1', '/t/abc/2'].map((target) => reader.read(target, undefined, undefined).credential);
  expect(byToken[0]).toBe(byToken[1]);
});
