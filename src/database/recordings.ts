import type { Kysely } from 'kysely';
import { Fault } from '../kernel/errors.ts';
import type { LiveSegment, Session } from '../kernel/live/broadcast.ts';
import { type DateRange, MOST_RECORDED_DATE_RANGES } from '../kernel/live/date-range.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import { insertDateRanges, insertSegments, toDateRange, toSegment } from './recorded-rows.ts';
import type { Schema } from './schema.ts';
import { transact } from './transact.ts';

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
  readonly #nodeUrl: (() => string) | undefined;

  /** @param nodeUrl of the node that records, which adds nothing to what another one has taken over */
  constructor(db: Database, nodeUrl?: () => string) {
    this.#db = db;
    this.#nodeUrl = nodeUrl;
  }

  /** Recorded twice it counts once, as do segments: after a crash nobody knows what was recorded last. */
  async addSession(recordingId: string, { number, beganAtMs, discontinuities = 0 }: Session): Promise<void> {
    await this.#add(recordingId, async (trx) => {
      await trx
        .insertInto('recording_sessions')
        .values({ recording_id: recordingId, session: number, began_at: beganAtMs, discontinuities })
        .onConflict((conflict) => conflict.columns(['recording_id', 'session']).doNothing())
        .execute();
    });
  }

  async addSegments(recordingId: string, segments: readonly LiveSegment[]): Promise<void> {
    await this.#add(recordingId, (trx) => insertSegments(trx, recordingId, segments));
  }

  /** The newest thousand stay. */
  async addDateRange(recordingId: string, range: DateRange): Promise<void> {
    await this.#add(recordingId, async (trx) => {
      await insertDateRanges(trx, recordingId, [range]);
      const old = await newestRanges(trx, recordingId).offset(MOST_RECORDED_DATE_RANGES).limit(A_FEW).execute();
      if (old.length === 0) return;
      const ids = old.map(({ id }) => id);
      const own = trx.deleteFrom('recording_date_ranges').where('recording_id', '=', recordingId);
      await own.where('id', 'in', ids).execute();
    });
  }

  /** What was told at moments of a recording, the newest so many, in their order. */
  async dateRanges(recordingId: string, most = MOST_RECORDED_DATE_RANGES): Promise<DateRange[]> {
    const rows = await newestRanges(this.#db, recordingId).limit(most).execute();
    return rows.reverse().map(toDateRange);
  }

  /** Whether this node may still add to a recording. */
  async isOpen(recordingId: string): Promise<boolean> {
    return transact(this.#db, (trx) => this.#isOpen(trx, recordingId));
  }

  /** @throws Fault LIVE_STREAM_BUSY when the broadcast is another node's */
  async #add(recordingId: string, work: (trx: DatabaseTransaction) => Promise<void>): Promise<void> {
    await transact(this.#db, async (trx) => {
      if (!(await this.#isOpen(trx, recordingId))) throw new Fault('LIVE_STREAM_BUSY');
      await work(trx);
    });
  }

  /** A broadcast is its node's until it ends, and its recording is open until it is `ready`. */
  async #isOpen(trx: DatabaseTransaction, recordingId: string): Promise<boolean> {
    if (!this.#nodeUrl) return true;
    const broadcasts = trx.selectFrom('broadcasts').select(['stream_id', 'ended_at']);
    const broadcast = await broadcasts.where('recording_id', '=', recordingId).executeTakeFirst();
    if (!broadcast) return false;
    if (broadcast.ended_at !== null) {
      const assets = trx.selectFrom('assets').select('status').where('id', '=', recordingId);
      const status = (await assets.executeTakeFirst())?.status;
      return status === undefined || status === 'uploading';
    }
    // Whoever claims the stream waits until what is being added is there, and reads it.
    const held = trx.selectFrom('live_streams').select('id').where('id', '=', broadcast.stream_id);
    return (await held.where('node_url', '=', this.#nodeUrl()).forShare().executeTakeFirst()) !== undefined;
  }

  /** Whether nothing is added any more to what a broadcast that is over has: it is an asset now, or is going to be removed. */
  async isWhole(recordingId: string): Promise<boolean> {
    const assets = this.#db.selectFrom('assets').select('status').where('id', '=', recordingId);
    const asset = await assets.executeTakeFirst();
    if (asset) return asset.status !== 'uploading';
    const retired = this.#db.selectFrom('retired_versions').select('version').where('asset_id', '=', recordingId);
    if (await retired.executeTakeFirst()) return true;
    // Of one that is removed already nothing is left; of one that nobody has finished yet something is.
    const sessions = this.#db.selectFrom('recording_sessions').select('session');
    return (await sessions.where('recording_id', '=', recordingId).executeTakeFirst()) === undefined;
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

/** One goes for each that comes. */
const A_FEW = 100;

function newestRanges(db: Kysely<Schema>, recordingId: string) {
  const own = db.selectFrom('recording_date_ranges').selectAll().where('recording_id', '=', recordingId);
  return own.orderBy('starts_at', 'desc').orderBy('id', 'desc');
}
