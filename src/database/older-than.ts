import { type RawBuilder, type SqlBool, sql } from 'kysely';

/** The last row of the page before, of a list that has the newest first. */
export interface Position {
  readonly createdAtMs: number;
  readonly id: string;
}

/** Whether a row of `table` comes behind it: rows of one moment go by their ids. */
export function olderThan(table: string, { createdAtMs, id }: Position): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.ref(`${table}.created_at`)}, ${sql.ref(`${table}.id`)}) < (${createdAtMs}, ${id})`;
}
