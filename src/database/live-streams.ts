import type { Clock } from '../kernel/clock.ts';
import { type SealedFor, seal, unseal } from '../kernel/encryption/seal.ts';
import type { IngestHealth } from '../kernel/live/health.ts';
import type { LiveOptions } from '../kernel/live/live-stream.ts';
import { hashStreamKey } from '../kernel/live/stream-key.ts';
import { endUnderWay, type Hold } from './broadcasts.ts';
import { type LiveStream, toLiveStream } from './live-stream-rows.ts';
import { olderThan, type Position } from './older-than.ts';
import type { Database } from './open.ts';
import { transact } from './transact.ts';

export interface NewLiveStream extends Pick<LiveStream, 'id' | 'title' | 'policy' | 'options'> {
  readonly streamKey: string;
}

export interface LiveStreamChange {
  readonly title?: string;
  readonly policy?: LiveStream['policy'];
  readonly isDisabled?: boolean;
  readonly options?: LiveOptions;
}

/** What has been decided of a stream by the time its node says that it lives. */
export interface Renewal {
  readonly isDisabled: boolean;
  /** Of the key that counts now. */
  readonly keyHash: string;
}

/**
 * The streams with their keys, and which node has each: one at a time, for as long as it says so. Keys rest under a seal and
 * are found by their hash.
 */
export class LiveStreamRepository {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #secret: string;

  constructor(db: Database, clock: Clock, secret: string) {
    this.#db = db;
    this.#clock = clock;
    this.#secret = secret;
  }

  /** Undefined when there are `limit` streams already. */
  async create(stream: NewLiveStream, limit: number): Promise<LiveStream | undefined> {
    const now = this.#clock.now();
    const row = {
      id: stream.id,
      title: stream.title,
      policy: stream.policy,
      ...this.#keyColumns(stream.id, stream.streamKey),
      options: JSON.stringify(stream.options),
      disabled: 0,
      state: 'idle' as const,
      broadcast: 0,
      node_url: null,
      owned_until: null,
      health: null,
      regular: 0,
      created_at: now,
      updated_at: now,
    };
    return transact(
      this.#db,
      async (trx) => {
        const count = trx.selectFrom('live_streams').select((select) => select.fn.countAll<number>().as('streams'));
        if (Number((await count.executeTakeFirstOrThrow()).streams) >= limit) return undefined;
        await trx.insertInto('live_streams').values(row).execute();
        return toLiveStream(row);
      },
      'serializable',
    );
  }

  async find(id: string): Promise<LiveStream | undefined> {
    const row = await this.#db.selectFrom('live_streams').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toLiveStream(row);
  }

  /** The stream that a publisher with this key means. */
  async findByKey(streamKey: string): Promise<LiveStream | undefined> {
    const keyed = this.#db.selectFrom('live_streams').selectAll().where('key_hash', '=', hashStreamKey(streamKey));
    const row = await keyed.executeTakeFirst();
    return row && toLiveStream(row);
  }

  /** Newest first. `after` is the last stream of the page before; a page holds at most `limit`. */
  async list(limit: number, after?: Position): Promise<LiveStream[]> {
    let query = this.#db.selectFrom('live_streams').selectAll();
    if (after) query = query.where(olderThan('live_streams', after));
    const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return rows.map(toLiveStream);
  }

  /** The stream after the change; undefined when there is none. Options are replaced as a whole. */
  async edit(id: string, change: LiveStreamChange): Promise<LiveStream | undefined> {
    const row = await this.#db
      .updateTable('live_streams')
      .set({
        ...(change.title === undefined ? {} : { title: change.title }),
        ...(change.policy === undefined ? {} : { policy: change.policy }),
        ...(change.isDisabled === undefined ? {} : { disabled: change.isDisabled ? 1 : 0 }),
        ...(change.options === undefined ? {} : { options: JSON.stringify(change.options) }),
        updated_at: this.#clock.now(),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    return row && toLiveStream(row);
  }

  /** Deletes it, with an end to what is under way. Its broadcasts stay known for their recordings. False when there is none. */
  async delete(id: string): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const found = trx.selectFrom('live_streams').selectAll().where('id', '=', id).forUpdate();
      const row = await found.executeTakeFirst();
      if (!row) return false;
      await endUnderWay(trx, row, 'deleted', this.#clock.now());
      await trx.deleteFrom('live_bans').where('stream_id', '=', id).execute();
      await trx.deleteFrom('live_deletions').where('stream_id', '=', id).execute();
      await trx.deleteFrom('live_streams').where('id', '=', id).execute();
      return true;
    });
  }

