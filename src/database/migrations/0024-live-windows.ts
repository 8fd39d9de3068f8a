import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // Of a broadcast that is not kept the rows of earlier sessions go, and their number must not.
  await db.schema
    .alterTable('recording_sessions')
    .addColumn('discontinuities', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  // Dates follow the clock of arrival, and must be the same when they are read back.
  await db.schema
    .alterTable('recording_segments')
    .addColumn('shift_ms', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
