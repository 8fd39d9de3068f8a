import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { EncryptionMethod } from '../kernel/encryption/segment.ts';
import { FAULTS, Fault, type FaultCode } from '../kernel/errors.ts';
import type { AssetEvent } from '../kernel/event-types.ts';
import type { Film } from '../kernel/film/film.ts';
import { versionKeys } from '../kernel/film/paths.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import { joinedAssets, toAsset } from './asset-rows.ts';
import { recordEvent } from './events.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import { forgetUnclaimed } from './recorded-rows.ts';
import { noteRemoval } from './removals.ts';
import type { AssetTable, EncodingTable } from './schema.ts';
import { transact } from './transact.ts';

/** A version whose objects go when their time has come. */
export interface RetiredVersion {
  readonly assetId: string;
  readonly version: number;
}

/** What a new version is to be. */
export interface EncodingWish {
  readonly ladder: Ladder;
  /** Null for segments in the clear; left out, it is as with the version that is served. */
  readonly encryption?: EncryptionMethod | null;
}

/** What asking for an encoding came to. */
export interface EncodingRequest {
  readonly version: number;
  /** False when the very same one is under way already. */
  readonly isNew: boolean;
  /** The version that was under way and is no longer wanted. */
  readonly replaces?: number;
}

/**
 * Encodings of an asset anew. There is one at most: the last wish counts, and what it has made stays apart from the
 * version that viewers are served until it is whole.
 */
