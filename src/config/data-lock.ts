import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What SQLite says when another process holds the lock, https://sqlite.org/rescode.html#busy. */
const SQLITE_BUSY = 5;

/**
 * How long to insist. The lock is taken in steps, and two that take them at once get into each other's way: without
 * patience both may find it busy. With it the one that is ahead waits for the other to step back, and gets it.
 */
const PATIENCE_MS = 200;

export interface DataLock {
  release(): void;
}

/**
 * Takes a data folder for this process, or undefined when another has it. The lock is the operating system's own on an
 * empty database file, so it ends with its process however that ends, and of two that start at once exactly one gets it.
 */
export function lockData(folder: string): DataLock | undefined {
  const file = new DatabaseSync(join(folder, 'server.lock'), { timeout: PATIENCE_MS });
  try {
    file.exec('BEGIN EXCLUSIVE');
    return { release: () => file.close() };
  } catch (cause) {
    file.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw cause;
  }
}
