import type { GrantId } from '../access/grant-id.ts';
import { isRecord } from './message.ts';

/** An entry of the section `revocations`: a grant that counts no more, or does again. */
export interface RevocationEntry {
  readonly id: GrantId;
  /** When the grant is over anyway, and nobody need remember this. */
  readonly expiresAtMs: number;
  readonly removed?: true;
}

export function isRevocationEntry(value: unknown): value is RevocationEntry {
  if (!isRecord(value) || typeof value.id !== 'string' || value.id === '') return false;
  return typeof value.expiresAtMs === 'number' && (value.removed === undefined || value.removed === true);
}
