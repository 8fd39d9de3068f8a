import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decrypted, readKeyMaterial, unwrapKeys } from './encryption.ts';

const SALT = Buffer.from('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', 'hex');

/** RFC 3394, section 4.1. */
const WRAPPING_KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const KEY = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const WRAPPED = Buffer.from('1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5', 'hex');

const materialOf = (which: number, keyBytes: number, wrapped: Uint8Array) =>
  Buffer.concat([Buffer.of(0x12, 0x20, 0x29, which, 0, 0, 0, 0, 2, 0, 2, 0, 0, 0, 4, keyBytes / 4), SALT, wrapped]);

const MESSAGE = materialOf(1, 16, WRAPPED);

function keysOf(message: Uint8Array, wrappingKey: Uint8Array = WRAPPING_KEY) {
  const material = readKeyMaterial(message);
  return material && unwrapKeys(material, wrappingKey);
}

test('the key of RFC 3394 is unwrapped, as the even or the odd one', () => {
  expect(keysOf(MESSAGE)).toEqual({ salt: SALT, even: KEY });
  expect(keysOf(materialOf(2, 16, WRAPPED))).toEqual({ salt: SALT, odd: KEY });
});

test.each([16, 24, 32])('two keys of %d bytes come in one message', (keyBytes) => {
  const [wrappingKey, even, odd] = [1, 2, 3].map((value) => Buffer.alloc(keyBytes, value)) as [Buffer, Buffer, Buffer];
  const wrap = createCipheriv(`id-aes${keyBytes * 8}-wrap`, wrappingKey, Buffer.alloc(8, 0xa6));
  const wrapped = Buffer.concat([wrap.update(Buffer.concat([even, odd])), wrap.final()]);
  expect(keysOf(materialOf(3, keyBytes, wrapped), wrappingKey)).toEqual({ salt: SALT, even, odd });
});

test('a wrong passphrase opens nothing, nor does a message with a bit changed', () => {
  expect(keysOf(MESSAGE, Buffer.alloc(16))).toBeUndefined();
  for (let at = 32; at < MESSAGE.length; at += 1) {
    const changed = Buffer.from(MESSAGE);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(keysOf(changed)).toBeUndefined();
  }
});

test.each([
  ['another version', 0, 0x22],
  ['another signature', 1, 0x21],
  ['no key', 3, 0],
  ['two keys, and the length of one', 3, 3],
  ['another cipher', 8, 4],
  ['a short salt', 14, 2],
  ['another length of key', 15, 6],
])('key material with %s is none', (_, at, value) => {
  const changed = Buffer.from(MESSAGE);
  changed[at] = value;
  expect(readKeyMaterial(changed)).toBeUndefined();
});

test('whatever else is sent for key material is none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      expect(keysOf(bytes)).toBeUndefined();
      expect(keysOf(Buffer.concat([MESSAGE.subarray(0, bytes.length % MESSAGE.length), bytes]))).toBeUndefined();
    }),
  );
});

test('a packet is read by the key that it names, and comes out as one that was never encrypted', () => {
  const text = Buffer.from('a payload that is longer than a block of the cipher');
  const header = Buffer.from('00010203e0000007000000090000000b', 'hex');
  // The number in the header, over the end of the salt's first 14 bytes.
  const counter = Buffer.from('a0a1a2a3a4a5a6a7a8a9aaaaaeae0000', 'hex');
  const cipher = createCipheriv('aes-128-ctr', KEY, counter);
  const sealed = Buffer.concat([header, cipher.update(text)]);
  const named = (bits: number) => {
    const packet = Buffer.from(sealed);
    packet.writeUInt8(0xe0 | bits, 4);
    return packet;
  };
  const keys = { salt: SALT, even: KEY };
  expect(decrypted(named(0x08), keys)).toEqual(Buffer.concat([header, text]));
  expect(decrypted(named(0x10), { salt: SALT, odd: KEY })).toEqual(Buffer.concat([header, text]));
  expect([0, 0x10, 0x18].map((bits) => decrypted(named(bits), keys))).toEqual([undefined, undefined, undefined]);
  expect(decrypted(named(0x08).subarray(0, 15), keys)).toBeUndefined();
});
