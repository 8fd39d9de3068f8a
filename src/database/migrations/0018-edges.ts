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

  await db.schema
    .createTable('edges')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('location', 'text')
    .addColumn('enrolled', 'integer', (column) => column.notNull())
    .addColumn('draining', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema
    .createTable('edge_reports')
    .addColumn('edge_id', 'text', (column) => column.notNull().references('edges.id').onDelete('cascade'))
    .addColumn('process', 'text', (column) => column.notNull())
    .addColumn('reported_at', 'bigint', (column) => column.notNull())
    .addColumn('report', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('edge_reports_key', ['edge_id', 'process'])
    .execute();
  await db.schema
    .createTable('revocations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('grant_id', 'text', (column) => column.notNull().unique())
    .addColumn('sequence', 'bigint', (column) => column.notNull().unique())
    .addColumn('key_pair_id', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('removed_at', 'bigint')
    .execute();
  await db.schema.createIndex('revocations_newest').on('revocations').columns(['created_at', 'id']).execute();
  await db.schema
    .createTable('jwks')
    .addColumn('url', 'text', (column) => column.primaryKey())
    .addColumn('keys', 'text', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .addColumn('leased_until', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('edge_enrolments')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('token_hash', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text')
    .addColumn('location', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
}