export class EncodingRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /**
   * Notes the wish for a version; `begin` adds its first job in the same transaction.
   * @throws Fault NOT_FOUND, ASSET_WITHOUT_SOURCE for a recording, or CONFLICT for an asset whose source is still being uploaded or is no good.
   */
  async request(
    assetId: string,
    wish: EncodingWish,
    begin: (trx: DatabaseTransaction, version: number) => Promise<void>,
  ): Promise<EncodingRequest> {
    return transact(this.#db, async (trx) => {
      const asset = await lockedAsset(trx, assetId);
      if (!asset) throw new Fault('NOT_FOUND', { says: 'There is no asset with this id.' });
      checkEncodable(asset);
      const before = await trx.selectFrom('encodings').selectAll().where('asset_id', '=', assetId).executeTakeFirst();
      const ladder = JSON.stringify(wish.ladder);
      const encryption = wish.encryption === undefined ? asset.encryption : wish.encryption;
      const isSame = before?.ladder === ladder && before.encryption === encryption;
      if (before?.state === 'running' && isSame) return { version: before.version, isNew: false };
      // Never a number that was used before: edges and browsers keep what they got under it for ever.
      const version = Math.max(asset.version, before?.version ?? 0) + 1;
      const now = this.#clock.now();
      const row: Selectable<EncodingTable> = {
        asset_id: assetId,
        version,
        state: 'running',
        ladder,
        encryption,
        film: null,
        segments_total: 0,
        segments_done: 0,
        error_code: null,
        error_says: null,
        created_at: now,
      };
      await trx.deleteFrom('encodings').where('asset_id', '=', assetId).execute();
      if (before && before.version !== asset.version) await discard(trx, assetId, before.version, now);
      await trx.insertInto('encodings').values(row).execute();
      await touch(trx, assetId, now);
      await begin(trx, version);
      return { version, isNew: true, ...(before?.state === 'running' ? { replaces: before.version } : {}) };
    });
  }

  /** Assets of which a version is under way, oldest first. */
  async running(): Promise<{ readonly assetId: string; readonly version: number }[]> {
    const rows = await this.#db
      .selectFrom('encodings')
      .select(['asset_id', 'version'])
      .where('state', '=', 'running')
      .orderBy('created_at')
      .execute();
    return rows.map(({ asset_id, version }) => ({ assetId: asset_id, version }));
  }

  /** The version will not come to be; what viewers are served stays. False when it is not under way (any more). */
  async fail(assetId: string, version: number, error: { code: FaultCode; says: string }): Promise<boolean> {
    return this.#end(
      assetId,
      version,
      () => 'asset.encoding_failed',
      async (trx) => {
        await trx
          .updateTable('encodings')
          .set({ state: 'failed', error_code: error.code, error_says: error.says, segments_done: 0 })
          .where('asset_id', '=', assetId)
          .execute();
        await discard(trx, assetId, version, this.#clock.now());
      },
    );
  }

  /**
   * The version is whole: from this write on it is what viewers are served, playlists and pictures alike, also where they
   * had none because the first was given up. The one before is kept for `keepMs`, for those who are watching it. False
   * when it is not under way (any more), or when the first is still being made: who is in the middle of that one shall be
   * able to play it to its end.
   */
  async switchTo(assetId: string, version: number, keepMs: number): Promise<boolean> {
    return this.#end(
      assetId,
      version,
      ({ status }) => (status === 'errored' ? 'asset.ready' : 'asset.reencoded'),
      async (trx, { film, encryption, segments_total, segments_done }, before) => {
        if (before.status === 'errored') await discard(trx, assetId, before.version, this.#clock.now());
        else {
          const retired = { asset_id: assetId, version: before.version, remove_at: this.#clock.now() + keepMs };
          await trx.insertInto('retired_versions').values(retired).execute();
        }
        const healed = { status: 'ready' as const, error_code: null, error_says: null };
        await trx
          .updateTable('assets')
          .set({ ...healed, version, encryption, film, segments_total, segments_done })
          .where('id', '=', assetId)
          .execute();
        await trx.updateTable('encodings').set({ state: 'ready' }).where('asset_id', '=', assetId).execute();
      },
      ({ status }) => status === 'ready' || status === 'errored',
    );
  }

  async #end(
    assetId: string,
    version: number,
    eventOf: (before: Selectable<AssetTable>) => AssetEvent,
    change: (
      trx: DatabaseTransaction,
      encoding: Selectable<EncodingTable>,
      asset: Selectable<AssetTable>,
    ) => Promise<void>,
    may: (before: Selectable<AssetTable>) => boolean = () => true,
  ): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const encoding = await trx
        .selectFrom('encodings')
        .selectAll()
        .where('asset_id', '=', assetId)
        .where('version', '=', version)
        .where('state', '=', 'running')
        .executeTakeFirst();
      const asset = await lockedAsset(trx, assetId);
      if (!encoding || !asset || !may(asset)) return false;
      const now = this.#clock.now();
      await change(trx, encoding, asset);
      await touch(trx, assetId, now);
      const row = await joinedAssets(trx).where('assets.id', '=', assetId).executeTakeFirstOrThrow();
      await recordEvent(trx, eventOf(asset), toAsset(row), now);
      return true;
    });
  }

  /** Versions whose time has come. */
  async due(): Promise<RetiredVersion[]> {
    const rows = await this.#db
      .selectFrom('retired_versions')
      .select(['asset_id', 'version'])
      .where('remove_at', '<=', this.#clock.now())
      .execute();
    return rows.map(({ asset_id, version }) => ({ assetId: asset_id, version }));
  }

  /** The objects of a retired version are gone. */
  async forget({ assetId, version }: RetiredVersion): Promise<void> {
    await transact(this.#db, async (trx) => {
      await dropVersion(trx, assetId, version);
      await forgetUnclaimed(trx, assetId);
      await trx.deleteFrom('retired_versions').where('asset_id', '=', assetId).where('version', '=', version).execute();
    });
  }

  /** Whether anything of this version may lie in the store. */
  async isKept(assetId: string, version: number): Promise<boolean> {
    const retired = this.#db
      .selectFrom('retired_versions')
      .select('version')
      .where('asset_id', '=', assetId)
      .where('version', '=', version);
    const served = this.#db
      .selectFrom('assets')
      .select('version')
      .where('id', '=', assetId)
      .where('version', '=', version)
      .where('status', '!=', 'errored');
    const running = this.#db
      .selectFrom('encodings')
      .select('version')
      .where('asset_id', '=', assetId)
      .where('version', '=', version)
      .where('state', '=', 'running');
    return (await retired.unionAll(served).unionAll(running).execute()).length > 0;
  }
}

