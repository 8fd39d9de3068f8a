import type { Kysely, Selectable } from 'kysely';
import type { LiveSegment } from '../kernel/live/broadcast.ts';
import type { DateRange } from '../kernel/live/date-range.ts';
import type { DatabaseTransaction } from './open.ts';
import type { RecordingDateRangeTable, RecordingSegmentTable, Schema } from './schema.ts';

/** Forgets what a recording consists of, as a part of the caller's transaction. */
export async function forgetRecording(trx: DatabaseTransaction, recordingId: string): Promise<void> {
  await trx.deleteFrom('recording_segments').where('recording_id', '=', recordingId).execute();
  await trx.deleteFrom('recording_sessions').where('recording_id', '=', recordingId).execute();
  await trx.deleteFrom('recording_date_ranges').where('recording_id', '=', recordingId).execute();
}

/** The same where there is no asset: of a broadcast that nobody wanted to keep. */
export async function forgetUnclaimed(trx: DatabaseTransaction, recordingId: string): Promise<void> {
  const asset = await trx.selectFrom('assets').select('id').where('id', '=', recordingId).executeTakeFirst();
  if (!asset) await forgetRecording(trx, recordingId);
}

/** Rows that one statement takes, well below what either engine allows of values. */
const ROWS_AT_ONCE = 500;

/** Inserted twice it counts once: after a crash nobody knows what was recorded last. */
export async function insertSegments(
  db: Kysely<Schema>,
  recordingId: string,
  segments: readonly LiveSegment[],
): Promise<void> {
  for (let from = 0; from < segments.length; from += ROWS_AT_ONCE) {
    const rows = segments.slice(from, from + ROWS_AT_ONCE).map((segment) => toRow(recordingId, segment));
    await db
      .insertInto('recording_segments')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['recording_id', 'rendition', 'sequence']).doNothing())
      .execute();
  }
}

/** What has an id already stays as it is: players may have seen it. */
export async function insertDateRanges(
  db: Kysely<Schema>,
  recordingId: string,
  ranges: readonly DateRange[],
): Promise<void> {
  for (let from = 0; from < ranges.length; from += ROWS_AT_ONCE) {
    const rows = ranges.slice(from, from + ROWS_AT_ONCE).map((range): Selectable<RecordingDateRangeTable> => {
      const { id, class: means, startsAtMs, durationSeconds = null, text } = range;
      const duration_seconds = durationSeconds;
      return { recording_id: recordingId, id, class: means, starts_at: startsAtMs, duration_seconds, text };
    });
    await db
      .insertInto('recording_date_ranges')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['recording_id', 'id']).doNothing())
      .execute();
  }
}

export function toDateRange(row: Selectable<RecordingDateRangeTable>): DateRange {
  const { id, class: means, starts_at: startsAt, duration_seconds: seconds, text } = row;
  return {
    id,
    class: means,
    startsAtMs: Number(startsAt),
    ...(seconds === null ? {} : { durationSeconds: seconds }),
    text,
  };
}

function toRow(recordingId: string, { keyFrame, ...segment }: LiveSegment): Selectable<RecordingSegmentTable> {
  return {
    recording_id: recordingId,
    rendition: segment.rendition,
    sequence: segment.sequence,
    session: segment.session,
    start_ticks: segment.startTicks,
    duration_ticks: segment.durationTicks,
    bytes: segment.bytes,
    key_start: keyFrame?.startByte ?? null,
    key_bytes: keyFrame?.sizeBytes ?? null,
    gap: segment.isGap ? 1 : 0,
    shift_ms: segment.shiftMs ?? 0,
  };
}

/** PostgreSQL's driver hands 64-bit numbers over as text. */
export function toSegment(row: Selectable<RecordingSegmentTable>): LiveSegment {
  const { rendition, sequence, session, key_start: startByte, key_bytes: sizeBytes } = row;
  return {
    rendition,
    sequence,
    session,
    startTicks: Number(row.start_ticks),
    durationTicks: Number(row.duration_ticks),
    bytes: Number(row.bytes),
    ...(startByte === null || sizeBytes === null ? {} : { keyFrame: { startByte, sizeBytes } }),
    ...(row.shift_ms === 0 ? {} : { shiftMs: row.shift_ms }),
    ...(row.gap === 1 ? { isGap: true as const } : {}),
  };
}
