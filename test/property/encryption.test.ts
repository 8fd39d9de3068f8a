import { createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decryptSegment, encryptSegment, KEY_BYTES } from '../../src/kernel/encryption/segment.ts';
import { unwrapKey, wrapKey } from '../../src/kernel/encryption/wrapped-key.ts';

const key = fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES });
const bytes = fc.uint8Array({ maxLength: 5_000 });
const index = fc.integer({ min: 0, max: 999_999 });

describe('an encrypted segment', () => {
  test('is what it was, for whoever has the key and counts segments as the playlist does', () => {
    fc.assert(
      fc.property(bytes, key, index, (plain, secret, at) => {
        expect(decryptSegment(encryptSegment(plain, secret, at), secret, at)).toEqual(Buffer.from(plain));
      }),
    );
  });

  test('opens as RFC 8216 section 5.2 says: under the media sequence number as a big-endian vector', () => {
    fc.assert(
      fc.property(bytes, key, index, (plain, secret, at) => {
        const vector = Buffer.from(at.toString(16).padStart(32, '0'), 'hex');
        const decipher = createDecipheriv('aes-128-cbc', secret, vector);
        const opened = Buffer.concat([decipher.update(encryptSegment(plain, secret, at)), decipher.final()]);
        expect(opened).toEqual(Buffer.from(plain));
      }),
    );
  });

  test('is whole blocks, with at least a byte of padding', () => {
    fc.assert(
      fc.property(bytes, key, index, (plain, secret, at) => {
        expect(encryptSegment(plain, secret, at)).toHaveLength(16 * (Math.floor(plain.length / 16) + 1));
      }),
    );
  });

  test('is another for every place in the film and for every key', () => {
    fc.assert(
      fc.property(bytes, key, key, index, index, (plain, secret, other, at, elsewhere) => {
        const sent = encryptSegment(plain, secret, at);
        if (at !== elsewhere) expect(encryptSegment(plain, secret, elsewhere)).not.toEqual(sent);
        if (!Buffer.from(secret).equals(other)) {
          expect(encryptSegment(plain, other, at)).not.toEqual(sent);
          expect(decryptSegment(sent, other, at)).not.toEqual(Buffer.from(plain));
        }
      }),
    );
  });

  test('that was cut off or tampered with never opens to what it was, and throws nothing', () => {
    fc.assert(
      fc.property(bytes, key, index, fc.nat(), (plain, secret, at, where) => {
        const sent = encryptSegment(plain, secret, at);
        const cut = sent.subarray(0, where % sent.length);
        expect(decryptSegment(cut, secret, at)).not.toEqual(Buffer.from(plain));
        const tampered = Buffer.from(sent);
        tampered[where % sent.length] = (tampered[where % sent.length] ?? 0) ^ 1;
        expect(decryptSegment(tampered, secret, at)).not.toEqual(Buffer.from(plain));
      }),
    );
  });
});

describe('a wrapped key', () => {
  const home = fc.record({
    assetId: fc.constantFrom('as_aaaabbbbccccdddd', 'as_bbbbccccddddeeee'),
    version: fc.integer({ min: 1, max: 3 }),
  });

  test('comes out for its own asset and version under its own secret, and for nothing else', () => {
    fc.assert(
      fc.property(key, home, home, fc.string(), fc.string(), (content, own, other, secret, guess) => {
        const wrapped = wrapKey(content, own, secret);
        expect(unwrapKey(wrapped, own, secret)).toEqual(Buffer.from(content));
        const isOwn = own.assetId === other.assetId && own.version === other.version;
        if (!isOwn) expect(unwrapKey(wrapped, other, secret)).toBeUndefined();
        if (guess !== secret) expect(unwrapKey(wrapped, own, guess)).toBeUndefined();
      }),
    );
  });

  test('is sealed differently each time, and never shows the key', () => {
    fc.assert(
      fc.property(key, home, fc.string(), (content, own, secret) => {
        const wrapped = wrapKey(content, own, secret);
        expect(wrapKey(content, own, secret)).not.toBe(wrapped);
        expect(Buffer.from(wrapped, 'base64url').includes(Buffer.from(content))).toBe(false);
      }),
    );
  });

  test('of any other text is none', () => {
    fc.assert(
      fc.property(fc.string(), home, (text, own) => {
        expect(unwrapKey(text, own, 'secret')).toBeUndefined();
      }),
    );
  });

  test('with any bit turned is none', () => {
    fc.assert(
      fc.property(key, home, fc.nat(), (content, own, where) => {
        const bytes = Buffer.from(wrapKey(content, own, 'secret'), 'base64url');
        bytes[where % bytes.length] = (bytes[where % bytes.length] ?? 0) ^ (1 << (where % 8));
        expect(unwrapKey(bytes.toString('base64url'), own, 'secret')).toBeUndefined();
      }),
    );
  });
});
