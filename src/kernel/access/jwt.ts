import type { KeyObject } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';

/**
 * The only door to jsonwebtoken. Every caller names its one algorithm, so that a token can never choose how it is
 * checked (RFC 8725 section 3.1).
 */
export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256';

/** A secret as text, or a key parsed once by whoever signs or checks often. */
export type JwtKey = string | KeyObject;

export type JwtClaims = Readonly<Record<string, unknown>>;

/** Signs the claims as they stand: times are the caller's, `iat` is not added, so equal claims sign equally under HS256. */
export function signJwt(claims: JwtClaims, algorithm: JwtAlgorithm, key: JwtKey, keyId?: string): string {
  return jsonwebtoken.sign({ ...claims }, key, {
    algorithm,
    noTimestamp: true,
    ...(keyId === undefined ? {} : { keyid: keyId }),
  });
}

/** What a token says once its signature holds; expired or not yet valid tokens are told apart for whoever explains. */
export type JwtVerdict =
  | { readonly valid: true; readonly claims: JwtClaims }
  | { readonly valid: false; readonly why: 'malformed' | 'signature' | 'expired' | 'too-early' };

/** Checks signature, `exp` and `nbf` at `nowMs`. Never throws: a key that does not fit counts as a wrong signature. */
export function verifyJwt(token: string, algorithm: JwtAlgorithm, key: JwtKey, nowMs: number): JwtVerdict {
  try {
    const claims = jsonwebtoken.verify(token, key, {
      algorithms: [algorithm],
      clockTimestamp: Math.floor(nowMs / 1000),
    });
    return typeof claims === 'string' ? { valid: false, why: 'malformed' } : { valid: true, claims };
  } catch (cause) {
    return { valid: false, why: whyInvalid(cause) };
  }
}

/**
 * The claims when the signature holds, whatever the time; for whoever keeps the answer and asks for the time on each
 * use. Only the one spelling of a token counts: base64url leaves spare bits in a last character, which would let a
 * changed signature pass.
 */
export function checkJwtSignature(token: string, algorithm: JwtAlgorithm, key: JwtKey): JwtClaims | undefined {
  if (!isCanonicalJwt(token)) return undefined;
  try {
    const options = { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true };
    const claims = jsonwebtoken.verify(token, key, options);
    return typeof claims === 'string' ? undefined : claims;
  } catch {
    return undefined; // whatever jsonwebtoken disliked, the token is not one of this key
  }
}

/** Header and claims without any check, for finding the key a token names and for explaining. */
export function decodeJwt(token: string): { header: JwtClaims; claims: JwtClaims } | undefined {
  const decoded = decodeWhole(token);
  if (!decoded || typeof decoded.payload === 'string') return undefined;
  return { header: { ...decoded.header }, claims: decoded.payload };
}

/** jsonwebtoken throws on some texts that are no token and gives null for others; neither is worth telling apart. */
function decodeWhole(token: string): jsonwebtoken.Jwt | undefined {
  try {
    return jsonwebtoken.decode(token, { complete: true }) ?? undefined;
  } catch {
    return undefined; // bad base64 or bad JSON inside
  }
}

function isCanonicalJwt(token: string): boolean {
  const parts = token.split('.');
  return parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

function whyInvalid(cause: unknown): 'malformed' | 'signature' | 'expired' | 'too-early' {
  if (cause instanceof jsonwebtoken.TokenExpiredError) return 'expired';
  if (cause instanceof jsonwebtoken.NotBeforeError) return 'too-early';
  return cause instanceof Error && cause.message === 'jwt malformed' ? 'malformed' : 'signature';
}
