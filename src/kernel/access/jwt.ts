import jsonwebtoken from 'jsonwebtoken';

/**
 * The only door to jsonwebtoken. Every caller names its one algorithm, so that a token can never choose how it is
 * checked (RFC 8725 section 3.1).
 */
export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256';

export type JwtClaims = Readonly<Record<string, unknown>>;

/** Signs the claims as they stand: times are the caller's, `iat` is not added, so equal claims sign equally under HS256. */
export function signJwt(claims: JwtClaims, algorithm: JwtAlgorithm, key: string, keyId?: string): string {
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
export function verifyJwt(token: string, algorithm: JwtAlgorithm, key: string, nowMs: number): JwtVerdict {
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

/** Header and claims without any check, for finding the key a token names and for explaining. */
export function decodeJwt(token: string): { header: JwtClaims; claims: JwtClaims } | undefined {
  const decoded = jsonwebtoken.decode(token, { complete: true });
  if (!decoded || typeof decoded.payload === 'string') return undefined;
  return { header: { ...decoded.header }, claims: decoded.payload };
}

function whyInvalid(cause: unknown): 'malformed' | 'signature' | 'expired' | 'too-early' {
  if (cause instanceof jsonwebtoken.TokenExpiredError) return 'expired';
  if (cause instanceof jsonwebtoken.NotBeforeError) return 'too-early';
  return cause instanceof Error && cause.message === 'jwt malformed' ? 'malformed' : 'signature';
}
