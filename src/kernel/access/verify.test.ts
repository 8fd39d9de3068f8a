import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readCredential } from './credential.ts';
import { derivedKeyOf, deriveToken } from './derive.ts';
import { signToken, type TokenGrant } from './grant-token.ts';
import { checkConditions, type KeyLookup } from './proof.ts';
import { signCookies, signUrl } from './sign.ts';
import { checkSignature, proofKey, verifyGrant } from './verify.ts';

const NOW_MS = 1_800_000_000_000;
const ORIGIN = 'https://media.example';
const FOLDER = '/assets/as_k3v9mn2p4q7r8s5t';
const FILE = `${FOLDER}/v1/360p/s00000.m4s`;
const EC = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = lookup({ KEC: EC.publicKey, KRSA: RSA.publicKey });
const derivedKey = derivedKeyOf('a secret of one fleet');
const GRANT: TokenGrant = { paths: [`${FOLDER}/*`], expiresAtMs: NOW_MS + 60_000 };

function lookup(known: Record<string, KeyObject>): KeyLookup {
  return { find: (id) => known[id] };
}

function asked(path: string, more: { ip?: string; nowMs?: number } = {}) {
  return { url: ORIGIN + path, path, ip: '203.0.113.7', nowMs: NOW_MS, ...more };
}

function askToken(token: string, path = FILE, more: { ip?: string; nowMs?: number; keys?: KeyLookup } = {}) {
  return verifyGrant({ carrier: 'token-path', token }, asked(path, more), more.keys ?? keys, derivedKey);
}

