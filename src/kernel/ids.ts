import { randomBytes } from 'node:crypto';

/** Letters that survive being read aloud and typed: no 0/o, 1/l, i or u. 30 symbols. */
const ALPHABET = 'abcdefghjkmnpqrstvwxyz23456789';
const PATTERN = new RegExp(`^[a-z]{2,3}_[${ALPHABET}]{16}$`);

export type IdPrefix =
  | 'as'
  | 'tok'
  | 'job'
  | 'wh'
  | 'ev'
  | 'dl'
  | 'sub'
  | 'nd'
  | 'ed'
  | 'rv'
  | 'en'
  | 'usr'
  | 'lnk'
  | 'au'
  | 'ds'
  | 'cp'
  | 'orp'
  | 'rhp'
  | 'kg'
  | 'oac'
  | 'inv'
  | 'ls'
  | 'md';

/** A fresh identifier such as `as_k3v9…`: 16 symbols, about 78 bits, so ids are unguessable as well as unique. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomSymbols(16)}`;
}

/** Symbols of which each is worth 4.9 bits. */
export function randomSymbols(count: number): string {
  let symbols = '';
  while (symbols.length < count) {
    for (const byte of randomBytes(2 * count)) {
      // 240 is the largest multiple of 30 in a byte: beyond it the modulo would favour the first letters.
      if (byte < 240 && symbols.length < count) symbols += ALPHABET[byte % 30];
    }
  }
  return symbols;
}

/** True for text this file could have made: checked before any id reaches a path or a query. */
export function isId(text: string, prefix: IdPrefix): boolean {
  return text.startsWith(`${prefix}_`) && PATTERN.test(text);
}

const KEY_PAIR_SYMBOLS = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789';

/** A public key id in CloudFront's form: `K` and 13 upper-case symbols. */
export function newKeyPairId(): string {
  let id = 'K';
  while (id.length < 14) {
    const byte = randomBytes(1)[0] ?? 255;
    // 238 is the largest multiple of the 34 symbols in a byte.
    if (byte < 238) id += KEY_PAIR_SYMBOLS[byte % 34];
  }
  return id;
}
