import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('events').addColumn('live', 'text').execute();
  await db.schema
    .alterTable('broadcasts')
    .addColumn('recorded', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  // Of the broadcasts only those under way: a server that starts looks for what it left unfinished.
  await db.schema
    .createIndex('broadcasts_unfinished')
    .on('broadcasts')
    .column('stream_id')
    .where(sql.ref('ended_at'), 'is', null)
    .execute();
}