/** A JWT put together by hand, as an attacker would. */
function forge(header: object, claims: object, sign: (input: string) => string): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${sign(input)}`;
}

const hmac = (secret: string | Buffer) => (input: string) =>
  createHmac('sha256', secret).update(input).digest('base64url');
const ecdsa = (input: string) =>
  sign('sha256', Buffer.from(input), { key: EC.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
const pem = RSA.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const CLAIMS = { path: `${FOLDER}/*`, exp: 4_102_444_800 };

describe('a token', () => {
  test.each([
    ['RS256', 'KRSA', RSA.privateKey],
    ['ES256', 'KEC', EC.privateKey],
  ])('signed with %s opens what its path names', (_, keyPairId, privateKey) => {
    const token = signToken(GRANT, keyPairId, privateKey);
    expect(askToken(token)).toMatchObject({ granted: true, grant: { keyPairId, expiresAtMs: GRANT.expiresAtMs } });
    expect(askToken(token, '/assets/as_other/a.ts')).toMatchObject({ granted: false, why: 'resource-outside' });
  });

  test.each<[string, Partial<TokenGrant>, object, string]>([
    ['ends with the second of exp', {}, { nowMs: GRANT.expiresAtMs }, 'expired'],
    ['does not begin before nbf', { startsAtMs: NOW_MS + 5_000 }, {}, 'not-yet'],
    ['is for its network', { ip: '10.0.0.0/8' }, {}, 'address-outside'],
    ['is for its exact path', { paths: [`${FOLDER}/master.m3u8`] }, {}, 'resource-outside'],
  ])('%s', (_, terms, request, why) => {
    const token = signToken({ ...GRANT, ...terms }, 'KEC', EC.privateKey);
    expect(askToken(token, FILE, request)).toEqual({ granted: false, code: 'AccessDenied', why });
  });

  test('may name several paths', () => {
    const token = signToken({ ...GRANT, paths: ['/x/*', '/y.mp4'] }, 'KEC', EC.privateKey);
    expect([
      askToken(token, '/x/1').granted,
      askToken(token, '/y.mp4').granted,
      askToken(token, '/y.mp4z').granted,
    ]).toEqual([true, true, false]);
  });

  test.each([
    [
      'HS256 with the public key as its secret',
      forge({ alg: 'HS256', kid: 'KRSA' }, CLAIMS, hmac(pem)),
      'token-algorithm',
    ],
    ['no algorithm', forge({ alg: 'none', kid: 'KRSA' }, CLAIMS, () => ''), 'token-algorithm'],
    [
      'the algorithm of another kind of key',
      forge({ alg: 'ES256', kid: 'KRSA' }, CLAIMS, hmac('x')),
      'token-algorithm',
    ],
    ['RS256 over nothing', forge({ alg: 'RS256', kid: 'KRSA' }, CLAIMS, () => 'AA'), 'signature-wrong'],
    ['no key id', forge({ alg: 'RS256' }, CLAIMS, hmac('x')), 'key-id-missing'],
    ['an unknown key', forge({ alg: 'RS256', kid: 'KNONE' }, CLAIMS, hmac('x')), 'key-unknown'],
    ['a critical header', forge({ alg: 'RS256', kid: 'KRSA', crit: ['exp'] }, CLAIMS, hmac('x')), 'token-malformed'],
    ['no JWT', 'hello', 'token-malformed'],
    [
      'a derived one by a guessed secret',
      forge({ alg: 'HS256', kid: 'edge' }, { ...CLAIMS, par: 'KEC' }, hmac('a secret of one fleet')),
      'signature-wrong',
    ],
    [
      'a derived one by a public key',
      forge({ alg: 'RS256', kid: 'edge' }, { ...CLAIMS, par: 'KEC' }, hmac('x')),
      'token-algorithm',
    ],
  ])('forged with %s is refused', (_, token, why) => {
    expect(askToken(token)).toMatchObject({ granted: false, why });
  });

  test.each([
    ['no exp', { path: '/*' }],
    ['exp as text', { path: '/*', exp: '4102444800' }],
    ['no path', { exp: 4_102_444_800 }],
    ['a path that is no path', { path: 'https://h/*', exp: 4_102_444_800 }],
    ['an empty list of paths', { path: [], exp: 4_102_444_800 }],
    ['an address that is none', { path: '/*', exp: 4_102_444_800, ip: 7 }],
  ])('with %s is refused, well signed as it is', (_, claims) => {
    const token = forge({ alg: 'ES256', kid: 'KEC' }, claims, ecdsa);
    expect(askToken(token)).toEqual({ granted: false, code: 'MalformedPolicy', why: 'token-claims' });
  });
});

describe('a derived token', () => {
  const parent = {
    carrier: 'url',
    id: 'of the parent',
    keyPairId: 'KEC',
    derived: false,
    expiresAtMs: NOW_MS + 60_000,
    ip: '203.0.113.0/24',
  } as const;
  const token = deriveToken(parent, `${FOLDER}/*`, derivedKey);

  test('grants on the terms of its parent', () => {
    expect(askToken(token)).toEqual({ granted: true, grant: { ...parent, carrier: 'token-path', derived: true } });
    expect(askToken(token, FILE, { nowMs: parent.expiresAtMs })).toMatchObject({ why: 'expired' });
    expect(askToken(token, FILE, { ip: '198.51.100.1' })).toMatchObject({ why: 'address-outside' });
  });

  test('is the same for the same grant', () => {
    expect(deriveToken(parent, `${FOLDER}/*`, derivedKeyOf('a secret of one fleet'))).toBe(token);
  });

  test('is refused when its parent is revoked', () => {
    const { credential, path } = readCredential({ target: `/t/${token}${FILE}` });
    const proof = checkSignature(credential, ORIGIN + path, keys, derivedKey);
    if ('granted' in proof) throw new Error(proof.why);
    const asked = { url: ORIGIN + path, path, ip: '203.0.113.1', nowMs: NOW_MS };
    const judge = (...revoked: string[]) => checkConditions(proof, asked, keys, new Set(revoked));
    expect(judge('of another')).toMatchObject({ granted: true });
    expect(judge('of the parent')).toEqual({ granted: false, code: 'AccessDenied', why: 'revoked' });
  });

  test('ends with its parent’s key', () => {
    expect(askToken(token, FILE, { keys: lookup({ KRSA: RSA.publicKey }) })).toMatchObject({ code: 'InvalidKey' });
  });

  test('counts at edges of the same fleet only', () => {
    const other = verifyGrant({ carrier: 'token-path', token }, asked(FILE), keys, derivedKeyOf('another fleet'));
    expect(other).toMatchObject({ granted: false, why: 'signature-wrong' });
  });
});

describe('a proof that an edge keeps', () => {
  const terms = { keyPairId: 'KEC', privateKey: EC.privateKey, expiresAtMs: NOW_MS + 60_000 };
  const target = signUrl({ ...terms, url: ORIGIN + FILE }).slice(ORIGIN.length);
  const { credential } = readCredential({ target });
  const proof = checkSignature(credential, ORIGIN + FILE, keys);
  if ('granted' in proof) throw new Error(proof.why);

  test('is worth nothing once its key is revoked', () => {
    expect(checkConditions(proof, asked(FILE), lookup({}))).toMatchObject({ granted: false, why: 'key-unknown' });
  });

  test('is worth nothing once another key has its id', () => {
    expect(checkConditions(proof, asked(FILE), lookup({ KEC: RSA.publicKey }))).toMatchObject({ why: 'key-unknown' });
  });

  test('holds when the same key is read afresh', () => {
    const afresh = createPublicKey(EC.publicKey.export({ type: 'spki', format: 'pem' }));
    expect(afresh).not.toBe(EC.publicKey);
    expect(checkConditions(proof, asked(FILE), lookup({ KEC: afresh })).granted).toBe(true);
  });

  test('of a canned policy does not open another URL', () => {
    expect(checkConditions(proof, asked(`${FOLDER}/other.m4s`), keys)).toMatchObject({ why: 'resource-outside' });
  });

  test('has a key that tells canned URLs apart and lets a wildcard policy serve all of its files', () => {
    expect(proofKey(credential, `${ORIGIN}/a`)).not.toBe(proofKey(credential, `${ORIGIN}/b`));
    const cookies = signCookies({ ...terms, url: `${ORIGIN}${FOLDER}/*` });
    const cookieHeader = Object.entries(cookies)
      .map((pair) => pair.join('='))
      .join('; ');
    const wildcard = readCredential({ target: FILE, cookieHeader }).credential;
    expect(proofKey(wildcard, `${ORIGIN}/a`)).toBe(proofKey(wildcard, `${ORIGIN}/b`));
  });
});

describe('a path with more than one meaning is refused though the grant’s pattern covers it', () => {
  const token = signToken(GRANT, 'KEC', EC.privateKey);
  test.each([
    '/../as_other/a.ts',
    '/%2e%2e/as_other/a.ts',
    '/.%2E/x',
    '/./x',
    '/..%2fas_other/a.ts',
    '/..\\x',
    '/%2e%2e%5cx',
    '/..',
  ])('%s', (rest) => expect(askToken(token, FOLDER + rest)).toMatchObject({ granted: false, why: 'path-unsafe' }));

  test.each(['/a..b.ts', '/.hidden', '/a%20b.ts', '/...'])('%s has one meaning', (rest) => {
    expect(askToken(token, FOLDER + rest).granted).toBe(true);
  });
});
