import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type Database, openDatabase, openPostgres, pingDatabase } from '../../src/database/open.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { runSql } from '../harness/postgres.ts';

export interface FreshDatabase {
  readonly database: Database;
  /** The same tables over connections of their own, as another process has them; of SQLite there is only one. */
  another(): Promise<Database>;
  discard(): Promise<void>;
}

/** Every database the repositories and the queue must work on the same; an engine joins by one more line. */
export const DATABASES: readonly { readonly name: string; readonly fresh: () => Promise<FreshDatabase> }[] = [
  { name: 'SQLite', fresh: freshSqlite },
  { name: 'PostgreSQL', fresh: freshPostgres },
];

async function freshSqlite(): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-contract-'));
  const database = await openDatabase(folder);
  return {
    database,
    another: async () => database,
    discard: async () => {
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freshPostgres(): Promise<FreshDatabase> {
  const { url, drop } = await freshPostgresUrl();
  const all: Database[] = [];
  const another = async () => {
    const database = await openPostgres({ url, connections: 10, log: silentLog });
    all.push(database);
    return database;
  };
  return {
    database: await another(),
    another: async () => {
      const more = await another();
      // Open already when the test begins: otherwise what is done at once would wait for its connections in turn.
      await Promise.all(all.flatMap((each) => Array.from({ length: 6 }, () => pingDatabase(each))));
      return more;
    },
    discard: async () => {
      for (const each of all) await each.destroy();
      await drop();
    },
  };
}

/** A new empty database on the server that all files share. */
export async function freshPostgresUrl(): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const server = inject('postgresUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await runSql(server, `create database ${name}`);
  const url = server.replace(/[^/]*$/, name);
  return { url, drop: () => runSql(server, `drop database ${name} with (force)`) };
}
