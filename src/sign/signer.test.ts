import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readCredential } from '../kernel/access/credential.ts';
import { verifyGrant } from '../kernel/access/verify.ts';
import { SignError, Signer, type UrlTerms } from './index.ts';

const ORIGIN = 'https://media.example';
const MASTER = '/assets/as_k3v9mn2p4q7r8s5t/master.m3u8';
const SEGMENT = '/assets/as_k3v9mn2p4q7r8s5t/v1/360p/s00000.m4s';
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const keys = { find: (id: string) => ({ KRSA: RSA.publicKey, KEC: EC.publicKey })[id] };
const pem = RSA.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const signer = new Signer({ keyPairId: 'KRSA', privateKey: pem });
const HOUR = { expiresIn: 3_600 };

interface Sent {
  readonly target: string;
  readonly cookieHeader?: string;
}

function verdict(sent: Sent, { ip = '203.0.113.7', nowMs = Date.now() } = {}) {
  const { credential, path, query } = readCredential(sent);
  const url = ORIGIN + (query === '' ? path : `${path}?${query}`);
  const verdict = verifyGrant(credential, { url, path, ip, nowMs }, keys);
  return verdict.granted ? 'granted' : verdict.why;
}

const targetOf = (url: string) => url.slice(ORIGIN.length);
const headerOf = (cookies: Record<string, string>) =>
  Object.entries(cookies)
    .map((each) => each.join('='))
    .join('; ');

function problemOf(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof SignError) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('a signer', () => {
  test.each([
    ['a PEM text', pem],
    ['bytes of a file', Buffer.from(pem)],
    ['a KeyObject', RSA.privateKey],
  ])('takes its key as %s', (_, privateKey) => {
    const url = new Signer({ keyPairId: 'KRSA', privateKey }).signUrl(ORIGIN + MASTER, HOUR);
    expect(verdict({ target: targetOf(url) })).toBe('granted');
  });

  test.each<[string, () => unknown]>([
    ['a public key', () => new Signer({ keyPairId: 'K', privateKey: RSA.publicKey })],
    ['a text that is no key', () => new Signer({ keyPairId: 'K', privateKey: '-----BEGIN NOTHING-----' })],
    ['no key at all', () => new Signer({ keyPairId: 'K', privateKey: undefined as unknown as string })],
    [
      'a key on another curve',
      () =>
        new Signer({
          keyPairId: 'K',
          privateKey: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey,
        }),
    ],
    ['an id that would break a URL', () => new Signer({ keyPairId: 'K&x=1', privateKey: pem })],
  ])('refuses %s', (_, make) => {
    expect(problemOf(make)).toMatchObject({ code: 'KEY_INVALID' });
  });

  test('shows its key to nobody', () => {
    expect(JSON.stringify(signer)).toBe('{"keyPairId":"KRSA"}');
  });
});

describe('a signed URL', () => {
  test('ends when it was said to', () => {
    const at = new Date('2030-01-31T12:00:00Z');
    const target = targetOf(signer.signUrl(ORIGIN + MASTER, { expiresAt: at }));
    expect(target).toMatch(/^\/assets\/[^?]+\?Expires=1896091200&Key-Pair-Id=KRSA&Signature=[\w~-]+$/);
    expect(verdict({ target }, { nowMs: at.getTime() - 1 })).toBe('granted');
    expect(verdict({ target }, { nowMs: at.getTime() })).toBe('expired');
  });

  test.each<[string, UrlTerms, string, Parameters<typeof verdict>[1], string]>([
    ['for a network', { ...HOUR, ip: '203.0.113.0/24' }, MASTER, {}, 'granted'],
    ['for another network', { ...HOUR, ip: '198.51.100.0/24' }, MASTER, {}, 'address-outside'],
    ['for one IPv6 address', { ...HOUR, ip: '2001:db8::1' }, MASTER, { ip: '2001:db8:0::1' }, 'granted'],
    ['that has not begun', { ...HOUR, startsAt: new Date(Date.now() + 60_000) }, MASTER, {}, 'not-yet'],
    ['for a whole folder', { ...HOUR, resource: `${ORIGIN}/assets/*` }, SEGMENT, {}, 'granted'],
    ['by SHA-256', { ...HOUR, hash: 'SHA256' }, MASTER, {}, 'granted'],
  ])('%s', (_, terms, path, seen, expected) => {
    expect(verdict({ target: targetOf(signer.signUrl(ORIGIN + path, terms)) }, seen)).toBe(expected);
  });

  test.each([
    ['as an object', (policy: object) => policy as UrlTerms['policy'] & object],
    ['as the text of a file', (policy: object) => JSON.stringify(policy, undefined, 2)],
  ])('takes a finished policy %s', (_, write) => {
    const statement = {
      Resource: `${ORIGIN}/assets/*`,
      Condition: { DateLessThan: { 'AWS:EpochTime': 4_102_444_800 } },
    };
    const url = signer.signUrl(ORIGIN + SEGMENT, { policy: write({ Statement: [statement] }) });
    expect(verdict({ target: targetOf(url) })).toBe('granted');
  });
});

