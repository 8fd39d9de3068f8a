import type { Asset, AssetPolicy, AssetRepository } from '../database/assets.ts';
import type { ContentKeyRepository } from '../database/content-keys.ts';
import type { RecordedAssetRepository } from '../database/recorded-assets.ts';
import { Fault } from '../kernel/errors.ts';
import {
  filmPrefix,
  initKey,
  segmentKey,
  sessionInitKey,
  sourcePrefix,
  subtitleSourceKey,
} from '../kernel/film/paths.ts';
import { newId } from '../kernel/ids.ts';
import { type Clip, planClip, type Span, spanOf, type WantedSpan } from '../kernel/recording/clip.ts';
import { storedFilm } from '../kernel/recording/from-film.ts';
import type { ClipRange } from '../kernel/recording/recorded-film.ts';
import {
  makeRecording,
  recordedNames,
  recordedSeconds,
  type StoredRecording,
  tracksOf,
} from '../kernel/recording/recording.ts';
import type { Queue } from '../queue/queue.ts';
import { recordedPicturesJob } from '../queue/recorded-pictures.ts';
import { type Signals, WORK } from '../queue/signals.ts';
import { RecordingPublisher, type RecordingPublisherParts } from '../recording/recording-publisher.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { subtitlesWithin } from './clip-subtitles.ts';

export interface ClipParts extends RecordingPublisherParts {
  readonly assets: Pick<AssetRepository, 'find' | 'segments'>;
  readonly recorded: RecordedAssetRepository;
  readonly contentKeys: Pick<ContentKeyRepository, 'find'>;
  readonly store: ObjectStore;
  readonly queue: Pick<Queue, 'addWithin'>;
  readonly signals: Pick<Signals, 'notify'>;
  readonly mostSeconds: number;
}

export interface ClipWish extends WantedSpan {
  readonly title?: string;
  readonly policy?: AssetPolicy;
}

/** Shorter than any segment; what plays is longer anyway. */
const LEAST_SECONDS = 0.5;

/** Copies in flight: each is a request to a bucket, or a name that is synced to a disk. */
const AT_ONCE = 16;

/** How long all of them may take. What is not an asset by then is removed, also where nobody is left to do it. */
const WITHIN_MS = 900_000;

/**
 * Makes assets of parts of others: of films, recordings and clips, and of broadcasts that still go on. Their segments are
 * taken as they are, so a clip is whole segments, and plays at once.
 */
export class Clips {
  readonly #parts: ClipParts;
  readonly #publisher: RecordingPublisher;

  constructor(parts: ClipParts) {
    this.#parts = parts;
    this.#publisher = new RecordingPublisher(parts);
  }

  /**
   * @throws Fault CLIP_RANGE_INVALID for a span that is none, is said twice, or is not within what there is, ASSET_NOT_READY for a film that
   * is not whole
   */
  async make(asset: Asset, wish: ClipWish): Promise<Asset> {
    const stored = await this.#storedOf(asset);
    const whole = makeRecording(stored);
    const span = spanOf(wish, whole ? recordedSeconds(whole) : 0);
    if (!span) {
      throw new Fault('CLIP_RANGE_INVALID', {
        says: 'A clip is either from inSeconds to outSeconds, or of lastSeconds.',
      });
    }
    const plan = this.#plan(stored, span);
    const id = newId('as');
    // Written down first: a crash in the midst of it leaves nothing in the store that nobody knows of.
    await this.#parts.recorded.expectClip(id, WITHIN_MS);
    try {
      return await this.#make(id, asset, { ...wish, ...span }, plan);
    } catch (cause) {
      for (const prefix of [filmPrefix(id), sourcePrefix(id)]) await this.#parts.store.deletePrefix(prefix);
      throw cause;
    }
  }

