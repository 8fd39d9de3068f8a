import type { ExpressionBuilder, Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { EncryptionMethod } from '../kernel/encryption/segment.ts';
import { FAULTS, type FaultCode } from '../kernel/errors.ts';
import type { AssetEvent } from '../kernel/event-types.ts';
import { type Film, renditionNames, segmentCount } from '../kernel/film/film.ts';
import { filmPrefix, sourcePrefix, versionKeys } from '../kernel/film/paths.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import type { RecordedFilm } from '../kernel/recording/recorded-film.ts';
import { joinedAssets, newAssetRow, toAsset } from './asset-rows.ts';
import { discard, filmOfVersion, writeVersion } from './encodings.ts';
import { recordEvent } from './events.ts';
import { olderThan, type Position } from './older-than.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import { forgetRecording } from './recorded-rows.ts';
import { noteRemoval } from './removals.ts';
import type { AssetTable, EncodingTable, Schema } from './schema.ts';
import { transact } from './transact.ts';

export type AssetStatus = AssetTable['status'];
export type AssetPolicy = AssetTable['policy'];

export interface Asset {
  readonly id: string;
  readonly title: string;
  readonly policy: AssetPolicy;
  readonly status: AssetStatus;
  readonly version: number;
  /** How the segments of `version` are encrypted; absent for those in the clear. */
  readonly encryption?: EncryptionMethod;
  readonly sourceName: string;
  /** Declared while it is uploading, measured from then on. */
  readonly sourceBytes?: number;
  /** How much of the source has arrived; lags behind by about a second. */
  readonly receivedBytes: number;
  /** Whether more of the source is still to come; a film may be playable by then. */
  readonly arriving: boolean;
  readonly sourceSha256?: string;
  /** What the sender wants the sound brought to. */
  readonly loudnessLufs?: number;
  readonly film?: Film;
  /** Present instead of a film in what was recorded of a broadcast, or cut out of another asset. */
  readonly recording?: RecordedFilm;
  readonly segmentsTotal: number;
  readonly segmentsDone: number;
  readonly error?: { readonly code: FaultCode; readonly says: string };
  /** The last time it was asked to be encoded anew. */
  readonly encoding?: Encoding;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A version made of a stored source after the first one. */
export interface Encoding {
  readonly version: number;
  readonly state: EncodingTable['state'];
  readonly ladder: Ladder;
  readonly encryption?: EncryptionMethod;
  readonly film?: Film;
  readonly segmentsTotal: number;
  readonly segmentsDone: number;
  readonly error?: { readonly code: FaultCode; readonly says: string };
  readonly createdAtMs: number;
}

/** A segment that viewers can fetch. */
export interface PublishedSegment {
  readonly rendition: string;
  readonly segment: number;
  readonly bytes: number;
  /** Where the key frame that it opens on lies in it, with the boxes around it; absent for sound. */
  readonly keyFrame?: { readonly startByte: number; readonly sizeBytes: number };
}

export interface NewAsset {
  readonly id: string;
  readonly title: string;
  readonly policy: AssetPolicy;
  readonly encryption?: EncryptionMethod;
  readonly sourceName: string;
  /** Where the sender says how long the source will be. */
  readonly sourceBytes?: number;
  /** The node on whose disk the source arrives. */
  readonly receivedBy?: string;
  readonly loudnessLufs?: number;
}

/** Statuses from which work may still go on; an errored or deleted asset never comes back to life by a late worker. */
const ALIVE: readonly AssetStatus[] = ['uploading', 'queued', 'playable', 'ready'];

export class AssetRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async create(asset: NewAsset): Promise<Asset> {
    const now = this.#clock.now();
    const row = newAssetRow(asset, now);
    const made = toAsset(row);
    await transact(this.#db, async (trx) => {
      await trx.insertInto('assets').values(row).execute();
      await recordEvent(trx, 'asset.created', made, now);
    });
    return made;
  }

  async find(id: string): Promise<Asset | undefined> {
    const row = await joinedAssets(this.#db).where('assets.id', '=', id).executeTakeFirst();
    return row && toAsset(row);
  }

  /** Newest first. `after` is the last asset of the page before; a page holds at most `limit`. */
  async list(limit: number, after?: Position): Promise<Asset[]> {
    let query = joinedAssets(this.#db).orderBy('assets.created_at', 'desc').orderBy('assets.id', 'desc');
    if (after) query = query.where(olderThan('assets', after));
    return (await query.limit(limit).execute()).map(toAsset);
  }

  /** Changes what the owner may change. False when there is no such asset. */
  async edit(id: string, change: { title?: string; policy?: AssetPolicy }): Promise<boolean> {
    return this.#update(id, change);
  }

  /** Notes how much of the source has arrived and, once the sender says so, how long it is. */
  async received(id: string, receivedBytes: number, sourceBytes?: number): Promise<boolean> {
    const result = await this.#db
      .updateTable('assets')
      .set({
        received_bytes: receivedBytes,
        ...(sourceBytes === undefined ? {} : { source_bytes: sourceBytes }),
        updated_at: this.#clock.now(),
      })
      .where('id', '=', id)
      .where('arriving', '=', 1)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  /**
   * The source is whole and stored: `uploading` becomes `queued`, and `addWork` adds what is to be done with it, together
   * or not at all. False when it is not arriving any more.
   */
  async sourceStored(
    id: string,
    sourceBytes: number,
    addWork: (trx: DatabaseTransaction) => Promise<void> = async () => {},
  ): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const received = { arriving: 0, source_bytes: sourceBytes, received_bytes: sourceBytes };
      const result = await trx
        .updateTable('assets')
        .set({ ...received, updated_at: this.#clock.now() })
        .where('id', '=', id)
        .where('arriving', '=', 1)
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) return false;
      const queued = trx.updateTable('assets').set({ status: 'queued' }).where('id', '=', id);
      await queued.where('status', '=', 'uploading').execute();
      await addWork(trx);
      return true;
    });
  }

  async sourceDigested(id: string, sha256: string): Promise<boolean> {
    return this.#update(id, { source_sha256: sha256 });
  }

  /** The plan of a version stands. False when that version is not wanted any more. */
  async planned(id: string, version: number, film: Film): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const home = await filmOfVersion(trx, id, version);
      if (!home) return false;
      await writeVersion(trx, id, home, { film: JSON.stringify(film), ...totals(film) }, this.#clock.now());
      return true;
    });
  }

  /**
   * Forgets the film that was planned of a source which still arrives; what is made from now on is the next version, since
   * viewers may keep what they got of this one. Resolves to the version given up, or undefined when there was no film.
   */
  async startOver(id: string): Promise<number | undefined> {
    return transact(this.#db, async (trx) => {
      const begun = trx.selectFrom('assets').select('version').where('id', '=', id);
      const row = await begun.where('arriving', '=', 1).where('film', 'is not', null).forUpdate().executeTakeFirst();
      if (!row) return undefined;
      const { version } = row;
      const now = this.#clock.now();
      const change = {
        status: 'uploading',
        version: version + 1,
        film: null,
        segments_total: 0,
        segments_done: 0,
      } as const;
      await trx
        .updateTable('assets')
        .set({ ...change, updated_at: now })
        .where('id', '=', id)
        .execute();
      await discard(trx, id, version, now);
      return version;
    });
  }

  /**
   * Replaces a version's film by what `change` makes of the present one, and forgets segments that it has no more.
   * Resolves to the new film, or undefined when there is none to change or `change` keeps it.
   */
  async correct(id: string, version: number, change: (film: Film) => Film | undefined): Promise<Film | undefined> {
    return transact(this.#db, async (trx) => {
      const home = await filmOfVersion(trx, id, version);
      const film = home?.film ? change(home.film) : undefined;
      if (!home || !film) return undefined;
      await trx
        .deleteFrom('segments')
        .where('asset_id', '=', id)
        .where('version', '=', version)
        .where((where) =>
          where.or([where('segment', '>=', segmentCount(film)), where('rendition', 'not in', renditionNames(film))]),
        )
        .execute();
      const done = { segments_done: await countSegments(trx, id, version) };
      await writeVersion(trx, id, home, { film: JSON.stringify(film), ...totals(film), ...done }, this.#clock.now());
      return film;
    });
  }

  /**
   * Records a published segment of one version; published twice it counts once. False when the version is not wanted any
   * more, or its film, which may have become shorter or lost a rendition while it was encoded, has no such segment.
   */
  async segmentPublished(id: string, version: number, published: PublishedSegment): Promise<boolean> {
    const { keyFrame, ...segment } = published;
    const row = { ...segment, key_start: keyFrame?.startByte ?? null, key_bytes: keyFrame?.sizeBytes ?? null };
    return transact(this.#db, async (trx) => {
      const home = await filmOfVersion(trx, id, version);
      if (!home || (home.film && !hasSegment(home.film, published))) return false;
      await trx
        .insertInto('segments')
        .values({ asset_id: id, version, ...row })
        .onConflict((conflict) =>
          conflict.columns(['asset_id', 'version', 'rendition', 'segment']).doUpdateSet((set) => ({
            bytes: set.ref('excluded.bytes'),
            key_start: set.ref('excluded.key_start'),
            key_bytes: set.ref('excluded.key_bytes'),
          })),
        )
        .execute();
      const done = { segments_done: await countSegments(trx, id, version) };
      await writeVersion(trx, id, home, done, this.#clock.now());
      return true;
    });
  }

  /** Whether a segment was published, by whichever attempt. */
  async isPublished(
    id: string,
    version: number,
    of: Pick<PublishedSegment, 'rendition' | 'segment'>,
  ): Promise<boolean> {
    const row = await this.#db
      .selectFrom('segments')
      .select('segment')
      .where('asset_id', '=', id)
      .where('version', '=', version)
      .where('rendition', '=', of.rendition)
      .where('segment', '=', of.segment)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Published segments of a version with their sizes, by rendition and index. */
  async segments(id: string, version: number): Promise<PublishedSegment[]> {
    const rows = await this.#db
      .selectFrom('segments')
      .select(['rendition', 'segment', 'bytes', 'key_start', 'key_bytes'])
      .where('asset_id', '=', id)
      .where('version', '=', version)
      .orderBy('rendition')
      .orderBy('segment')
      .execute();
    return rows.map(({ key_start, key_bytes, ...segment }) => ({
      ...segment,
      ...(key_start === null || key_bytes === null ? {} : { keyFrame: { startByte: key_start, sizeBytes: key_bytes } }),
    }));
  }

  /**
   * `queued` becomes `playable`, `playable` becomes `ready`: never backwards, and never from `errored`. A film may be
   * playable while it is uploaded.
   */
  async advance(id: string, to: 'playable' | 'ready'): Promise<boolean> {
    const from: AssetStatus[] = to === 'playable' ? ['uploading', 'queued'] : ['queued', 'playable'];
    return this.#move(id, from, { status: to }, `asset.${to}`);
  }

  /**
   * Marks the asset `errored`, once. What was made of it is not wanted any more, nor a source that is no good. False when
   * it is already errored or gone.
   */
  async fail(id: string, error: { code: FaultCode; says: string }): Promise<boolean> {
    const change = { status: 'errored' as const, arriving: 0, error_code: error.code, error_says: error.says };
    return this.#move(id, ALIVE, change, 'asset.errored', async (trx, { version }) => {
      const source = FAULTS[error.code].side === 'viewer' ? [sourcePrefix(id)] : [];
      await noteRemoval(trx, [...versionKeys(id, version), ...source], this.#clock.now());
    });
  }

  async delete(id: string): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const row = await trx.deleteFrom('assets').where('id', '=', id).returningAll().executeTakeFirst();
      await trx.deleteFrom('retired_versions').where('asset_id', '=', id).execute();
      if (!row) return false;
      if (row.recording !== null) await forgetRecording(trx, id);
      const now = this.#clock.now();
      await noteRemoval(trx, [filmPrefix(id), sourcePrefix(id)], now);
      await recordEvent(trx, 'asset.deleted', toAsset(row), now);
      return true;
    });
  }

  /**
   * Assets still uploading that nobody touched since `beforeMs`, or since `othersBeforeMs` where another node than `node`
   * receives them: that one is to give them up itself, as long as it is there.
   */
  async abandonedUploads(node: string, beforeMs: number, othersBeforeMs = beforeMs): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('assets')
      .select('id')
      .where('arriving', '=', 1)
      .where((where) =>
        where.or([
          where.and([where('updated_at', '<', beforeMs), isReceivedBy(where, node)]),
          where('updated_at', '<', othersBeforeMs),
        ]),
      )
      .execute();
    return rows.map((row) => row.id);
  }

  /** Assets in this state whose source arrived on one node, oldest first: what its ingest looks through after a crash. */
  async receivedBy(node: string, status: AssetStatus): Promise<Asset[]> {
    const rows = await this.#db
      .selectFrom('assets')
      .selectAll()
      .where('status', '=', status)
      .where((where) => isReceivedBy(where, node))
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(toAsset);
  }

  /** Ids of the assets whose source is still on its way to one node, oldest first. */
  async stillArriving(node: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('assets')
      .select('id')
      .where('arriving', '=', 1)
      .where((where) => isReceivedBy(where, node))
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map((row) => row.id);
  }

  /** Every asset in this state, oldest first: what a part looks through after a crash. */
  async inStatus(status: AssetStatus): Promise<Asset[]> {
    const rows = await joinedAssets(this.#db)
      .where('status', '=', status)
      .orderBy('assets.created_at')
      .orderBy('assets.id')
      .execute();
    return rows.map(toAsset);
  }

  /** Assets changed at or after `sinceMs`, in the order of their changes; at most `limit`. */
  async changedSince(sinceMs: number, limit: number): Promise<Asset[]> {
    const rows = await joinedAssets(this.#db)
      .where('updated_at', '>=', sinceMs)
      .orderBy('updated_at')
      .orderBy('assets.id')
      .limit(limit)
      .execute();
    return rows.map(toAsset);
  }

  /** A change of status and the event that tells of it, together or not at all. False when the asset is in another one. */
  async #move(
    id: string,
    from: readonly AssetStatus[],
    change: Partial<Omit<Selectable<AssetTable>, 'id' | 'created_at'>>,
    event: AssetEvent,
    follow: (trx: DatabaseTransaction, row: Selectable<AssetTable>) => Promise<void> = async () => {},
  ): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const now = this.#clock.now();
      const row = await trx
        .updateTable('assets')
        .set({ ...change, updated_at: now })
        .where('id', '=', id)
        .where('status', 'in', from)
        .$if(change.status === 'ready', (query) => query.where('arriving', '=', 0))
        .returningAll()
        .executeTakeFirst();
      if (!row) return false;
      await follow(trx, row);
      await recordEvent(trx, event, toAsset(row), now);
      return true;
    });
  }

  async #update(id: string, change: Partial<Omit<Selectable<AssetTable>, 'id' | 'created_at'>>): Promise<boolean> {
    const result = await this.#db
      .updateTable('assets')
      .set({ ...change, updated_at: this.#clock.now() })
      .where('id', '=', id)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }
}

/** Those that name no node are everybody's. */
function isReceivedBy(where: ExpressionBuilder<Schema, 'assets'>, node: string) {
  return where.or([where('received_by', 'is', null), where('received_by', '=', node)]);
}

function totals(film: Film): { segments_total: number } {
  return { segments_total: segmentCount(film) * renditionNames(film).length };
}

function hasSegment(film: Film, { rendition, segment }: { rendition: string; segment: number }): boolean {
  return segment < segmentCount(film) && renditionNames(film).includes(rendition);
}

async function countSegments(trx: DatabaseTransaction, id: string, version: number): Promise<number> {
  const { done } = await trx
    .selectFrom('segments')
    .select((select) => select.fn.countAll<number>().as('done'))
    .where('asset_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return Number(done);
}
