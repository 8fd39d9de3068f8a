import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('assets')
    .addColumn('arriving', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await (db as Kysely<{ assets: { arriving: number; status: string } }>)
    .updateTable('assets')
    .set({ arriving: 1 })
    .where('status', '=', 'uploading')
    .execute();
  await db.schema.alterTable('jobs').addColumn('needs_bytes', 'bigint').execute();
  await db.schema.alterTable('jobs').addColumn('at_node', 'text').execute();
}
