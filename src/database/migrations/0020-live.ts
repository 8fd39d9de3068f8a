import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('live_streams')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('policy', 'text', (column) => column.notNull())
    .addColumn('key_hash', 'text', (column) => column.notNull().unique())
    .addColumn('key_sealed', 'text', (column) => column.notNull())
    .addColumn('options', 'text', (column) => column.notNull())
    .addColumn('disabled', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('broadcast', 'integer', (column) => column.notNull())
    .addColumn('node_url', 'text')
    .addColumn('owned_until', 'bigint')
    .addColumn('health', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('live_streams_newest').on('live_streams').columns(['created_at', 'id']).execute();
  await db.schema
    .createTable('broadcasts')
    .addColumn('stream_id', 'text', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('recording_id', 'text', (column) => column.notNull().unique())
    .addColumn('format', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .addPrimaryKeyConstraint('broadcasts_key', ['stream_id', 'number'])
    .execute();
  await db.schema
    .createTable('recording_sessions')
    .addColumn('recording_id', 'text', (column) => column.notNull())
    .addColumn('session', 'integer', (column) => column.notNull())
    .addColumn('began_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('recording_sessions_key', ['recording_id', 'session'])
    .execute();
  await db.schema
    .createTable('recording_segments')
    .addColumn('recording_id', 'text', (column) => column.notNull())
    .addColumn('rendition', 'text', (column) => column.notNull())
    .addColumn('sequence', 'integer', (column) => column.notNull())
    .addColumn('session', 'integer', (column) => column.notNull())
    .addColumn('start_ticks', 'bigint', (column) => column.notNull())
    .addColumn('duration_ticks', 'bigint', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('key_start', 'integer')
    .addColumn('key_bytes', 'integer')
    .addColumn('gap', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('recording_segments_key', ['recording_id', 'rendition', 'sequence'])
    .execute();
}
