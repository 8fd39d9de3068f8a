import { createDecipheriv } from 'node:crypto';

/**
 * How SRT encrypts media (draft-sharabayko-srt-01, sections 3.2.2 and 6): the sender makes keys, wraps them under one that
 * both sides derive from the passphrase, and says by two bits of each packet which of two keys it used. Headers, and the
 * stream id of the handshake, are not encrypted.
 */
export interface KeyMaterial {
  /** 16, 24 or 32: the wrapping key is as long as what it wraps. */
  readonly keyBytes: number;
  readonly salt: Uint8Array;
  readonly hasEven: boolean;
  readonly hasOdd: boolean;
  readonly wrapped: Uint8Array;
}

/** Keys of one sender; the other one is replaced while one is in use. */
export interface MediaKeys {
  readonly salt: Uint8Array;
  readonly even?: Uint8Array | undefined;
  readonly odd?: Uint8Array | undefined;
}

/** Section 6.1.4. PBKDF2 by SHA-1 over the last eight bytes of the salt. */
export const DERIVATION = { rounds: 2_048, digest: 'sha1', saltFrom: 8 } as const;

const FIXED_BYTES = 16;
const SALT_BYTES = 16;
const CHECK_BYTES = 8;
/** Version 1, key material, and the signature behind it. */
const VERSION_AND_TYPE = 0x12;
const SIGNATURE = 0x2029;
const AES_CTR = 2;
const EVEN = 1;
const ODD = 2;

/** Undefined for what is none, or is encrypted in another way than AES in counter mode. */
export function readKeyMaterial(message: Uint8Array): KeyMaterial | undefined {
  if (message.length < FIXED_BYTES + SALT_BYTES + CHECK_BYTES) return undefined;
  const bytes = Buffer.from(message);
  const which = bytes.readUInt8(3) & 3;
  const keyBytes = bytes.readUInt8(15) * 4;
  const count = which === (EVEN | ODD) ? 2 : 1;
  const isKnown =
    bytes.readUInt8(0) === VERSION_AND_TYPE &&
    bytes.readUInt16BE(1) === SIGNATURE &&
    bytes.readUInt8(8) === AES_CTR &&
    bytes.readUInt8(14) * 4 === SALT_BYTES &&
    [16, 24, 32].includes(keyBytes) &&
    which !== 0 &&
    bytes.length === FIXED_BYTES + SALT_BYTES + CHECK_BYTES + count * keyBytes;
  if (!isKnown) return undefined;
  return {
    ...{ keyBytes, hasEven: (which & EVEN) !== 0, hasOdd: (which & ODD) !== 0 },
    salt: bytes.subarray(FIXED_BYTES, FIXED_BYTES + SALT_BYTES),
    wrapped: bytes.subarray(FIXED_BYTES + SALT_BYTES),
  };
}

/** RFC 3394; undefined when the wrapping key is another one, which is what a wrong passphrase is. */
export function unwrapKeys(material: KeyMaterial, wrappingKey: Uint8Array): MediaKeys | undefined {
  const { keyBytes, salt, hasEven, hasOdd, wrapped } = material;
  try {
    const unwrap = createDecipheriv(`id-aes${keyBytes * 8}-wrap`, wrappingKey, Buffer.alloc(CHECK_BYTES, 0xa6));
    const keys = Buffer.concat([unwrap.update(wrapped), unwrap.final()]);
    return {
      salt,
      ...(hasEven ? { even: keys.subarray(0, keyBytes) } : {}),
      ...(hasOdd ? { odd: keys.subarray(keys.length - keyBytes) } : {}),
    };
  } catch {
    return undefined;
  }
}

const HEADER_BYTES = 16;
/** Of the second word of a packet with media: which key its payload is encrypted with. */
const KEY_BITS = 0x18;

/** A packet with media as if it had never been encrypted; undefined when it was not, or by a key that is not known. */
export function decrypted(packet: Uint8Array, keys: MediaKeys): Uint8Array | undefined {
  const which = ((packet[4] ?? 0) & KEY_BITS) >> 3;
  const key = which === EVEN ? keys.even : which === ODD ? keys.odd : undefined;
  if (!key || packet.length < HEADER_BYTES) return undefined;
  const copy = Buffer.from(packet);
  copy.writeUInt8((packet[4] ?? 0) & ~KEY_BITS, 4);
  const cipher = createDecipheriv(`aes-${key.length * 8}-ctr`, key, counterOf(keys.salt, packet));
  cipher.update(copy.subarray(HEADER_BYTES)).copy(copy, HEADER_BYTES);
  return copy;
}

/** Section 6.1.2: the salt's first 14 bytes, with the packet's number in the last four of them. */
function counterOf(salt: Uint8Array, packet: Uint8Array): Uint8Array {
  const counter = Buffer.alloc(16);
  counter.set(salt.subarray(0, 14));
  for (let at = 0; at < 4; at += 1) counter[10 + at] = (counter[10 + at] ?? 0) ^ (packet[at] ?? 0);
  return counter;
}