  /** From here on only the new key is this stream's. False when there is no such stream. */
  async replaceKey(id: string, streamKey: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('live_streams')
      .set({ ...this.#keyColumns(id, streamKey), updated_at: this.#clock.now() })
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  /** The keys of streams; without those that were sealed under another secret than this server's. */
  async streamKeys(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map();
    const keyed = this.#db.selectFrom('live_streams').select(['id', 'key_sealed']).where('id', 'in', ids);
    const keys = (await keyed.execute()).flatMap(({ id, key_sealed }) => {
      const key = unseal(key_sealed, sealedFor(id), this.#secret);
      return key ? [[id, key.toString()] as const] : [];
    });
    return new Map(keys);
  }

  /**
   * Takes a stream for a node, for `holdMs` unless it renews. A node may take what it has already, as after a crash.
   * Undefined when there is no such stream, it is disabled, or another node has it.
   */
  async claim({ streamId, nodeUrl }: Hold, holdMs: number): Promise<LiveStream | undefined> {
    const now = this.#clock.now();
    // One statement: of several that claim at once the database lets one be first, and the others see what it wrote.
    const row = await this.#db
      .updateTable('live_streams')
      .set({ node_url: nodeUrl, owned_until: now + holdMs })
      .where('id', '=', streamId)
      .where('disabled', '=', 0)
      .where((where) =>
        where.or([where('node_url', 'is', null), where('node_url', '=', nodeUrl), where('owned_until', '<=', now)]),
      )
      .returningAll()
      .executeTakeFirst();
    return row && toLiveStream(row);
  }

  /** Says that the node lives. Undefined when the stream is gone or another's: its publishers are to be sent away. */
  async renew({ streamId, nodeUrl }: Hold, holdMs: number): Promise<Renewal | undefined> {
    const row = await this.#db
      .updateTable('live_streams')
      .set({ owned_until: this.#clock.now() + holdMs })
      .where('id', '=', streamId)
      .where('node_url', '=', nodeUrl)
      .returning(['disabled', 'key_hash'])
      .executeTakeFirst();
    return row && { isDisabled: row.disabled === 1, keyHash: row.key_hash };
  }

  /** A broadcast under way that the node does no more for: whoever wants it may have it at once. */
  async letGo({ streamId, nodeUrl }: Hold): Promise<void> {
    await this.#db
      .updateTable('live_streams')
      .set({ owned_until: this.#clock.now() })
      .where('id', '=', streamId)
      .where('node_url', '=', nodeUrl)
      .execute();
  }

  /** Gives back a stream of which no broadcast began; the end of one does so by itself. */
  async release({ streamId, nodeUrl }: Hold): Promise<void> {
    await this.#db
      .updateTable('live_streams')
      .set({ node_url: null, owned_until: null })
      .where('id', '=', streamId)
      .where('node_url', '=', nodeUrl)
      .where('state', '=', 'idle')
      .execute();
  }

  /** How the source is doing; for about once a second. What comes late, after the source was lost, is let go. */
  async setHealth({ streamId, nodeUrl }: Hold, health: IngestHealth): Promise<void> {
    await this.#db
      .updateTable('live_streams')
      .set({ health: JSON.stringify(health) })
      .where('id', '=', streamId)
      .where('node_url', '=', nodeUrl)
      .where('state', '=', 'live')
      .execute();
  }

  /** Whether the source's key frames are where segments may begin, for the sessions to come. */
  async setRegular({ streamId, nodeUrl }: Hold, isRegular: boolean): Promise<void> {
    await this.#db
      .updateTable('live_streams')
      .set({ regular: isRegular ? 1 : 0 })
      .where('id', '=', streamId)
      .where('node_url', '=', nodeUrl)
      .execute();
  }

  #keyColumns(id: string, streamKey: string) {
    const sealed = seal(Buffer.from(streamKey), sealedFor(id), this.#secret);
    return { key_hash: hashStreamKey(streamKey), key_sealed: sealed };
  }
}

function sealedFor(id: string): SealedFor {
  return { purpose: 'frontrow stream keys', place: id };
}
