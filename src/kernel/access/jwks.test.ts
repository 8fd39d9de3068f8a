import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readJwks } from './jwks.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwkOf = (key: { export(options: { format: 'jwk' }): unknown }) => key.export({ format: 'jwk' }) as object;
const RSA = jwkOf(rsa.publicKey);
const EC = jwkOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey);

const kidsOf = (...keys: unknown[]) => readJwks({ keys })?.map(({ kid }) => kid);

test('keys of RS256 and ES256 are read, with and without what they are for', () => {
  expect(
    kidsOf(
      { ...RSA, kid: 'a', use: 'sig', alg: 'RS256' },
      { ...EC, kid: 'b' },
      { ...EC, kid: 'c', key_ops: ['verify'] },
    ),
  ).toEqual(['a', 'b', 'c']);
});

test('private halves are left out', () => {
  const [key] = readJwks({ keys: [{ ...jwkOf(rsa.privateKey), kid: 'a' }] }) ?? [];
  expect(key?.publicKeyPem).toContain('BEGIN PUBLIC KEY');
});

test.each([
  ['for encryption', { ...RSA, kid: 'a', use: 'enc' }],
  ['for another operation', { ...RSA, kid: 'a', key_ops: ['encrypt'] }],
  ['for another algorithm', { ...RSA, kid: 'a', alg: 'RS512' }],
  ['for the algorithm of another kind', { ...EC, kid: 'a', alg: 'RS256' }],
  ['without an id', RSA],
  ['that is too short', { ...jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), kid: 'a' }],
  ['on another curve', { ...jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey), kid: 'a' }],
  ['of a kind that tokens are not checked with', { ...jwkOf(generateKeyPairSync('ed25519').publicKey), kid: 'a' }],
  ['that is a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'HS256' }],
  ['that is rubbish', { kty: 'RSA', n: 1, e: [], kid: 'a' }],
  ['that is none', null],
])('a key %s is passed over, and the others are not', (_what, key) => {
  expect(kidsOf(key, { ...EC, kid: 'good' })).toEqual(['good']);
});

test('of two keys with one id the first counts', () => {
  expect(kidsOf({ ...RSA, kid: 'a' }, { ...EC, kid: 'a' })).toEqual(['a']);
});

test.each([[null], [[]], ['keys'], [{ keys: {} }], [{}]])('%j is no set of keys', (value) => {
  expect(readJwks(value)).toBeUndefined();
});
