import type { KeyObject } from 'node:crypto';
import { Fault } from '../errors.ts';
import { ipRangeText } from '../ip-text.ts';
import { type JwtAlgorithm, type JwtClaims, signJwt } from './jwt.ts';
import { algorithmOf } from './key-pair.ts';

/** What a token grants. */
export interface TokenGrant {
  /** By which it can be revoked; without one by the whole of it. */
  readonly id?: string;
  /** Paths at the edge, exact or ending in `*`. */
  readonly paths: readonly string[];
  readonly expiresAtMs: number;
  readonly startsAtMs?: number;
  /** Address or CIDR block of the viewers. */
  readonly ip?: string;
}

/** Claims of a grant, with `path` as text when there is one only. */
export function tokenClaims(grant: TokenGrant): JwtClaims {
  const range = grant.ip === undefined ? undefined : ipRangeText(grant.ip);
  if (grant.ip !== undefined && !range)
    throw new Fault('INVALID_REQUEST', { says: 'ip must be an address or CIDR block.' });
  return {
    ...(grant.id === undefined ? {} : { jti: grant.id }),
    path: grant.paths.length === 1 ? grant.paths[0] : grant.paths,
    ...(grant.startsAtMs === undefined ? {} : { nbf: Math.floor(grant.startsAtMs / 1000) }),
    exp: Math.floor(grant.expiresAtMs / 1000),
    ...(range ? { ip: range } : {}),
  };
}

/** A grant as a JWT signed with a registered pair: RS256 or ES256, whichever the key is for. */
export function signToken(grant: TokenGrant, keyPairId: string, privateKey: KeyObject): string {
  return signJwt(tokenClaims(grant), jwtAlgorithmOf(privateKey), privateKey, keyPairId);
}

export function jwtAlgorithmOf(key: KeyObject): JwtAlgorithm {
  return algorithmOf(key) === 'RSA' ? 'RS256' : 'ES256';
}
