import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { SubtitleTrack } from '../kernel/subtitles/track.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { SubtitleTable } from './schema.ts';
import { transact } from './transact.ts';

/** A subtitle rendition as it is known here. Rows are never changed but for their publication: another text is another row. */
export interface StoredSubtitles extends SubtitleTrack {
  /** Undefined until viewers can fetch it. */
  readonly publishedAtMs?: number;
  readonly createdAtMs: number;
}

/** Adds what follows from a change within the transaction that makes it. `gone` names renditions that are no more. */
export type AddSubtitleWork = (trx: DatabaseTransaction, gone: readonly string[]) => Promise<void>;

export class SubtitleRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Oldest first. */
  async list(assetId: string): Promise<StoredSubtitles[]> {
    const rows = await this.#db
      .selectFrom('subtitles')
      .selectAll()
      .where('asset_id', '=', assetId)
      .orderBy('created_at')
      .orderBy('name')
      .execute();
    return rows.map(toSubtitles);
  }

  /** Records subtitles whose segments are in the store. Recorded twice they count once. */
  async embedded(assetId: string, track: SubtitleTrack): Promise<void> {
    const now = this.#clock.now();
    const row = { ...toRow(assetId, track), published_at: now, created_at: now };
    await this.#db
      .insertInto('subtitles')
      .values(row)
      .onConflict((conflict) => conflict.columns(['asset_id', 'name']).doNothing())
      .execute();
  }

  /**
   * Records an upload, which replaces the one of the same language. Undefined when that would make more than `limit`
   * languages.
   */
  async uploaded(
    assetId: string,
    track: SubtitleTrack & { readonly language: string },
    limit: number,
    addWork: AddSubtitleWork,
  ): Promise<StoredSubtitles | undefined> {
    const row = { ...toRow(assetId, track), published_at: null, created_at: this.#clock.now() };
    const replace = async (trx: DatabaseTransaction) => {
      const gone = await removeUploaded(trx, assetId, track.language);
      const { count } = await trx
        .selectFrom('subtitles')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('asset_id', '=', assetId)
        .executeTakeFirstOrThrow();
      if (Number(count) >= limit) return undefined;
      await trx.insertInto('subtitles').values(row).execute();
      await addWork(trx, gone);
      return toSubtitles(row);
    };
    return transact(this.#db, replace, 'serializable');
  }

  /** False when it has been replaced or removed meanwhile. */
  async published(assetId: string, name: string): Promise<boolean> {
    const result = await this.#db
      .updateTable('subtitles')
      .set({ published_at: this.#clock.now() })
      .where('asset_id', '=', assetId)
      .where('name', '=', name)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  /** Removes the upload in a language. False when there is none. */
  async remove(assetId: string, language: string, addWork: AddSubtitleWork): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const gone = await removeUploaded(trx, assetId, language);
      if (gone.length > 0) await addWork(trx, gone);
      return gone.length > 0;
    });
  }
}

/** Records subtitles that are in the store already, as a part of the caller's transaction. */
export async function addPublished(
  trx: DatabaseTransaction,
  assetId: string,
  tracks: readonly SubtitleTrack[],
  now: number,
): Promise<void> {
  if (tracks.length === 0) return;
  const rows = tracks.map((track) => ({ ...toRow(assetId, track), published_at: now, created_at: now }));
  await trx.insertInto('subtitles').values(rows).execute();
}

async function removeUploaded(trx: DatabaseTransaction, assetId: string, language: string): Promise<string[]> {
  const rows = await trx
    .deleteFrom('subtitles')
    .where('asset_id', '=', assetId)
    .where('origin', '=', 'uploaded')
    .where('language', '=', language)
    .returning('name')
    .execute();
  return rows.map(({ name }) => name);
}

function toRow(assetId: string, track: SubtitleTrack) {
  return {
    asset_id: assetId,
    name: track.name,
    language: track.language ?? null,
    title: track.title ?? null,
    kind: track.kind,
    is_default: track.isDefault ? 1 : 0,
    is_forced: track.isForced ? 1 : 0,
    origin: track.origin,
  };
}

function toSubtitles(row: Selectable<SubtitleTable>): StoredSubtitles {
  return {
    name: row.name,
    ...(row.language === null ? {} : { language: row.language }),
    ...(row.title === null ? {} : { title: row.title }),
    kind: row.kind,
    isDefault: row.is_default === 1,
    isForced: row.is_forced === 1,
    origin: row.origin,
    ...(row.published_at === null ? {} : { publishedAtMs: Number(row.published_at) }),
    createdAtMs: Number(row.created_at),
  };
}
