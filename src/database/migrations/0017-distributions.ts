import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('configurations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('document', 'text', (column) => column.notNull())
    .addColumn('secret', 'text')
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('configurations_newest')
    .on('configurations')
    .columns(['kind', 'created_at', 'id'])
    .execute();

  await db.schema
    .createTable('invalidations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('sequence', 'bigint', (column) => column.notNull().unique())
    .addColumn('distribution_id', 'text', (column) =>
      column.notNull().references('configurations.id').onDelete('cascade'),
    )
    .addColumn('caller_reference', 'text')
    .addColumn('batch', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('completed_at', 'bigint')
    .addUniqueConstraint('invalidations_reference', ['distribution_id', 'caller_reference'])
    .execute();
  await db.schema
    .createIndex('invalidations_newest')
    .on('invalidations')
    .columns(['distribution_id', 'created_at', 'id'])
    .execute();
}
