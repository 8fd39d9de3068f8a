import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('segments').addColumn('key_start', 'integer').execute();
  await db.schema.alterTable('segments').addColumn('key_bytes', 'integer').execute();
}
