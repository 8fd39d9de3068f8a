import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { KEY_BYTES } from './segment.ts';

/**
 * A content key as it rests in the database: sealed by AES-256-GCM under the server's secret, so that whoever reads a
 * backup of the database has no key, and bound to its asset and version, so that rows cannot be exchanged.
 */
export interface KeyHome {
  readonly assetId: string;
  readonly version: number;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The wrapping key: the secret serves nothing else, and may be any text. */
function wrappingKey(secret: string): Buffer {
  return createHmac('sha256', secret).update('frontrow content keys').digest();
}

function boundTo({ assetId, version }: KeyHome): Buffer {
  return Buffer.from(`${assetId}/v${version}`);
}

export function newContentKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/** Base64url of nonce, sealed key and tag. */
export function wrapKey(key: Uint8Array, home: KeyHome, secret: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', wrappingKey(secret), nonce).setAAD(boundTo(home));
  const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Undefined for what was not wrapped for this home under this secret. */
export function unwrapKey(wrapped: string, home: KeyHome, secret: string): Buffer | undefined {
  const bytes = Buffer.from(wrapped, 'base64url');
  if (bytes.length !== NONCE_BYTES + KEY_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey(secret), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(home)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    // The tag does not fit.
    return undefined;
  }
}
