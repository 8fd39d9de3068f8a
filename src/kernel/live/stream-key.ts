import { createHash } from 'node:crypto';
import { randomSymbols } from '../ids.ts';

/** A fresh secret by which a publisher is known: 26 symbols, 127 bits, which survive every door's way of writing it. */
export function newStreamKey(): string {
  return `lsk_${randomSymbols(26)}`;
}

/** What a key is looked up by: who reads the table learns none. */
export function hashStreamKey(streamKey: string): string {
  return createHash('sha256').update(streamKey).digest('hex');
}
