import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('encodings')
    .addColumn('asset_id', 'text', (column) => column.primaryKey().references('assets.id').onDelete('cascade'))
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('ladder', 'text', (column) => column.notNull())
    .addColumn('film', 'text')
    .addColumn('segments_total', 'integer', (column) => column.notNull())
    .addColumn('segments_done', 'integer', (column) => column.notNull())
    .addColumn('error_code', 'text')
    .addColumn('error_says', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  // No reference to the asset: its objects are to be removed also, and above all, when it is gone.
  await db.schema
    .createTable('retired_versions')
    .addColumn('asset_id', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('remove_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('retired_versions_key', ['asset_id', 'version'])
    .execute();
}
