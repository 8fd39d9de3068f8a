import type { Selectable } from 'kysely';
import type { LiveSegment, Session } from '../kernel/live/broadcast.ts';
import type { Database } from './open.ts';
import type { RecordingSegmentTable } from './schema.ts';

/** What is stored of a broadcast, or of a clip. */
export interface Recording {
  readonly sessions: readonly Session[];
  /** Of every rendition, by sequence number. */
  readonly segments: readonly LiveSegment[];
}

/** The segments that were stored of broadcasts, and where they lie in time. */
export class RecordingRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Recorded twice it counts once, as do segments: after a crash nobody knows what was recorded last. */
  async addSession(recordingId: string, { number, beganAtMs }: Session): Promise<void> {
    await this.#db
      .insertInto('recording_sessions')
      .values({ recording_id: recordingId, session: number, began_at: beganAtMs })
      .onConflict((conflict) => conflict.columns(['recording_id', 'session']).doNothing())
      .execute();
  }

  async addSegments(recordingId: string, segments: readonly LiveSegment[]): Promise<void> {
    if (segments.length === 0) return;
    await this.#db
      .insertInto('recording_segments')
      .values(segments.map((segment) => toRow(recordingId, segment)))
      .onConflict((conflict) => conflict.columns(['recording_id', 'rendition', 'sequence']).doNothing())
      .execute();
  }

  async read(recordingId: string): Promise<Recording> {
    const sessions = await this.#db
      .selectFrom('recording_sessions')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .orderBy('session')
      .execute();
    const segments = await this.#db
      .selectFrom('recording_segments')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .orderBy('rendition')
      .orderBy('sequence')
      .execute();
    return {
      sessions: sessions.map(({ session, began_at }) => ({ number: session, beganAtMs: Number(began_at) })),
      segments: segments.map(toSegment),
    };
  }
}

function toRow(recordingId: string, segment: LiveSegment): Selectable<RecordingSegmentTable> {
  return {
    recording_id: recordingId,
    rendition: segment.rendition,
    sequence: segment.sequence,
    session: segment.session,
    start_ticks: segment.startTicks,
    duration_ticks: segment.durationTicks,
    bytes: segment.bytes,
    key_start: segment.keyFrame?.startByte ?? null,
    key_bytes: segment.keyFrame?.sizeBytes ?? null,
    gap: segment.isGap ? 1 : 0,
  };
}

/** PostgreSQL's driver hands 64-bit numbers over as text. */
function toSegment(row: Selectable<RecordingSegmentTable>): LiveSegment {
  const { key_start, key_bytes } = row;
  return {
    rendition: row.rendition,
    sequence: row.sequence,
    session: row.session,
    startTicks: Number(row.start_ticks),
    durationTicks: Number(row.duration_ticks),
    bytes: Number(row.bytes),
    ...(key_start === null || key_bytes === null ? {} : { keyFrame: { startByte: key_start, sizeBytes: key_bytes } }),
    ...(row.gap === 1 ? { isGap: true as const } : {}),
  };
}
