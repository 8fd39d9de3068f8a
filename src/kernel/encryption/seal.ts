import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/**
 * What rests in the database and must not be read there: sealed by AES-256-GCM under a secret that is elsewhere, and bound
 * to its place, so that rows cannot be exchanged.
 */
export interface SealedFor {
  /** What kind of thing it is: each is sealed under a key of its own. */
  readonly purpose: string;
  readonly place: string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The secret may be any text. */
function sealingKey(secret: string, purpose: string): Buffer {
  return createHmac('sha256', secret).update(purpose).digest();
}

/** Base64url of nonce, sealed bytes and tag. */
export function seal(bytes: Uint8Array, { purpose, place }: SealedFor, secret: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(secret, purpose), nonce).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Undefined for what was not sealed for this place under this secret. */
export function unseal(sealed: string, { purpose, place }: SealedFor, secret: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(secret, purpose), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    // The tag does not fit.
    return undefined;
  }
}
