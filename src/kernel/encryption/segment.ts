import { createCipheriv, createDecipheriv } from 'node:crypto';

/**
 * Whole-segment encryption as HLS calls AES-128 (RFC 8216 section 4.3.2.4): CBC under one key a version, PKCS #7 padding,
 * each segment on its own. The initialization vector is the segment's media sequence number (section 5.2), which in our
 * playlists is its index: so no playlist has to state any, and no two segments of a rendition share one.
 */
export type EncryptionMethod = 'aes-128';

/** Bytes of a content key, and of every block. */
export const KEY_BYTES = 16;

/** The segment's index as a big-endian number of 128 bits. */
function vectorOf(index: number): Buffer {
  const vector = Buffer.alloc(KEY_BYTES);
  vector.writeBigUInt64BE(BigInt(index), 8);
  return vector;
}

/** What viewers are sent of segment `index`: between one and sixteen bytes more than there were. */
export function encryptSegment(bytes: Uint8Array, key: Uint8Array, index: number): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, vectorOf(index));
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/** The segment again; undefined where key, index or bytes do not belong together, as far as the padding shows it. */
export function decryptSegment(bytes: Uint8Array, key: Uint8Array, index: number): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, vectorOf(index));
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch {
    // Not whole blocks, or no padding at their end.
    return undefined;
  }
}
