import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // No reference to an asset: most of these are gone.
  await db.schema
    .createTable('removals')
    .addColumn('prefix', 'text', (column) => column.primaryKey())
    .addColumn('settled_at', 'bigint', (column) => column.notNull())
    .execute();
}
