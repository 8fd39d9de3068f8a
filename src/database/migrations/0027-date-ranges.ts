import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('recording_date_ranges')
    .addColumn('recording_id', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('class', 'text', (column) => column.notNull())
    .addColumn('starts_at', 'bigint', (column) => column.notNull())
    .addColumn('duration_seconds', 'double precision')
    .addColumn('text', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('recording_date_ranges_key', ['recording_id', 'id'])
    .execute();
}
