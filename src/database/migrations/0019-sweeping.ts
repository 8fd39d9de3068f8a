import type { Kysely } from 'kysely';

/** Up to which number invalidations may be missing because they were old. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('edge_feed')
    .addColumn('invalidations_swept', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}
