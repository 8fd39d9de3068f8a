import type { LiveSegment, Session } from '../kernel/live/broadcast.ts';
import type { Database } from './open.ts';
import { insertSegments, toSegment } from './recorded-rows.ts';

/** What is stored of a broadcast, or of a clip. */
export interface Recording {
  readonly sessions: readonly Session[];
  /** Of every rendition, by sequence number. */
  readonly segments: readonly LiveSegment[];
}

/** A number and the session that it is of. */
export type SequencePlace = Pick<LiveSegment, 'sequence' | 'session'>;

/** The segments that were stored of broadcasts, and where they lie in time. */
export class RecordingRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Recorded twice it counts once, as do segments: after a crash nobody knows what was recorded last. */
  async addSession(recordingId: string, { number, beganAtMs, discontinuities = 0 }: Session): Promise<void> {
    await this.#db
      .insertInto('recording_sessions')
      .values({ recording_id: recordingId, session: number, began_at: beganAtMs, discontinuities })
      .onConflict((conflict) => conflict.columns(['recording_id', 'session']).doNothing())
      .execute();
  }

  async addSegments(recordingId: string, segments: readonly LiveSegment[]): Promise<void> {
    await insertSegments(this.#db, recordingId, segments);
  }

  /** What a broadcast that nobody keeps has behind its window is not there any more. */
  async forgetBefore(recordingId: string, { sequence, session }: SequencePlace): Promise<void> {
    await this.#db
      .deleteFrom('recording_segments')
      .where('recording_id', '=', recordingId)
      .where('sequence', '<', sequence)
      .execute();
    await this.#db
      .deleteFrom('recording_sessions')
      .where('recording_id', '=', recordingId)
      .where('session', '<', session)
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
      sessions: sessions.map(({ session, began_at, discontinuities }) => ({
        number: session,
        beganAtMs: Number(began_at),
        ...(discontinuities === 0 ? {} : { discontinuities }),
      })),
      segments: segments.map(toSegment),
    };
  }
}
