import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('jobs').addColumn('wished_by', 'text').execute();
  await db.schema.alterTable('jobs').addColumn('wished_since', 'bigint').execute();
  await db.schema.alterTable('jobs').addColumn('wish_until', 'bigint').execute();
  await db.schema.createIndex('jobs_wished').on('jobs').columns(['wish_until']).execute();
}