  async #make(id: string, asset: Asset, wish: ClipWish & Span, { recording, ...span }: Clip): Promise<Asset> {
    const { recorded, contentKeys, queue, signals, store } = this.#parts;
    const { title = asset.title, policy = asset.policy } = wish;
    const contentKey = asset.encryption && (await contentKeys.find(asset.id, asset.version));
    const from = { assetId: asset.id, ...span, leadSeconds: Math.max(0, wish.inSeconds - span.inSeconds) };
    await this.#copyAll(copiesOf(asset, id, recording));
    const texts = await subtitlesWithin(this.#parts, asset.id, span);
    // As an upload's, so that a clip of the clip has them too.
    for (const { track, cues } of texts) {
      await store.put(subtitleSourceKey(id, track.name), Buffer.from(JSON.stringify(cues)));
    }
    await this.#publisher.playlists(asPublished(id, asset, recording, from), recording, texts);
    const pictures = recording.video ? [recordedPicturesJob(id)] : [];
    const subtitles = texts.map(({ track }) => track);
    const clip = { id, title, policy, recording, from, subtitles, ...(contentKey ? { contentKey } : {}) };
    const made = await recorded.addClip(clip, (trx) => queue.addWithin(trx, pictures));
    if (!made) throw new Fault('UNAVAILABLE', { detail: { why: 'the segments of a clip took too long to copy' } });
    signals.notify(WORK);
    return made;
  }

  async #storedOf(asset: Asset): Promise<StoredRecording> {
    const { assets, recorded } = this.#parts;
    const isRunning = asset.recording !== undefined && asset.status === 'uploading';
    if (asset.status !== 'ready' && !isRunning) throw new Fault('ASSET_NOT_READY');
    const stored = asset.film
      ? storedFilm(asset.film, await assets.segments(asset.id, asset.version))
      : await recorded.stored(asset);
    if (!stored) throw new Fault('ASSET_NOT_READY');
    return stored;
  }

  #plan(stored: StoredRecording, { inSeconds, outSeconds }: Span): Clip {
    const { mostSeconds } = this.#parts;
    const seconds = outSeconds - inSeconds;
    if (seconds < LEAST_SECONDS) {
      throw new Fault('CLIP_RANGE_INVALID', {
        says: `A clip ends at least ${LEAST_SECONDS} seconds after it begins.`,
      });
    }
    if (seconds > mostSeconds) {
      throw new Fault('CLIP_RANGE_INVALID', { says: `A clip is at most ${mostSeconds} seconds long on this server.` });
    }
    const plan = planClip(stored, { inSeconds, outSeconds });
    if (!plan) throw new Fault('CLIP_RANGE_INVALID', { says: 'This asset does not reach so far.' });
    return plan;
  }

  /** @throws Fault NOT_FOUND when the asset is removed meanwhile */
  async #copyAll(copies: readonly Copy[]): Promise<void> {
    const left = copies.values();
    const lane = async () => {
      for (const { from, to } of left) {
        if (await this.#parts.store.copy(from, to)) continue;
        throw new Fault('NOT_FOUND', { says: 'This asset has just been deleted.', detail: { from } });
      }
    };
    // All of them are over before anybody clears up.
    const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
    const failed = lanes.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}

interface Copy {
  readonly from: string;
  readonly to: string;
}

function copiesOf(asset: Asset, id: string, { stretches, ...tracks }: Clip['recording']): Copy[] {
  return recordedNames(tracks).flatMap((name) => {
    const inits = stretches.map(({ session: { number } }) => ({
      from: asset.film ? initKey(asset.id, asset.version, name) : sessionInitKey(asset.id, asset.version, name, number),
      to: sessionInitKey(id, 1, name, number),
    }));
    const segments = stretches
      .flatMap((stretch) => stretch.segments.get(name) ?? [])
      .filter(({ isGap }) => !isGap)
      .map(({ sequence }) => ({
        from: segmentKey(asset.id, asset.version, name, sequence),
        to: segmentKey(id, 1, name, sequence),
      }));
    return [...inits, ...segments];
  });
}

/** The clip as far as its playlists tell of it. */
function asPublished(id: string, { encryption }: Asset, recording: Clip['recording'], from: ClipRange) {
  return { id, version: 1, ...(encryption ? { encryption } : {}), recording: { from, format: tracksOf(recording) } };
}
