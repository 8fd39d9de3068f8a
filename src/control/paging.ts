import type { Position } from '../database/older-than.ts';
import { Fault } from '../kernel/errors.ts';

/** Opaque to callers, so that what a list is ordered by may change. */
export function writeCursor(last: Position): string {
  return Buffer.from(JSON.stringify([last.createdAtMs, last.id])).toString('base64url');
}

/** @throws Fault INVALID_REQUEST for a text this file did not write. */
export function parseCursor(cursor: string): Position {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parts) && Number.isSafeInteger(parts[0]) && typeof parts[1] === 'string') {
      return { createdAtMs: parts[0] as number, id: parts[1] };
    }
  } catch {
    // Not JSON: the same refusal as for JSON of another shape.
  }
  throw new Fault('INVALID_REQUEST', { says: 'querystring.cursor is not a cursor of this list.' });
}
