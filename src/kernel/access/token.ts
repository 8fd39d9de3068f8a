import { type IpRange, parseIpRange } from '../address.ts';
import type { TokenCredential } from './credential.ts';
import { DERIVED_KEY_ID, type DerivedKey } from './derive.ts';
import { tokenGrantId } from './grant-id.ts';
import { jwtAlgorithmOf } from './grant-token.ts';
import { checkJwtSignature, decodeJwt, type JwtClaims } from './jwt.ts';
import { findKey, type KeyLookup, type Proof, type Terms } from './proof.ts';
import { type Refusal, refuse } from './refusal.ts';

/**
 * Checks a token's signature. The key decides the algorithm: the token's own `alg` is never asked, so a public key
 * cannot be passed off as an HMAC secret (RFC 8725 section 3.1).
 */
export function proveToken(credential: TokenCredential, keys: KeyLookup, derivedKey?: DerivedKey): Proof | Refusal {
  const token = decodeJwt(credential.token);
  if (!token || token.header.crit !== undefined) return refuse('token-malformed');
  const { kid } = token.header;
  if (typeof kid !== 'string') return refuse('key-id-missing');
  const derived = kid === DERIVED_KEY_ID;
  if (derived && !derivedKey) return refuse('token-of-edge');
  const keyPairId = derived ? token.claims.par : kid;
  const key = typeof keyPairId === 'string' ? findKey(keys, keyPairId) : undefined;
  const checkedWith = derived ? derivedKey?.secret : key;
  if (typeof keyPairId !== 'string' || !key || !checkedWith) return refuse('key-unknown');
  const algorithm = derived ? 'HS256' : jwtAlgorithmOf(key);
  if (token.header.alg !== algorithm) return refuse('token-algorithm');
  const claims = checkJwtSignature(credential.token, algorithm, checkedWith);
  const terms = claims && readTerms(claims);
  if (!terms) return refuse(claims ? 'token-claims' : 'signature-wrong');
  const id = derived ? String(claims.gid ?? '') : tokenGrantId(keyPairId, credential.token, claims.jti);
  return { carrier: credential.carrier, id, keyPairId, key, derived, ...terms };
}

/** The terms in a token's claims; undefined when `exp` or `path` is missing or a claim has the wrong form. */
export function readTerms({ path, exp, nbf, ip }: JwtClaims): Terms | undefined {
  const paths = readPaths(path);
  if (!paths || !isTime(exp) || !(nbf === undefined || isTime(nbf))) return undefined;
  const range = readRange(ip);
  if (range === 'malformed') return undefined;
  return { fromSeconds: nbf ?? 0, untilSeconds: exp, ip: range, covers: { kind: 'paths', paths } };
}

function readPaths(claim: unknown): string[] | undefined {
  const paths: unknown[] = Array.isArray(claim) ? claim : [claim];
  const isPath = (each: unknown): each is string => typeof each === 'string' && each.startsWith('/');
  return paths.length > 0 && paths.every(isPath) ? paths : undefined;
}

function readRange(claim: unknown): IpRange | undefined | 'malformed' {
  if (claim === undefined) return undefined;
  return (typeof claim === 'string' ? parseIpRange(claim) : undefined) ?? 'malformed';
}

function isTime(claim: unknown): claim is number {
  return typeof claim === 'number' && Number.isFinite(claim) && claim >= 0;
}
