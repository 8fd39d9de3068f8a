import { randomBytes } from 'node:crypto';
import { type SealedFor, seal, unseal } from './seal.ts';
import { KEY_BYTES } from './segment.ts';

/**
 * A content key as it rests in the database: sealed under the server's secret, so that whoever reads a backup of the
 * database has no key, and bound to its asset and version.
 */
export interface KeyHome {
  readonly assetId: string;
  readonly version: number;
}

function sealedFor({ assetId, version }: KeyHome): SealedFor {
  return { purpose: 'frontrow content keys', place: `${assetId}/v${version}` };
}

export function newContentKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

export function wrapKey(key: Uint8Array, home: KeyHome, secret: string): string {
  return seal(key, sealedFor(home), secret);
}

/** Undefined for what was not wrapped for this home under this secret. */
export function unwrapKey(wrapped: string, home: KeyHome, secret: string): Buffer | undefined {
  const key = unseal(wrapped, sealedFor(home), secret);
  return key?.length === KEY_BYTES ? key : undefined;
}
