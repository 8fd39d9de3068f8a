import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Kysely, sql, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Fault } from '../kernel/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { describe, isRefusal, type PostgresOptions, postgresDialect } from './postgres.ts';
import type { Schema } from './schema.ts';
import { keepToOwner, sqliteDialect } from './sqlite.ts';

export type Database = Kysely<Schema>;

/** An open transaction: what joins in it happens together or not at all. */
export type DatabaseTransaction = Transaction<Schema>;

/** Opens the embedded database in `folder` and brings its tables up to date. */
export async function openDatabase(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'frontrow.sqlite');
  await keepToOwner(file);
  const database = new Kysely<Schema>({ dialect: sqliteDialect(file) });
  try {
    await migrate(database);
    return database;
  } catch (cause) {
    await database.destroy();
    throw cause;
  }
}

/** A machine that starts whole starts its database and us at the same time. */
const WAIT_AT_START_MS = 30_000;
const LOOK_AGAIN_MS = 500;

/**
 * Opens a database on a PostgreSQL server and brings its tables up to date. Of servers that do so at once one does the
 * work and the others wait for it.
 * @throws Fault UNAVAILABLE when it does not answer for half a minute, or refuses us.
 */
export async function openPostgres(options: PostgresOptions, waitMs = WAIT_AT_START_MS): Promise<Database> {
  await patiently(options, waitMs, async () => {
    // Apart from the pool of everyday, whose statements have a time limit: a large table may take long to change.
    const first = new Kysely<Schema>({ dialect: postgresDialect({ ...options, connections: 2 }, { patient: true }) });
    await migrate(first).finally(() => first.destroy());
  });
  return new Kysely<Schema>({ dialect: postgresDialect(options) });
}

async function patiently({ log }: PostgresOptions, waitMs: number, work: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (let told = false; ; told = true) {
    try {
      return await work();
    } catch (cause) {
      const isAway = cause instanceof Fault && cause.code === 'UNAVAILABLE' && !isRefusal(cause);
      if (!(cause instanceof Fault)) throw cause;
      if (!isAway || performance.now() > endMs)
        throw new Fault('UNAVAILABLE', { says: `The database cannot be used: ${describe(cause).why}.`, cause });
      if (!told) log.warn(describe(cause), 'waiting for the database');
    }
    await pause(LOOK_AGAIN_MS);
  }
}

async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

/** Rejects when the database does not answer. */
export async function pingDatabase(database: Database): Promise<void> {
  await sql`select 1`.execute(database);
}
