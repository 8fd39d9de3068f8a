import type { KeyObject } from 'node:crypto';
import { type IpRange, parseIpRange } from '../address.ts';
import { Fault } from '../errors.ts';
import type { TokenCredential } from './credential.ts';
import { DERIVED_KEY_ID, type DerivedKey } from './derive.ts';
import { checkJwtSignature, decodeJwt, type JwtAlgorithm, type JwtClaims, signJwt } from './jwt.ts';
import { algorithmOf } from './key-pair.ts';
import type { KeyLookup, Proof, Terms } from './proof.ts';
import { type Refusal, refuse } from './refusal.ts';

/** What a token grants. */
export interface TokenGrant {
  /** Paths at the edge, exact or ending in `*`. */
  readonly paths: readonly string[];
  readonly expiresAtMs: number;
  readonly startsAtMs?: number;
  /** Address or CIDR block of the viewers. */
  readonly ip?: string;
}

/** Claims of a grant, with `path` as text when there is one only. */
export function tokenClaims(grant: TokenGrant): JwtClaims {
  const range = grant.ip === undefined ? undefined : parseIpRange(grant.ip);
  if (grant.ip !== undefined && !range)
    throw new Fault('INVALID_REQUEST', { says: 'ip must be an address or CIDR block.' });
  return {
    path: grant.paths.length === 1 ? grant.paths[0] : grant.paths,
    ...(grant.startsAtMs === undefined ? {} : { nbf: Math.floor(grant.startsAtMs / 1000) }),
    exp: Math.floor(grant.expiresAtMs / 1000),
    ...(range ? { ip: range.text } : {}),
  };
}

/** A grant as a JWT signed with a registered pair: RS256 or ES256, whichever the key is for. */
export function signToken(grant: TokenGrant, keyPairId: string, privateKey: KeyObject): string {
  return signJwt(tokenClaims(grant), jwtAlgorithmOf(privateKey), privateKey, keyPairId);
}

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
  const key = typeof keyPairId === 'string' ? keys.find(keyPairId) : undefined;
  const checkedWith = derived ? derivedKey?.secret : key;
  if (typeof keyPairId !== 'string' || !key || !checkedWith) return refuse('key-unknown');
  const algorithm = derived ? 'HS256' : jwtAlgorithmOf(key);
  if (token.header.alg !== algorithm) return refuse('token-algorithm');
  const claims = checkJwtSignature(credential.token, algorithm, checkedWith);
  const terms = claims && readTerms(claims);
  if (!terms) return refuse(claims ? 'token-claims' : 'signature-wrong');
  return { carrier: credential.carrier, keyPairId, key, derived, ...terms };
}

export function jwtAlgorithmOf(key: KeyObject): JwtAlgorithm {
  return algorithmOf(key) === 'RSA' ? 'RS256' : 'ES256';
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
