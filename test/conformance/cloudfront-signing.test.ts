import { generateKeyPairSync } from 'node:crypto';
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { describe, expect, test } from 'vitest';
import { joinTarget } from '../../src/kernel/access/canonical.ts';
import { readCredential } from '../../src/kernel/access/credential.ts';
import { parsePublicKey } from '../../src/kernel/access/key-pair.ts';
import { signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { verifyGrant } from '../../src/kernel/access/verify.ts';

/** Public halves of throw-away keys; the private ones no longer exist. The vectors were made with Amazon's signer. */
const RSA_ID = 'K2JCJMDEHXQW5F';
const EC_ID = 'K3ECEXAMPLE000';
const VECTOR_KEYS = new Map([
  [
    RSA_ID,
    parsePublicKey(`-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv9MzLjR8nc504Nhf0B+z
PvZJQIofcgHtoYZJ1unYWh9qbMz4Rn/jOMjPtihhm+t3DaYpcyK4YC7M4mlx7a63
OMWLsuzAJGAQjdeMT5k68hTgzjwSzxiXJ9T0c6DW7w+h6WvWBek91FmouoIa8lAL
A6wdLRvuvGoexffkbnQ0ko67zvC/uFB04DwGr5Q16GRnEiH+uYNsBDy3xtS6g7pd
W4SIP9KGLT5noLybvf5vxeOKEovcPc7phykYt774CLOcL4r85TY+H4DdtWgauyBj
b7IzoQIRX0N3euLgkeZyGYgvCIM6VRiPqjqVcSk1jOfKR/3xNZohEEZs97vZsMUa
TwIDAQAB
-----END PUBLIC KEY-----
`),
  ],
  [
    EC_ID,
    parsePublicKey(`-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEkdu2M80n9revvDyqooLEf/akEmZ
bFGs2xSq9mTRJ7zQFGf50aQ0kn8eYzr4mgyt7O4SOLjwu55KH9M6xXdBAA==
-----END PUBLIC KEY-----
`),
  ],
]);

/** Expiry 2100-01-01. A, B, C canned (SHA-1, SHA-256, with an own query); D, E custom; F canned with ECDSA. */
const VECTORS = {
  A: 'https://d111111abcdef8.cloudfront.net/hls/index.m3u8?Expires=4102444800&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=qM1RtcEPaHSRrM3k1Cy8SIyH-u0AuJiOW11TOnMw4vclyuGo9gr6OSZNVQlccP~co3fmWNfMJJG8uTRhi89aF95GQ9Soh8sh666-jkvIiMt7Gs6BcdS3Jbswxv9Xr4K0mTuyBQ3YoL4IvaU79tPyeXLJbi9psiYIo1fR3ooHs-F7NT2vzS-48HYXYlj8aVvIMNBf23q7ueHLN15SWxQy7Cdwu8VhMBZ7JTEDchV4t0cS9uGv3atGOt7XXT03O~2rGKPD5xGF9nHQz4i2LyQdpH7jvXwMSHk7s4bW5UWhhfAOlKS6WEeXrCPGYd2~6-A1F2VPL8dH4EFg89jbgEmq8A__',
  B: 'https://d111111abcdef8.cloudfront.net/hls/index.m3u8?Expires=4102444800&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=gJ0A8Xr8ksyOfNkEY7Bt~8GDo0CDqDV3wrAj7Q7Ws290XhK3aLW6ud-MDTevfJknZwOKPi2AeAqI4tMJTgpYy9eN5KUwUpB8ZP3I6LZyVrxg0d6~aXVJhVq-0zTioh8UZpzt0exGSnmoWcC0w9U2EEUlN8typY-OjSEHUCrZfsxoacY~e4xu9PSEnu5Fb0Kv~me5JCGDTbEekC7Hhqx3qRABApo2Xt3xhmhbYw85t9IZ40eETrCfKKqK2cxCF3p6VceRxfu38-eHLet7rtSRUantKIVAYc4lZXhdqQK5qTs~n9xtZ39LmvXOJ9juvDaI5FYCnLu8RWixblxgVfig~Q__&Hash-Algorithm=SHA256',
  C: 'https://d111111abcdef8.cloudfront.net/hls/index.m3u8?lang=en&q=a%20b&Expires=4102444800&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=PCXD3SWCtmGPp-IYSX290hD4S7meHcgqErUaGMvqON3v564GfBoxRDzkeNqeEYNkonS6fZ7nQ5CQNkfvDBjtWkgkEpQbugdfrgY0ttZBJinbpndSBlBl78rJ7~lq0sJ2Z6k19EeeV3C1IqcAhxfL0J~rjg~6EWSscjpiRyoOuBX7u4rlF7pW~uCKHDo3-FpPP6bZ1ohMMKxVtILyC3hxmtNtXlEK9duKj9wvcg5MIruTUezcgILMVM~DYS95zPvtODnvd6jZdq0XBZL9ry8w8A1t~AfL30CRhY-~CFfBL2wAu38TUk35Bnxdgy0c0u0Z2SuRCsYrsTaBoT9mLOeBLg__',
  D: 'https://d111111abcdef8.cloudfront.net/hls/index.m3u8?Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9kMTExMTExYWJjZGVmOC5jbG91ZGZyb250Lm5ldC9obHMvaW5kZXgubTN1OCIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6NDEwMjQ0NDgwMH0sIkRhdGVHcmVhdGVyVGhhbiI6eyJBV1M6RXBvY2hUaW1lIjoxNzY3MjI1NjAwfSwiSXBBZGRyZXNzIjp7IkFXUzpTb3VyY2VJcCI6IjIwMy4wLjExMy4wLzI0In19fV19&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=Ph1wVo0E7N8keIaqoYxuLktgy2Fjv~QirhTmS8WvhwzlAleFz7ID7IwTV499KxiPF6cc~fyTRd1O8HydKZGxcKt7ROGYpdsOaq2u0j1kn4cSMe5ZyxRMvGatXpLAaiaJmElNGg6GZ~8PpbKhr9DK1NtInBWhQAbTI3RhzrbDGMv9EhW3y3tPCLYV78vDf2UEp5Iy5vTQU-qQATqLGI0pVdFrm3TXeYulTvh~GkpH1Bw9tScg9WK0h4FOLAev3eUFKRzMLREoWIZoLUqEZgiUGiR2z7e5MC0Y-ZaF0FPCEDhKYeGdluqYKocnAqYADDjfdRx-WCj8uwJuyZrDzc3GZQ__',
  E: 'https://d111111abcdef8.cloudfront.net/hls/index.m3u8?Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9kMTExMTExYWJjZGVmOC5jbG91ZGZyb250Lm5ldC9obHMvKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6NDEwMjQ0NDgwMH19fV19&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=vyaQwKncZnPHFnqkwYpbnIKQvf1BVprtYXEBrphVNi-j-0FHaFOFKPC-1L7uc6ukopZUmSDuseUi4K5Jtvt~xqzDDZ1N8eYVMyMKNZkYxyqIi3KeQwgr2tWUY~ZBNtEdOk~r-1SqvT2-OpTFtvSivS2PuqiU9KBoVhTdKG9SeSMWaLGJvp7hFiuDo3MPABOA~l86JEMJtADyMAWBcbpoENQb1mDIiDEIpb6swX2oDeT1iFhROICBz1j5DaVhZC0R4j~Gzk8bmzpF3QVIUZcyD~y4j1of1GN0zAlUx6OB-FPwIZgzn~0sNkY0ozIpkU5SLclQcdpeaqHz8yjBkgaQxw__',
  F: 'https://d111111abcdef8.cloudfront.net/hls/index.m3u8?Expires=4102444800&Key-Pair-Id=K3ECEXAMPLE000&Signature=MEUCIQDgUjRHKkMIBDVYWtG1z2EeDaZ7bi9JsEAZ1jf7oSPKAgIgME2J935sp3Tt4zKIsL-MaAS0lsFVTr7p1seOXLXvNyg_',
};

interface Viewer {
  readonly url: string;
  readonly cookies?: Readonly<Record<string, string | number>>;
  readonly ip?: string;
  readonly nowMs?: number;
}

function ask(
  { url, cookies, ip = '203.0.113.7', nowMs = Date.parse('2026-11-01T00:00:00Z') }: Viewer,
  keys = VECTOR_KEYS,
) {
  const origin = /^https?:\/\/[^/]+/.exec(url)?.[0] ?? '';
  const cookieHeader =
    cookies &&
    Object.entries(cookies)
      .map((pair) => pair.join('='))
      .join('; ');
  const { credential, path, query } = readCredential({ target: url.slice(origin.length), cookieHeader });
  const asked = { url: origin + joinTarget(path, query), path, ip, nowMs };
  return verifyGrant(credential, asked, { find: (id) => keys.get(id) });
}

function codeOf(viewer: Viewer): string {
  const verdict = ask(viewer);
  return verdict.granted ? 'granted' : verdict.code;
}

/** The signed parameters of vector E, as URL or as cookies. */
const WILDCARD = new URLSearchParams(VECTORS.E.slice(VECTORS.E.indexOf('?') + 1));
const WILDCARD_COOKIES = Object.fromEntries([...WILDCARD].map(([name, value]) => [`CloudFront-${name}`, value]));
const WILDCARD_QUERY = VECTORS.E.slice(VECTORS.E.indexOf('?'));
const HOST = 'https://d111111abcdef8.cloudfront.net';

describe('published vectors', () => {
  test.each(Object.entries(VECTORS))('vector %s is granted', (_, url) => {
    expect(codeOf({ url })).toBe('granted');
  });

  test('vector B without its Hash-Algorithm is refused', () => {
    expect(codeOf({ url: VECTORS.B.replace('&Hash-Algorithm=SHA256', '') })).toBe('AccessDenied');
  });

  test('vector D opens for its network only', () => {
    expect(codeOf({ url: VECTORS.D, ip: '198.51.100.1' })).toBe('AccessDenied');
  });

  test('vector D does not open before its start, to the second', () => {
    expect(codeOf({ url: VECTORS.D, nowMs: 1_767_225_600_999 })).toBe('AccessDenied');
    expect(codeOf({ url: VECTORS.D, nowMs: 1_767_225_601_000 })).toBe('granted');
  });

  test('a vector ends with the second it names', () => {
    expect(codeOf({ url: VECTORS.A, nowMs: 4_102_444_799_999 })).toBe('granted');
    expect(codeOf({ url: VECTORS.A, nowMs: 4_102_444_800_000 })).toBe('AccessDenied');
  });

  test('the wildcard of vector E opens its folder and nothing beside it', () => {
    expect(codeOf({ url: `${HOST}/hls/720p/seg1.ts${WILDCARD_QUERY}` })).toBe('granted');
    expect(codeOf({ url: `${HOST}/vod/a.mp4${WILDCARD_QUERY}` })).toBe('AccessDenied');
  });

  test('vector G: the wildcard policy as cookies', () => {
    expect(codeOf({ url: `${HOST}/hls/720p/seg1.ts`, cookies: WILDCARD_COOKIES })).toBe('granted');
    expect(codeOf({ url: `${HOST}/vod/a.mp4`, cookies: WILDCARD_COOKIES })).toBe('AccessDenied');
  });

  test('any one signing parameter makes perfect cookies count for nothing', () => {
    expect(codeOf({ url: `${HOST}/hls/a.ts?Expires=4102444800`, cookies: WILDCARD_COOKIES })).toBe('MissingKey');
    expect(codeOf({ url: `${HOST}/hls/a.ts?Hash-Algorithm=SHA1`, cookies: WILDCARD_COOKIES })).toBe('MissingKey');
  });
});

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~_+/=';

describe('mutations of the vectors', () => {
  const unsigned = VECTORS.C.replace(/&Expires.*/, '');
  test.each([
    ['the path changed', VECTORS.A.replace('index', 'indey'), 'AccessDenied'],
    ['the scheme changed', VECTORS.A.replace('https:', 'http:'), 'AccessDenied'],
    ['an own parameter added', VECTORS.A.replace('?', '?x=1&'), 'AccessDenied'],
    ['an own parameter removed', VECTORS.C.replace('lang=en&', ''), 'AccessDenied'],
    ['own parameters in another order', VECTORS.C.replace('lang=en&q=a%20b', 'q=a%20b&lang=en'), 'AccessDenied'],
    ['an own parameter spelt otherwise', VECTORS.C.replace('%20', '+'), 'AccessDenied'],
    ['the expiry moved', VECTORS.A.replace('4102444800', '4102444801'), 'AccessDenied'],
    ['the expiry with a nought before it', VECTORS.A.replace('=4102444800', '=04102444800'), 'AccessDenied'],
    ['the expiry no number', VECTORS.A.replace('4102444800', '410244480x'), 'MalformedPolicy'],
    ['an expiry beyond 2^63', VECTORS.A.replace('4102444800', '9223372036854775808'), 'MalformedPolicy'],
    ['no expiry', VECTORS.A.replace('Expires=4102444800&', ''), 'MalformedPolicy'],
    ['no signature', VECTORS.A.replace(/&Signature.*/, ''), 'MalformedSignature'],
    ['a signature of no bytes', VECTORS.A.replace(/Signature=.*/, 'Signature='), 'MalformedSignature'],
    ['a signature in another base64', VECTORS.A.replaceAll('__', '=='), 'MalformedSignature'],
    ['an unknown digest', `${VECTORS.A}&Hash-Algorithm=MD5`, 'MalformedSignature'],
    ['the other key of the two', VECTORS.A.replace(RSA_ID, EC_ID), 'AccessDenied'],
    ['a key nobody registered', VECTORS.A.replace(RSA_ID, 'KNOBODY0000000'), 'InvalidKey'],
    ['no key id', VECTORS.A.replace(`&Key-Pair-Id=${RSA_ID}`, ''), 'MissingKey'],
    ['nothing signed at all', unsigned, 'MissingKey'],
    ['a policy that is no base64', VECTORS.E.replace(/Policy=[^&]*/, 'Policy=%21%21'), 'MalformedPolicy'],
  ])('%s', (_, url, code) => {
    expect(codeOf({ url })).toBe(code);
  });

  test.each(['A', 'F'] as const)('no single character of the signature of vector %s can be changed', (name) => {
    const url = VECTORS[name];
    const start = url.indexOf('Signature=') + 'Signature='.length;
    for (let at = start; at < url.length; at++) {
      // Every neighbour in the last places, where base64 has bits to spare; one other letter elsewhere.
      const others = at > url.length - 6 ? [...ALPHABET] : [url[at] === 'B' ? 'A' : 'B'];
      for (const other of others.filter((char) => char !== url[at])) {
        expect(codeOf({ url: url.slice(0, at) + other + url.slice(at + 1) })).not.toBe('granted');
      }
    }
  });
});

const PAIRS = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ECDSA: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
};
const EXPIRES = '2035-05-05T05:05:05Z';

