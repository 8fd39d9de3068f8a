import { createPublicKey, type webcrypto } from 'node:crypto';
import { isRecord } from '../edge-feed/message.ts';
import { algorithmOf, parsePublicKey } from './key-pair.ts';

/** A key of an identity provider, as it is handed on. */
export interface TokenKey {
  readonly kid: string;
  readonly publicKeyPem: string;
}

const MAX_KEYS = 100;
const MAX_KID = 200;
const ALGORITHMS = { RSA: 'RS256', ECDSA: 'ES256' } as const;

/**
 * The keys of a JWK set (RFC 7517) that tokens can be checked with: RSA of 2048 bits or more for RS256, P-256 for ES256, with
 * an id, and not meant for anything but signatures. Others are passed over, as the standard asks. Undefined for what is no
 * set.
 */
export function readJwks(value: unknown): TokenKey[] | undefined {
  if (!isRecord(value) || !Array.isArray(value.keys)) return undefined;
  const found = new Map<string, TokenKey>();
  for (const key of value.keys.slice(0, MAX_KEYS)) {
    const read = readKey(key);
    // Of two with one id the first counts.
    if (read && !found.has(read.kid)) found.set(read.kid, read);
  }
  return [...found.values()];
}

function readKey(jwk: unknown): TokenKey | undefined {
  if (!isRecord(jwk)) return undefined;
  const { kid, use, alg, key_ops: operations, kty, n, e, crv, x, y } = jwk;
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  // Only what is public: a set with private halves in it is no reason to have them here.
  const members = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  try {
    const key = createPublicKey({ key: members as webcrypto.JsonWebKey, format: 'jwk' });
    const publicKeyPem = key.export({ type: 'spki', format: 'pem' }).toString();
    const checked = parsePublicKey(publicKeyPem);
    return alg === undefined || alg === ALGORITHMS[algorithmOf(checked)] ? { kid, publicKeyPem } : undefined;
  } catch {
    return undefined; // a kind that no token here is checked with
  }
}
