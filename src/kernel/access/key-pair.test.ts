import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { Fault } from '../errors.ts';
import { algorithmOf, makeKeyPair, parsePrivateKey, parsePublicKey } from './key-pair.ts';

test.each(['RSA', 'ECDSA'] as const)('a fresh %s pair is one that both readers take', async (algorithm) => {
  const pair = await makeKeyPair(algorithm);
  expect(algorithmOf(parsePublicKey(pair.publicKeyPem))).toBe(algorithm);
  expect(algorithmOf(parsePrivateKey(pair.privateKeyPem))).toBe(algorithm);
});

const spki = { type: 'spki', format: 'pem' } as const;
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

test.each([
  [
    'a private key',
    () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export(pkcs8),
    'private key',
  ],
  ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export(spki), '1024'],
  ['another curve', () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey.export(spki), 'P-256'],
  ['another kind', () => generateKeyPairSync('ed25519').publicKey.export(spki), 'ed25519'],
  ['a broken PEM', () => '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'can be read'],
  ['no PEM', () => 'ssh-rsa AAAA', 'PEM'],
])('%s is refused with a sentence that says why', (_, pem, word) => {
  const read = () => parsePublicKey(pem().toString());
  expect(read).toThrow(Fault);
  expect(read).toThrow(
    expect.objectContaining({ code: 'SIGNING_KEY_INVALID', message: expect.stringContaining(word) }),
  );
});