describe.each(['RSA', 'ECDSA'] as const)("Amazon's signer with a fresh %s key", (kind) => {
  const { publicKey, privateKey } = PAIRS[kind];
  const keys = new Map([['KFRESH', parsePublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())]]);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const url = 'https://media.example/vod/a%20b/index.m3u8?lang=en&q=%C3%BC';
  const common = { url, keyPairId: 'KFRESH', privateKey: pem, dateLessThan: EXPIRES };

  describe.each(['SHA1', 'SHA256'] as const)('%s', (algorithm) => {
    test.each([
      ['canned', {}],
      ['custom with start and address', { dateGreaterThan: '2026-01-01', ipAddress: '203.0.113.0/24' }],
    ])('%s URL is granted', (_, more) => {
      expect(ask({ url: getSignedUrl({ ...common, ...more, algorithm }) }, keys).granted).toBe(true);
    });

    test.each([
      ['canned', {}],
      ['custom with start and address', { dateGreaterThan: '2026-01-01', ipAddress: '203.0.113.7' }],
    ])('%s cookies are granted', (_, more) => {
      const cookies = getSignedCookies({ ...common, ...more, algorithm }) as unknown as Record<string, string>;
      expect(ask({ url, cookies }, keys).granted).toBe(true);
    });

    test('a wildcard policy opens by URL and by cookies', () => {
      const policy = JSON.stringify({
        Statement: [
          { Resource: 'https://media.example/vod/*', Condition: { DateLessThan: { 'AWS:EpochTime': 2_000_000_000 } } },
        ],
      });
      const { keyPairId } = common;
      const signed = getSignedUrl({ url, keyPairId, privateKey: pem, policy, algorithm });
      const cookies = getSignedCookies({ keyPairId, privateKey: pem, policy, algorithm }) as unknown as Record<
        string,
        string
      >;
      expect(ask({ url: signed }, keys).granted).toBe(true);
      expect(ask({ url: 'https://media.example/vod/x.ts', cookies }, keys).granted).toBe(true);
      expect(ask({ url: 'https://media.example/live/x.ts', cookies }, keys).granted).toBe(false);
    });
  });
});

