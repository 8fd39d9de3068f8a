import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { LiveEvent } from '../kernel/event-types.ts';
import type { BroadcastFormat } from '../kernel/live/broadcast.ts';
import type { HealthProblem } from '../kernel/live/health.ts';
import type { EndReason } from '../kernel/live/live-stream.ts';
import { recordLiveEvent } from './events.ts';
import { type Broadcast, toBroadcast, toLiveStream } from './live-stream-rows.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { BroadcastTable, LiveStreamTable } from './schema.ts';
import { transact } from './transact.ts';

/** A stream in the hands of a node, which alone may say what becomes of it. */
export interface Hold {
  readonly streamId: string;
  readonly nodeUrl: string;
}

/** The asset of a broadcast that is over, soon `ready` or so already. */
export interface PublicRecording {
  readonly recordingId: string;
  readonly isReady: boolean;
}

/**
 * Each time a stream goes live. The state of the stream and the event that tells of it change with it, in one transaction;
 * a node that has lost the stream to another changes nothing any more.
 */
export class BroadcastRepository {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #told: () => void;

  /** `told` is called for each event, once others can read it. */
  constructor(db: Database, clock: Clock, told: () => void = () => {}) {
    this.#db = db;
    this.#clock = clock;
    this.#told = told;
  }

  /** The stream is live under its next number. Undefined when it is not this node's, or is live already. */
  async begin(
    hold: Hold,
    about: { readonly recordingId: string; readonly format: BroadcastFormat },
  ): Promise<Broadcast | undefined> {
    return this.#change(async (trx) => {
      const row = await held(trx, hold);
      if (row?.state !== 'idle') return undefined;
      const now = this.#clock.now();
      const broadcast: Selectable<BroadcastTable> = {
        stream_id: row.id,
        number: row.broadcast + 1,
        recording_id: about.recordingId,
        recorded: toLiveStream(row).options.isRecorded ? 1 : 0,
        format: JSON.stringify(about.format),
        started_at: now,
        ended_at: null,
        end_reason: null,
      };
      await trx.insertInto('broadcasts').values(broadcast).execute();
      const change = { state: 'live', broadcast: broadcast.number, health: null } as const;
      await happened(trx, 'live.started', { ...row, ...change, updated_at: now }, toBroadcast(broadcast));
      await write(trx, row.id, { ...change, updated_at: now });
      return toBroadcast(broadcast);
    });
  }

  /** The publisher is gone and may still come back. False when the stream was not live at this node. */
  async lost({ streamId, nodeUrl }: Hold): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('live_streams')
      // How the source did says nothing once there is none.
      .set({ state: 'reconnecting', health: null, updated_at: this.#clock.now() })
      .where('id', '=', streamId)
      .where('node_url', '=', nodeUrl)
      .where('state', '=', 'live')
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  /** A publisher is back. False when none was missed. */
  async reconnected(hold: Hold): Promise<boolean> {
    return this.#change(async (trx) => {
      const row = await held(trx, hold);
      if (row?.state !== 'reconnecting') return false;
      const change = { state: 'live', updated_at: this.#clock.now() } as const;
      await happened(trx, 'live.reconnected', { ...row, ...change }, await current(trx, row));
      await write(trx, row.id, change);
      return true;
    });
  }

  /** Something is wrong with the source, or something else than before. False when nothing is under way at this node. */
  unhealthy(hold: Hold, problems: readonly HealthProblem[]): Promise<boolean> {
    return this.#tell(hold, 'live.unhealthy', problems);
  }

  /** Nothing is wrong with it any more. */
  recovered(hold: Hold): Promise<boolean> {
    return this.#tell(hold, 'live.recovered');
  }

  /** Ends the broadcast of that number, and gives the stream back. False when it is not under way at this node. */
  async end(hold: Hold, number: number, reason: EndReason): Promise<boolean> {
    return this.#change(async (trx) => {
      const row = await held(trx, hold);
      return row?.broadcast === number && endUnderWay(trx, row, reason, this.#clock.now());
    });
  }

  async find(streamId: string, number: number): Promise<Broadcast | undefined> {
    const row = await this.#all().where('stream_id', '=', streamId).where('number', '=', number).executeTakeFirst();
    return row && toBroadcast(row);
  }

  /** The one that an asset is the recording of. */
  async ofRecording(recordingId: string): Promise<Broadcast | undefined> {
    const row = await this.#all().where('recording_id', '=', recordingId).executeTakeFirst();
    return row && toBroadcast(row);
  }

  /** The last one of a stream, whether it is over or not; none of a stream that was deleted. */
  async latest(streamId: string): Promise<Broadcast | undefined> {
    return (await this.latestOf([streamId])).get(streamId);
  }

  /** What everybody may play of the last broadcast of a stream. */
  async publicRecording(streamId: string): Promise<PublicRecording | undefined> {
    const row = await this.#db
      .selectFrom('broadcasts')
      .innerJoin('live_streams', (join) =>
        join.onRef('live_streams.id', '=', 'stream_id').onRef('live_streams.broadcast', '=', 'number'),
      )
      .innerJoin('assets', 'assets.id', 'recording_id')
      .select(['assets.id', 'assets.status'])
      .where('stream_id', '=', streamId)
      .where('ended_at', 'is not', null)
      .where('assets.policy', '=', 'public')
      .where('assets.status', '!=', 'errored')
      .executeTakeFirst();
    return row && { recordingId: row.id, isReady: row.status === 'ready' };
  }

  /** Newest first. `before` is the number of the last one of the page before. */
  async list(streamId: string, limit: number, before?: number): Promise<Broadcast[]> {
    let query = this.#all().where('stream_id', '=', streamId).orderBy('number', 'desc');
    if (before !== undefined) query = query.where('number', '<', before);
    return (await query.limit(limit).execute()).map(toBroadcast);
  }

  /** The last one of each of these streams that has one. */
  async latestOf(streamIds: readonly string[]): Promise<ReadonlyMap<string, Broadcast>> {
    if (streamIds.length === 0) return new Map();
    const rows = await this.#all()
      .innerJoin('live_streams', (join) =>
        join.onRef('live_streams.id', '=', 'stream_id').onRef('live_streams.broadcast', '=', 'number'),
      )
      .where('stream_id', 'in', streamIds)
      .execute();
    return new Map(rows.map((row) => [row.stream_id, toBroadcast(row)]));
  }

  /** What a node that starts finds of its life before: broadcasts under way at this very address. */
  async unfinished(nodeUrl: string): Promise<Broadcast[]> {
    const rows = await this.#underWay().where('node_url', '=', nodeUrl).execute();
    return rows.map(toBroadcast);
  }

  /** Broadcasts whose node has not said that it lives since `sinceMs`. Whoever wants to end one claims its stream first. */
  async abandoned(sinceMs: number): Promise<Broadcast[]> {
    const rows = await this.#underWay().where('owned_until', '<', sinceMs).execute();
    return rows.map(toBroadcast);
  }

  async #tell(hold: Hold, type: LiveEvent, problems?: readonly HealthProblem[]): Promise<boolean> {
    return this.#change(async (trx) => {
      const row = await held(trx, hold);
      if (!row || row.state === 'idle') return false;
      await happened(trx, type, { ...row, updated_at: this.#clock.now() }, await current(trx, row), problems);
      return true;
    });
  }

  /** A change that an event tells of; nothing, or false, where there is none. */
  async #change<T>(change: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
    const changed = await transact(this.#db, change);
    if (changed) this.#told();
    return changed;
  }

  #all() {
    return this.#db.selectFrom('broadcasts').selectAll('broadcasts');
  }

  #underWay() {
    return this.#all()
      .innerJoin('live_streams', 'live_streams.id', 'stream_id')
      .where('ended_at', 'is', null)
      .orderBy('started_at')
      .orderBy('stream_id');
  }
}

