import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // What a source has shown of its key frames is worth an encoder to the next session, also after a restart.
  await db.schema
    .alterTable('live_streams')
    .addColumn('regular', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
