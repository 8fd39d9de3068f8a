import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { signJwt } from './jwt.ts';
import type { Grant } from './proof.ts';

/**
 * Derived grants: when a playlist comes by a signed URL, the edge gives its children a token of its own, so that they
 * are let in as the playlist was. They cannot outlive the grant they stem from, nor the registration of its key.
 */
export const DERIVED_KEY_ID = 'edge';

/** The HMAC key that edges of one fleet share for derived grants; its own, so that it signs nothing else. */
export interface DerivedKey {
  readonly secret: KeyObject;
}

/** As text, the way control tells it to its edges. */
export function derivedSecretOf(edgeSecret: string): string {
  return createHmac('sha256', edgeSecret).update('frontrow derived grant').digest('base64url');
}

export function derivedKeyOf(derivedSecret: string): DerivedKey {
  return { secret: createSecretKey(derivedSecret, 'base64url') };
}

/**
 * The token for everything under `path` (ending in `*`), on the terms of `grant`. The same grant gives the same token,
 * so a playlist rewritten with it stays the same for as long as the grant lasts.
 */
export function deriveToken(grant: Grant, path: string, key: DerivedKey): string {
  const { id: gid, ip, keyPairId: par, expiresAtMs } = grant;
  // Its parent's id goes with it, so that it is revoked when that is.
  const claims = { path, exp: expiresAtMs / 1000, ...(ip ? { ip } : {}), par, gid };
  return signJwt(claims, 'HS256', key.secret, DERIVED_KEY_ID);
}
