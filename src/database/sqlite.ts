import { chmod, writeFile } from 'node:fs/promises';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import {
  type SelectModifierNode,
  type SqliteDatabase,
  SqliteDialect,
  SqliteQueryCompiler,
  type SqliteStatement,
} from 'kysely';
import { LRUCache } from 'lru-cache';

/**
 * Kysely's SQLite dialect over Node's own `node:sqlite`, which speaks nearly the interface Kysely asks for.
 * WAL lets readers go on beside the one writer; synchronous=FULL makes a commit survive a power cut.
 */
export function sqliteDialect(file: string): SqliteDialect {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec('PRAGMA foreign_keys = ON');
  return new LocklessDialect({ database: adapt(database) });
}

/** SQLite gives what it puts beside a database the rights of the database. */
const BESIDE = ['-wal', '-shm'];

/** Secrets stand in it: nobody but its owner may read it, also where an earlier release let everybody. */
export async function keepToOwner(file: string): Promise<void> {
  // Never opened where it is there: closing it would take away the locks that another connection of this process has.
  await writeFile(file, '', { mode: 0o600, flag: 'wx' }).catch(unless('EEXIST'));
  // What belongs to somebody else is his to close, and no reason not to start.
  for (const each of [file, ...BESIDE.map((end) => file + end)]) {
    await chmod(each, 0o600).catch(unless('ENOENT', 'EPERM'));
  }
}

function unless(...codes: readonly string[]): (cause: NodeJS.ErrnoException) => void {
  return (cause) => {
    if (!codes.includes(cause.code ?? '')) throw cause;
  };
}

/** One writer at a time is SQLite's whole rule, so the row locks that PostgreSQL needs have no words here. */
class LocklessDialect extends SqliteDialect {
  override createQueryCompiler(): SqliteQueryCompiler {
    return new LocklessCompiler();
  }
}

const LOCKS: ReadonlySet<string | undefined> = new Set(['ForUpdate', 'ForShare', 'ForKeyShare', 'SkipLocked']);

class LocklessCompiler extends SqliteQueryCompiler {
  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (!LOCKS.has(node.modifier)) super.visitSelectModifier(node);
  }
}

/** Texts that are kept ready to run: all there are, but for lists of a length that is seldom asked with. */
const MAX_STATEMENTS = 500;

function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new LRUCache<string, SqliteStatement>({ max: MAX_STATEMENTS });
  return {
    close: () => database.close(),
    prepare(sql): SqliteStatement {
      const ready = statements.get(sql) ?? prepare(database, sql);
      statements.set(sql, ready);
      return ready;
    },
  };
}

function prepare(database: DatabaseSync, sql: string): SqliteStatement {
  const statement = database.prepare(sql);
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    // Of its own, because rows may be taken from it while the same text is run again.
    iterate: (parameters) => database.prepare(sql).iterate(...values(parameters)),
  };
}

function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[];
}
