import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('edge_feed')
    .addColumn('lineage', 'text', (column) => column.primaryKey())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute();
  const row = { lineage: randomBytes(9).toString('base64url'), revision: 1 };
  await (db as Kysely<{ edge_feed: typeof row }>).insertInto('edge_feed').values(row).execute();
}
