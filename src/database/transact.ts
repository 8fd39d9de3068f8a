import { setTimeout as pause } from 'node:timers/promises';
import type { Database, DatabaseTransaction } from './open.ts';

/** After so many attempts it is no accident. */
const ATTEMPTS = 8;
const PAUSE_MS = 5;

/**
 * Runs `work` in a transaction, again from its start when the database had to break it off for the sake of another one;
 * so `work` does nothing that counts outside of its transaction. Who reads a row to decide by it reads it `forUpdate`:
 * on PostgreSQL others work beside us at that very moment. `serializable` is for decisions by rows that are not there.
 * SQLite has one transaction at a time and needs neither.
 */
export async function transact<T>(
  database: Database,
  work: (trx: DatabaseTransaction) => Promise<T>,
  isolation: 'read committed' | 'serializable' = 'read committed',
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.transaction().setIsolationLevel(isolation).execute(work);
    } catch (cause) {
      if (attempt === ATTEMPTS || !isConflict(cause)) throw cause;
      // By chance, so that the two do not meet again at once.
      await pause(Math.random() * PAUSE_MS * 2 ** attempt);
    }
  }
}

/** PostgreSQL's serialization_failure and deadlock_detected. */
const CONFLICTS: ReadonlySet<unknown> = new Set(['40001', '40P01']);
/** SQLite's: somebody wrote between our reading and our writing, https://sqlite.org/rescode.html#busy_snapshot. */
const SQLITE_BUSY_SNAPSHOT = 517;

function isConflict(cause: unknown): boolean {
  const { code, errcode } = (cause ?? {}) as { code?: unknown; errcode?: unknown };
  return CONFLICTS.has(code) || errcode === SQLITE_BUSY_SNAPSHOT;
}