describe('signed cookies', () => {
  test('for a playlist open its whole folder and no other', () => {
    const cookieHeader = headerOf(signer.signCookies(ORIGIN + MASTER, HOUR));
    expect(verdict({ target: SEGMENT, cookieHeader })).toBe('granted');
    expect(verdict({ target: '/assets/as_other/master.m3u8', cookieHeader })).toBe('resource-outside');
  });
});

describe('a token', () => {
  test.each([
    ['RSA', 'KRSA', RSA.privateKey],
    ['ECDSA', 'KEC', EC.privateKey],
  ])('of an %s key comes in the query and in the path', (_, keyPairId, privateKey) => {
    const { tokenUrl = '', pathUrl = '' } = new Signer({ keyPairId, privateKey }).signToken(ORIGIN + MASTER, HOUR);
    expect(verdict({ target: targetOf(tokenUrl) })).toBe('granted');
    expect(verdict({ target: targetOf(pathUrl).replace(MASTER, SEGMENT) })).toBe('granted');
  });

  test('for paths is for these alone', () => {
    const { token, tokenUrl } = signer.signToken(['/assets/a/*', '/b.mp4'], HOUR);
    expect(tokenUrl).toBeUndefined();
    expect(verdict({ target: `/assets/a/b/c.m4s?token=${token}` })).toBe('granted');
    expect(verdict({ target: `/b.mp4?token=${token}` })).toBe('granted');
    expect(verdict({ target: `/c.mp4?token=${token}` })).toBe('resource-outside');
  });
});

describe('what cannot be signed', () => {
  test.each<[string, unknown, RegExp]>([
    ['no end', {}, /expiresIn .* or expiresAt/],
    ['two ends', { expiresIn: 1, expiresAt: new Date() }, /do not go together/],
    ['an epoch for a span', { expiresIn: 1_900_000_000 }, /seconds from now/],
    ['no span forward', { expiresIn: -1 }, /seconds from now/],
    ['a date that is none', { expiresAt: new Date('soon') }, /expiresAt must be a Date/],
    ['a text for a date', { expiresAt: '2030-01-01' }, /expiresAt must be a Date/],
    ['a start behind the end', { expiresIn: 1, startsAt: new Date('2100-01-01') }, /before the end/],
    ['an address that is none', { ...HOUR, ip: '10.0.0.0/40' }, /^ip must be an address/],
    ['a misspelt term', { ...HOUR, IP: '10.0.0.1' }, /^IP is no term/],
    ['a policy with other terms', { ...HOUR, policy: '{}' }, /expiresIn does not go with it/],
    ['a policy that no edge can read', { policy: '{"Statement":[]}' }, /^policy: /],
    ['a digest that is none', { ...HOUR, hash: 'MD5' }, /SHA1 or SHA256/],
  ])('%s is said by its name', (_, terms, message) => {
    const problem = problemOf(() => signer.signUrl(ORIGIN + MASTER, terms as UrlTerms));
    expect(problem).toEqual({ code: 'TERMS_INVALID', message: expect.stringMatching(message) });
  });

  test.each([
    ['no http URL', () => signer.signUrl('ftp://media.example/a', HOUR)],
    ['a URL signed before', () => signer.signUrl(signer.signUrl(ORIGIN + MASTER, HOUR), HOUR)],
    ['no text', () => signer.signCookies(new URL(ORIGIN) as unknown as string, HOUR)],
    ['a path with a query', () => signer.signToken(['/a?b'], HOUR)],
    ['no path', () => signer.signToken([], HOUR)],
    ['a token for no URL', () => signer.signToken('media.example/a', HOUR)],
  ])('%s is a URL problem', (_, sign) => {
    expect(problemOf(sign)).toMatchObject({ code: 'URL_INVALID' });
  });
});