describe('our signer beside Amazon’s', () => {
  const { privateKey } = PAIRS.RSA;
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const url = 'https://media.example/vod/index.m3u8?lang=en';
  const theirs = { url, keyPairId: 'KFRESH', privateKey: pem, dateLessThan: EXPIRES };
  const ours = { url, keyPairId: 'KFRESH', privateKey, expiresAtMs: Date.parse(EXPIRES) };

  // RSA signatures are the same each time, so whole URLs can be compared.
  test('a canned URL is the same to the byte', () => {
    expect(signUrl(ours)).toBe(getSignedUrl(theirs));
    expect(signUrl({ ...ours, hash: 'SHA256' })).toBe(getSignedUrl({ ...theirs, algorithm: 'SHA256' }));
  });

  test('a custom URL is the same to the byte', () => {
    const startsAtMs = Date.parse('2026-01-01');
    expect(signUrl({ ...ours, startsAtMs, ip: '203.0.113.7' })).toBe(
      getSignedUrl({ ...theirs, dateGreaterThan: '2026-01-01', ipAddress: '203.0.113.7' }),
    );
  });

  test('cookies are the same', () => {
    const expected: Record<string, string | number> = { ...getSignedCookies(theirs) };
    // Amazon's signer gives this one as a number.
    expected['CloudFront-Expires'] = String(expected['CloudFront-Expires']);
    expect(signCookies(ours)).toEqual(expected);
    const custom = { ...theirs, ipAddress: '10.0.0.0/8', algorithm: 'SHA256' as const };
    expect(signCookies({ ...ours, ip: '10.0.0.0/8', hash: 'SHA256' })).toEqual(getSignedCookies(custom));
  });
});
