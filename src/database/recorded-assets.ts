import type { Clock } from '../kernel/clock.ts';
import { wrapKey } from '../kernel/encryption/wrapped-key.ts';
import type { Storyboard } from '../kernel/film/film.ts';
import { filmPrefix, sourcePrefix } from '../kernel/film/paths.ts';
import type { BroadcastFormat } from '../kernel/live/broadcast.ts';
import type { ClipRange, RecordedFilm } from '../kernel/recording/recorded-film.ts';
import {
  allSegments,
  type Recording,
  recordedSeconds,
  type StoredRecording,
  tracksOf,
} from '../kernel/recording/recording.ts';
import type { SubtitleTrack } from '../kernel/subtitles/track.ts';
import { newAssetRow, toAsset } from './asset-rows.ts';
import type { Asset, NewAsset } from './assets.ts';
import { recordEvent } from './events.ts';
import type { Broadcast } from './live-stream-rows.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import { insertDateRanges, insertSegments } from './recorded-rows.ts';
import { RecordingRepository } from './recordings.ts';
import { noteRemoval, takeBackRemoval } from './removals.ts';
import { addPublished } from './subtitles.ts';
import { transact } from './transact.ts';

/** A broadcast as its recording sees it. */
export type RecordedBroadcast = Pick<Broadcast, 'streamId' | 'number' | 'recordingId'>;

/** One that is over. */
export interface EndedBroadcast extends RecordedBroadcast {
  readonly endedAtMs: number;
}

/** A clip whose segments are in the store. */
export interface NewClip extends Pick<NewAsset, 'id' | 'title' | 'policy'> {
  readonly recording: Recording;
  readonly from: ClipRange;
  /** In the store too. */
  readonly subtitles: readonly SubtitleTrack[];
  /** What its segments are encrypted with, which is what those of its asset are. */
  readonly contentKey?: Uint8Array;
}

/**
 * Assets that were recorded, not encoded. Of a broadcast there is one from its beginning, `uploading` until it ends, where
 * it is to be kept at all; so whether it is to be kept is whether there is one.
 */
export class RecordedAssetRepository {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #secret: string;

  /** `secret`: what content keys are sealed under. */
  constructor(db: Database, clock: Clock, secret: string) {
    this.#db = db;
    this.#clock = clock;
    this.#secret = secret;
  }