/**
 * A film whose source is here, whether its first version is whole or still being made, or one that was given up though its
 * source is good: another ladder, more memory or a newer ffmpeg may do.
 * @throws Fault CONFLICT for any other: its source is still on its way, or nothing can be made of it; and
 * ASSET_WITHOUT_SOURCE for what was recorded.
 */
function checkEncodable({ status, arriving, error_code, recording }: Selectable<AssetTable>): void {
  if (recording !== null) throw new Fault('ASSET_WITHOUT_SOURCE');
  if (status === 'uploading' || arriving !== 0) {
    throw new Fault('CONFLICT', {
      says: 'The source of this asset is still being uploaded; encode it again after that.',
    });
  }
  if (status !== 'errored') return;
  if (FAULTS[error_code as FaultCode].side === 'viewer') {
    throw new Fault('CONFLICT', { says: 'Nothing can be encoded of this source; it was removed. Upload another.' });
  }
}

/** An asset whose versions or segments are about to change: one at a time does that. */
function lockedAsset(trx: DatabaseTransaction, assetId: string): Promise<Selectable<AssetTable> | undefined> {
  return trx.selectFrom('assets').selectAll().where('id', '=', assetId).forUpdate().executeTakeFirst();
}

/** What is known of a version's segments, and the key that opens them. */
async function dropVersion(trx: DatabaseTransaction, assetId: string, version: number): Promise<void> {
  await trx.deleteFrom('segments').where('asset_id', '=', assetId).where('version', '=', version).execute();
  await trx.deleteFrom('content_keys').where('asset_id', '=', assetId).where('version', '=', version).execute();
}

/** Nobody wants what was made of a version any more. */
export async function discard(
  trx: DatabaseTransaction,
  assetId: string,
  version: number,
  nowMs: number,
): Promise<void> {
  await dropVersion(trx, assetId, version);
  await noteRemoval(trx, versionKeys(assetId, version), nowMs);
}

/** What changed belongs to the asset, as those see it who follow assets. */
async function touch(trx: DatabaseTransaction, assetId: string, nowMs: number): Promise<void> {
  await trx.updateTable('assets').set({ updated_at: nowMs }).where('id', '=', assetId).execute();
}

/** A film under way in an encoding, or the film served: where a version's plan and progress stand. */
export async function filmOfVersion(
  trx: DatabaseTransaction,
  assetId: string,
  version: number,
): Promise<FilmHome | undefined> {
  const asset = await lockedAsset(trx, assetId);
  if (asset?.version === version) return { table: 'assets', film: readFilm(asset.film) };
  const encoding = await trx
    .selectFrom('encodings')
    .select('film')
    .where('asset_id', '=', assetId)
    .where('version', '=', version)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return encoding && { table: 'encodings', film: readFilm(encoding.film) };
}

export interface FilmHome {
  readonly table: 'assets' | 'encodings';
  readonly film: Film | undefined;
}

function readFilm(text: string | null): Film | undefined {
  return text === null ? undefined : (JSON.parse(text) as Film);
}

/** Writes a version's plan or progress where it stands. */
export async function writeVersion(
  trx: DatabaseTransaction,
  assetId: string,
  { table }: FilmHome,
  change: { film?: string; segments_total?: number; segments_done?: number },
  nowMs: number,
): Promise<void> {
  if (table === 'encodings') await trx.updateTable('encodings').set(change).where('asset_id', '=', assetId).execute();
  const own = table === 'assets' ? change : {};
  await trx
    .updateTable('assets')
    .set({ ...own, updated_at: nowMs })
    .where('id', '=', assetId)
    .execute();
}
