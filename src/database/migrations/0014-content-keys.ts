import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('assets').addColumn('encryption', 'text').execute();
  await db.schema.alterTable('encodings').addColumn('encryption', 'text').execute();
  await db.schema
    .createTable('content_keys')
    .addColumn('asset_id', 'text', (column) => column.notNull().references('assets.id').onDelete('cascade'))
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('wrapped', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('content_keys_key', ['asset_id', 'version'])
    .execute();
}