  /** The asset that a broadcast becomes. Begun twice it is made once. */
  async begin(
    { streamId, number, recordingId }: RecordedBroadcast,
    { title, policy }: Pick<NewAsset, 'title' | 'policy'>,
    format: BroadcastFormat,
  ): Promise<void> {
    const recording: RecordedFilm = { from: { streamId, broadcast: number }, format: tracksOf(format) };
    const now = this.#clock.now();
    const sourceName = `Broadcast ${number} of ${streamId}`;
    const row = {
      ...newAssetRow({ id: recordingId, title, policy, sourceName }, now),
      // Nothing is being sent to a door of ingest, which would give it up after a while.
      arriving: 0,
      recording: JSON.stringify(recording),
    };
    await transact(this.#db, async (trx) => {
      const made = await trx
        .insertInto('assets')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made) await recordEvent(trx, 'asset.created', toAsset(row), now);
    });
  }

  /** What is stored of a recorded asset so far; undefined when it is none, or is gone. */
  async stored(asset: Pick<Asset, 'id' | 'recording'>): Promise<StoredRecording | undefined> {
    if (!asset.recording) return undefined;
    const rows = new RecordingRepository(this.#db);
    const dateRanges = await rows.dateRanges(asset.id);
    return { format: asset.recording.format, ...(await rows.read(asset.id)), dateRanges };
  }

  /** The broadcast is over and everything that plays it is stored: `uploading` becomes `ready`, with what is still to do. */
  async finish(
    id: string,
    recording: Recording,
    addWork: (trx: DatabaseTransaction) => Promise<void>,
  ): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const before = await trx.selectFrom('assets').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (before?.status !== 'uploading' || before.recording === null) return false;
      const { from } = JSON.parse(before.recording) as RecordedFilm;
      const now = this.#clock.now();
      const row = await trx
        .updateTable('assets')
        .set({ ...wholeColumns(from, recording), status: 'ready', updated_at: now })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await addWork(trx);
      await recordEvent(trx, 'asset.ready', toAsset(row), now);
      return true;
    });
  }

  /** Poster and storyboard are in the store. False when the asset is gone. */
  async pictured(id: string, storyboard: Storyboard): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const { recording = null } =
        (await trx.selectFrom('assets').select('recording').where('id', '=', id).forUpdate().executeTakeFirst()) ?? {};
      if (recording === null) return false;
      const pictured: RecordedFilm = { ...(JSON.parse(recording) as RecordedFilm), storyboard };
      const change = { recording: JSON.stringify(pictured), updated_at: this.#clock.now() };
      await trx.updateTable('assets').set(change).where('id', '=', id).execute();
      return true;
    });
  }

  /**
   * Makes up for an asset that a crash in the first moment of its broadcast kept from being made. False when there is to
   * be none, or nothing is left that it could be of.
   */
  async makeUp(broadcast: RecordedBroadcast): Promise<boolean> {
    const row = await this.#db
      .selectFrom('broadcasts')
      .innerJoin('recording_sessions', 'recording_sessions.recording_id', 'broadcasts.recording_id')
      .leftJoin('live_streams', 'live_streams.id', 'broadcasts.stream_id')
      .select(['broadcasts.format', 'live_streams.title', 'live_streams.policy'])
      .where('broadcasts.recording_id', '=', broadcast.recordingId)
      .where('recorded', '=', 1)
      .executeTakeFirst();
    if (!row) return false;
    // Of a stream that has been deleted nobody knows any more who was to see it.
    const { title, policy } = row;
    const about = { title: title ?? broadcast.streamId, policy: policy ?? ('signed' as const) };
    await this.begin(broadcast, about, JSON.parse(row.format) as BroadcastFormat);
    return true;
  }

  /** Broadcasts that are over, and of which nobody has made an asset or removed what there is of it. */
  async unfinished(): Promise<EndedBroadcast[]> {
    const rows = await this.#db
      .selectFrom('broadcasts')
      .leftJoin('assets', 'assets.id', 'broadcasts.recording_id')
      .select(['broadcasts.stream_id', 'broadcasts.number', 'broadcasts.recording_id', 'broadcasts.ended_at'])
      .where('broadcasts.ended_at', 'is not', null)
      .where(({ or, eb, and, exists, not, selectFrom }) =>
        or([
          eb('assets.status', '=', 'uploading'),
          and([
            eb('assets.id', 'is', null),
            exists(
              selectFrom('recording_sessions')
                .select('session')
                .whereRef('recording_sessions.recording_id', '=', 'broadcasts.recording_id'),
            ),
            not(
              exists(
                selectFrom('retired_versions')
                  .select('version')
                  .whereRef('retired_versions.asset_id', '=', 'broadcasts.recording_id'),
              ),
            ),
          ]),
        ]),
      )
      .execute();
    return rows.map(({ stream_id, number, recording_id, ended_at }) => ({
      streamId: stream_id,
      number,
      recordingId: recording_id,
      endedAtMs: Number(ended_at),
    }));
  }

  /** Nothing of a broadcast is to be kept, once nobody can be watching its end any more. */
  async release(recordingId: string, keepMs: number): Promise<void> {
    await this.#db
      .insertInto('retired_versions')
      .values({ asset_id: recordingId, version: 1, remove_at: this.#clock.now() + keepMs })
      .onConflict((conflict) => conflict.columns(['asset_id', 'version']).doNothing())
      .execute();
  }

  /** Notes that what lies below the prefixes of a clip is not wanted, unless it is said to be there before `withinMs` are over. */
  async expectClip(id: string, withinMs: number): Promise<void> {
    const now = this.#clock.now();
    await transact(this.#db, (trx) => noteRemoval(trx, prefixesOf(id), now + withinMs));
  }

  /** All of a clip is stored: it is an asset, and ready. Undefined when it came too late and is being removed. */
  async addClip(clip: NewClip, addWork: (trx: DatabaseTransaction) => Promise<void>): Promise<Asset | undefined> {
    const now = this.#clock.now();
    const { id, recording, from } = clip;
    const sourceName = `Clip of ${from.assetId}`;
    const created = { ...newAssetRow({ ...clip, sourceName }, now), arriving: 0 };
    const row = {
      ...created,
      ...wholeColumns(from, recording),
      status: 'ready' as const,
      encryption: clip.contentKey ? ('aes-128' as const) : null,
    };
    return transact(this.#db, async (trx) => {
      for (const prefix of prefixesOf(id)) if (!(await takeBackRemoval(trx, prefix, now))) return undefined;
      await trx.insertInto('assets').values(row).execute();
      await this.#insertRecording(trx, id, recording);
      if (clip.contentKey) {
        const wrapped = wrapKey(clip.contentKey, { assetId: id, version: 1 }, this.#secret);
        await trx.insertInto('content_keys').values({ asset_id: id, version: 1, wrapped }).execute();
      }
      await addPublished(trx, id, clip.subtitles, now);
      await addWork(trx);
      const asset = toAsset(row);
      await recordEvent(trx, 'asset.created', asset, now);
      // Later, if only by a moment: they are delivered in the order of their times.
      await recordEvent(trx, 'asset.ready', asset, now + 1);
      return asset;
    });
  }

  async #insertRecording(trx: DatabaseTransaction, id: string, recording: Recording): Promise<void> {
    const sessions = recording.stretches.map(({ session }) => ({
      recording_id: id,
      session: session.number,
      began_at: session.beganAtMs,
    }));
    await trx.insertInto('recording_sessions').values(sessions).execute();
    await insertSegments(trx, id, allSegments(recording));
    await insertDateRanges(trx, id, recording.dateRanges ?? []);
  }
}

/** Where a clip lies in the store: its media and texts, and what its texts are made of. */
function prefixesOf(id: string): string[] {
  return [filmPrefix(id), sourcePrefix(id)];
}

/** What an asset's row says of a recording that is whole. */
function wholeColumns(from: RecordedFilm['from'], recording: Recording) {
  const whole: RecordedFilm = { from, format: tracksOf(recording), durationSeconds: recordedSeconds(recording) };
  const segments = allSegments(recording);
  return {
    recording: JSON.stringify(whole),
    source_bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    segments_total: segments.length,
    segments_done: segments.length,
  };
}
