import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/database/open.ts';

export interface FreshDatabase {
  readonly database: Database;
  discard(): Promise<void>;
}

/** Every database the repositories and the queue must work on the same; an engine joins by one more line. */
export const DATABASES: readonly { readonly name: string; readonly fresh: () => Promise<FreshDatabase> }[] = [
  { name: 'SQLite', fresh: freshSqlite },
];

async function freshSqlite(): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-contract-'));
  const database = await openDatabase(folder);
  return {
    database,
    discard: async () => {
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
