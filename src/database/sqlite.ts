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

/** One writer at a time is SQLite's whole rule, so the row locks that PostgreSQL needs have no words here. */
class LocklessDialect extends SqliteDialect {
  override createQueryCompiler(): SqliteQueryCompiler {
    return new LocklessCompiler();
  }
}

const LOCKS: ReadonlySet<string | undefined> = new Set(['ForUpdate', 'ForKeyShare', 'SkipLocked']);

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