type StreamRow = Selectable<LiveStreamTable>;

/** The stream, which nobody else changes until the transaction is through; undefined when it is not this node's. */
async function held(trx: DatabaseTransaction, { streamId, nodeUrl }: Hold): Promise<StreamRow | undefined> {
  return trx
    .selectFrom('live_streams')
    .selectAll()
    .where('id', '=', streamId)
    .where('node_url', '=', nodeUrl)
    .forUpdate()
    .executeTakeFirst();
}

/** Ends what is under way of a stream, whose row the transaction has locked. False when nothing is. */
export async function endUnderWay(
  trx: DatabaseTransaction,
  row: StreamRow,
  reason: EndReason,
  nowMs: number,
): Promise<boolean> {
  const ended = await trx
    .updateTable('broadcasts')
    .set({ ended_at: nowMs, end_reason: reason })
    .where('stream_id', '=', row.id)
    .where('number', '=', row.broadcast)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (!ended) return false;
  const change = { state: 'idle', node_url: null, owned_until: null, health: null, updated_at: nowMs } as const;
  await happened(trx, 'live.ended', { ...row, ...change }, toBroadcast(ended));
  await write(trx, row.id, change);
  return true;
}

async function current(trx: DatabaseTransaction, row: StreamRow): Promise<Broadcast> {
  const broadcasts = trx.selectFrom('broadcasts').selectAll().where('stream_id', '=', row.id);
  return toBroadcast(await broadcasts.where('number', '=', row.broadcast).executeTakeFirstOrThrow());
}

async function write(trx: DatabaseTransaction, id: string, change: Partial<StreamRow>): Promise<void> {
  const { created_at: _, ...columns } = change;
  await trx.updateTable('live_streams').set(columns).where('id', '=', id).execute();
}

async function happened(
  trx: DatabaseTransaction,
  type: LiveEvent,
  row: StreamRow,
  broadcast: Broadcast,
  problems?: readonly HealthProblem[],
): Promise<void> {
  const moment = { stream: toLiveStream(row), broadcast, ...(problems ? { problems } : {}) };
  await recordLiveEvent(trx, type, moment, Number(row.updated_at));
}
