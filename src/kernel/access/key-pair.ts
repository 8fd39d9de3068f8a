import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Fault } from '../errors.ts';

/** The two kinds of key that CloudFront signers use: RSA of 2048 bits (more is accepted) and ECDSA on P-256. */
export type KeyAlgorithm = 'RSA' | 'ECDSA';

export interface KeyPair {
  readonly algorithm: KeyAlgorithm;
  readonly publicKeyPem: string;
  /** PKCS #8; shown to its owner once and never stored. */
  readonly privateKeyPem: string;
}

const generate = promisify(generateKeyPair);
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/** Makes a pair off the main thread: an RSA key takes up to a second. */
export async function makeKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const { publicKey, privateKey } =
    algorithm === 'RSA'
      ? await generate('rsa', { modulusLength: MIN_RSA_BITS })
      : await generate('ec', { namedCurve: 'prime256v1' });
  return {
    algorithm,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/**
 * A public key in PEM (SubjectPublicKeyInfo).
 * @throws Fault SIGNING_KEY_INVALID saying what is wrong with it, a private key sent by mistake included.
 */
export function parsePublicKey(pem: string): KeyObject {
  // createPublicKey would quietly take a private key and derive the public half.
  if (pem.includes('PRIVATE KEY')) throw invalid('This is a private key; only the public half belongs here.');
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) {
    throw invalid('A public key in PEM starts with -----BEGIN PUBLIC KEY-----.');
  }
  return checkedKey(() => createPublicKey(pem));
}

/**
 * A private key in PEM (PKCS #8, PKCS #1 or SEC 1), for signing.
 * @throws Fault SIGNING_KEY_INVALID
 */
export function parsePrivateKey(pem: string): KeyObject {
  return checkedKey(() => createPrivateKey(pem));
}

/** A private key that was read already. @throws Fault SIGNING_KEY_INVALID for another kind of key, or a public one */
export function checkedPrivateKey(key: KeyObject): KeyObject {
  if (key.type !== 'private') throw invalid(`The key must be a private one, not ${key.type}.`);
  return checkedKey(() => key);
}

export function algorithmOf(key: KeyObject): KeyAlgorithm {
  return key.asymmetricKeyType === 'ec' ? 'ECDSA' : 'RSA';
}

function checkedKey(read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new Fault('SIGNING_KEY_INVALID', { says: 'The key is not a PEM text that can be read.', cause });
  }
  const problem = problemOf(key);
  if (problem) throw invalid(problem);
  return key;
}

function problemOf(key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') {
    return namedCurve === 'prime256v1' ? undefined : `An ECDSA key must be on P-256, not ${namedCurve}.`;
  }
  if (key.asymmetricKeyType !== 'rsa') return `The key must be RSA or ECDSA P-256, not ${key.asymmetricKeyType}.`;
  if (modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS) return undefined;
  return `An RSA key must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, not ${modulusLength}.`;
}

function invalid(says: string): Fault {
  return new Fault('SIGNING_KEY_INVALID', { says });
}
