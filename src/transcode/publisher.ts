import type { Settings } from '../config/settings.ts';
import type { Asset, AssetRepository, PublishedSegment } from '../database/assets.ts';
import type { ContentKeyRepository } from '../database/content-keys.ts';
import type { EncodingRepository } from '../database/encodings.ts';
import type { RecordedAssetRepository } from '../database/recorded-assets.ts';
import type { SubtitleRepository } from '../database/subtitles.ts';
import { keyFrameRange } from '../kernel/cmaf/segment.ts';
import { filmManifest } from '../kernel/dash/film-manifest.ts';
import { writeManifest } from '../kernel/dash/write.ts';
import { encryptSegment } from '../kernel/encryption/segment.ts';
import { Fault } from '../kernel/errors.ts';
import { type Film, renditionNames, segmentCount } from '../kernel/film/film.ts';
import {
  CONTENT_KEY_URI,
  filmPrefix,
  iframePlaylistKey,
  initKey,
  manifestKey,
  masterKey,
  mediaPlaylistKey,
  renditionPrefix,
  segmentKey,
  storedKey,
  subtitleFileKey,
  subtitlePlaylistKey,
  subtitlePrefix,
  subtitleSegmentName,
  versionKeys,
} from '../kernel/film/paths.ts';
import {
  type Bandwidth,
  filmIframePlaylist,
  filmMediaPlaylist,
  filmMultivariantPlaylist,
  type IframeRendition,
  iframeBandwidth,
  measureBandwidth,
} from '../kernel/hls/film-playlists.ts';
import { filmSubtitlePlaylist, filmSubtitleSegments, withSubtitles } from '../kernel/hls/film-subtitles.ts';
import { writeIframePlaylist, writeMediaPlaylist, writeMultivariantPlaylist } from '../kernel/hls/write.ts';
import type { Cue } from '../kernel/subtitles/cue.ts';
import { writeVtt } from '../kernel/subtitles/write.ts';
import { ASSETS, assetChannel, type Signals } from '../queue/signals.ts';
import { RecordingPublisher } from '../recording/recording-publisher.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export interface PublisherDeps {
  readonly assets: AssetRepository;
  readonly subtitles: SubtitleRepository;
  readonly encodings: EncodingRepository;
  readonly contentKeys: ContentKeyRepository;
  readonly recorded: RecordedAssetRepository;
  readonly store: ObjectStore;
  readonly signals: Signals;
  readonly settings: Pick<Settings, 'versionKeepHours'>;
}

/** Puts what was made where viewers find it, and says so: store first, then database, then signal. */
export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #recordings: RecordingPublisher;
  /** Init segments already compared in this process, so that each chunk does not read the stored one again. */
  readonly #inits = new Map<string, Buffer>();

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#recordings = new RecordingPublisher(deps);
  }

  /** Every playlist of the film, and before them the key that those of an encrypted one name. */
  async playlists(asset: Asset, film: Film): Promise<void> {
    const { store, subtitles, contentKeys } = this.#deps;
    if (asset.encryption) await contentKeys.provide(asset.id, asset.version);
    // Side by side, since a film waits for them before its first segment: each is synced to disk, or a request to S3.
    await Promise.all(
      renditionNames(film).map((name) => {
        const text = writeMediaPlaylist(filmMediaPlaylist(film, name, asset.encryption && CONTENT_KEY_URI));
        return store.put(mediaPlaylistKey(asset.id, asset.version, name), Buffer.from(text));
      }),
    );
    for (const { name, publishedAtMs } of await subtitles.list(asset.id)) {
      if (publishedAtMs !== undefined) await this.#subtitlePlaylist(asset.id, film, name);
    }
    await this.multivariant(asset, film);
  }

  async #subtitlePlaylist(assetId: string, film: Film, name: string): Promise<void> {
    const text = writeMediaPlaylist(filmSubtitlePlaylist(film));
    await this.#deps.store.put(subtitlePlaylistKey(assetId, name), Buffer.from(text));
  }

  /**
   * What names all renditions, the multivariant playlist and the DASH manifest, out of all that is known now; `settled` is
   * a film that is not, or only just, in the database. Several may write at once, and what one of them knows may be old
   * when its write comes through: so each looks again, and whoever looks last has seen everything.
   */
  async multivariant(asset: Asset, settled?: Film): Promise<void> {
    if (asset.recording) return this.#recordings.multivariant(asset);
    let texts = await this.#multivariantTexts(asset, settled);
    while (texts) {
      if (texts.manifest !== undefined) {
        const key = storedKey(manifestKey(asset.id), asset.id, asset.version);
        await this.#deps.store.put(key, Buffer.from(texts.manifest));
      }
      await this.#deps.store.put(storedKey(masterKey(asset.id), asset.id, asset.version), Buffer.from(texts.master));
      const now = await this.#multivariantTexts(asset, settled);
      if (now && now.manifest === texts.manifest && now.master === texts.master) return;
      texts = now;
    }
  }

  /**
   * With measured bandwidths and key frames when every segment is there, and the subtitles that can be fetched. An
   * encrypted film has no manifest. Undefined when there is no film, or no longer.
   */
  async #multivariantTexts(
    asset: Asset,
    settled: Film | undefined,
  ): Promise<{ master: string; manifest: string | undefined } | undefined> {
    const { assets, subtitles } = this.#deps;
    const film = settled ?? filmOf(await assets.find(asset.id), asset.version);
    if (!film) return undefined;
    const uriOf = (name: string) => `v${asset.version}/${name}/index.m3u8`;
    const published = await assets.segments(asset.id, asset.version);
    const measured = measure(film, published);
    const iframes = measured && (await this.#iframes(asset, film, published));
    const tracks = (await subtitles.list(asset.id)).filter(({ publishedAtMs }) => publishedAtMs !== undefined);
    const playlist = filmMultivariantPlaylist(film, uriOf, measured, iframes);
    const listed = withSubtitles(playlist, tracks, ({ name }) => `subtitles/${name}/index.m3u8`);
    const texts = { tracks, uriOf: ({ name }: { name: string }) => `subtitles/${name}/all.vtt` };
    return {
      master: writeMultivariantPlaylist(listed),
      manifest: asset.encryption ? undefined : writeManifest(filmManifest(film, asset.version, measured, texts)),
    };
  }

  /**
   * Puts subtitles into the store: in one file for DASH, in segments for HLS, then the playlist that names these. False
   * for an asset without times to cut them by, as long as it has none.
   */
  async subtitles(asset: Asset, name: string, cues: readonly Cue[]): Promise<boolean> {
    const { id: assetId, film } = asset;
    if (!film) return this.#recordings.subtitles(asset, name, cues);
    const prefix = subtitlePrefix(assetId, name);
    await this.#deps.store.put(subtitleFileKey(assetId, name), Buffer.from(writeVtt(cues)));
    for (const [index, text] of filmSubtitleSegments(film, cues).entries()) {
      await this.#deps.store.put(`${prefix}${subtitleSegmentName(index)}`, Buffer.from(text));
    }
    await this.#subtitlePlaylist(assetId, film, name);
    return true;
  }

  /**
   * Keeps the first init segment of a rendition; a later one must be the same, byte for byte, since one serves all.
   * @throws Fault ENCODE_FAILED when it is not.
   */
  async init(asset: Asset, rendition: string, bytes: Uint8Array): Promise<void> {
    const key = initKey(asset.id, asset.version, rendition);
    const first = this.#inits.get(key) ?? (await this.#keepFirst(key, bytes));
    if (!first.equals(bytes)) {
      throw new Fault('ENCODE_FAILED', { says: 'The encoder gave up on this film: its chunks do not fit together.' });
    }
    this.#inits.set(key, first);
  }

  /**
   * Publishes one segment, encrypted where its film is: the store and everything behind it has no other. The first one
   * stays: an attempt that was thought dead may come late with bytes that play just as well and are others, while edges
   * keep what they have and a playlist says where in it the key frame lies. So the store keeps what came first, and what
   * is recorded is what it keeps, also where the first attempt died in between.
   */
  async segment(asset: Asset, rendition: string, index: number, bytes: Uint8Array): Promise<void> {
    const { store, assets } = this.#deps;
    if (await assets.isPublished(asset.id, asset.version, { rendition, segment: index })) return;
    const key = segmentKey(asset.id, asset.version, rendition, index);
    const sent = await this.#asSent(asset, index, bytes);
    if (!sent) return;
    const first = await this.#keepFirst(key, sent);
    const published = { rendition, segment: index, bytes: first.length, ...keyFrameOf(asset, rendition, first) };
    if (!(await assets.segmentPublished(asset.id, asset.version, published))) return store.deletePrefix(key);
    if (index === 0) await this.#advanceToPlayable(asset);
    this.changed(asset.id);
  }

  /** A segment as viewers are sent it; undefined when the key is gone, and its version with it. */
  async #asSent(asset: Asset, index: number, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    if (!asset.encryption) return bytes;
    const key = await this.#deps.contentKeys.find(asset.id, asset.version);
    return key && encryptSegment(bytes, key, index);
  }

  /** `playable` once the first segments of the sound and of a rung that players start with are there. */
  async #advanceToPlayable(asset: Asset): Promise<void> {
    const { video, audio } = asset.film ?? {};
    const published = await this.#deps.assets.segments(asset.id, asset.version);
    const begun = new Set(published.filter(({ segment }) => segment === 0).map(({ rendition }) => rendition));
    const pictures = video?.renditions.filter((each, index) => index === 0 || each.copied);
    const seen = pictures?.some(({ name }) => begun.has(name)) ?? true;
    const heard = audio?.renditions.slice(0, 1).every(({ name }) => begun.has(name)) ?? true;
    if (seen && heard) await this.#deps.assets.advance(asset.id, 'playable');
  }

  /**
   * All segments are there: the playlists get their measured bandwidths and those of key frames, whose places were not
   * known before, and the asset is ready. False when not all are.
   */
  async finish(asset: Asset): Promise<boolean> {
    const { film } = asset;
    if (!film) return false;
    const published = await this.#deps.assets.segments(asset.id, asset.version);
    if (!measure(film, published)) return false;
    await this.multivariant(asset);
    const keptMs = this.#deps.settings.versionKeepHours * 3_600_000;
    if (asset.encoding?.version !== asset.version) await this.#deps.assets.advance(asset.id, 'ready');
    else if (await this.#deps.encodings.switchTo(asset.id, asset.version, keptMs)) {
      // Subtitles that came since the last look went to the version that was served then.
      await this.multivariant(asset);
    }
    this.changed(asset.id);
    for (const key of this.#inits.keys()) if (key.startsWith(filmPrefix(asset.id))) this.#inits.delete(key);
    return true;
  }

  /** Playlists of key frames, before the multivariant one names them. */
  async #iframes(
    asset: Asset,
    film: Film,
    published: readonly PublishedSegment[],
  ): Promise<Map<string, IframeRendition>> {
    const listed = new Map<string, IframeRendition>();
    for (const { name } of film.video?.renditions ?? []) {
      const own = published.filter(({ rendition }) => rendition === name);
      const places = own.flatMap(({ segment, keyFrame }) => (keyFrame ? [[segment, keyFrame] as const] : []));
      const playlist = filmIframePlaylist(film, name, new Map(places));
      if (!playlist) continue;
      const key = iframePlaylistKey(asset.id, asset.version, name);
      await this.#deps.store.put(key, Buffer.from(writeIframePlaylist(playlist)));
      listed.set(name, { uri: `v${asset.version}/${name}/iframes.m3u8`, ...iframeBandwidth(playlist) });
    }
    return listed;
  }

  /** Takes one rendition out of the playlists and the store; `film` is the one without it. */
  async withdraw(asset: Asset, film: Film, rendition: string): Promise<void> {
    await this.multivariant(asset, film);
    await this.#deps.store.deletePrefix(renditionPrefix(asset.id, asset.version, rendition));
    this.#inits.delete(initKey(asset.id, asset.version, rendition));
    this.changed(asset.id);
  }

  /** Removes segments from `first` on: planned and perhaps published, before the film turned out to be shorter. */
  async removeFrom(asset: Asset, first: number): Promise<void> {
    const { film } = asset;
    if (!film) return;
    for (const name of renditionNames(film)) {
      for (let index = first; index < segmentCount(film); index += 1) {
        await this.#deps.store.deletePrefix(segmentKey(asset.id, asset.version, name, index));
      }
    }
  }

  changed(assetId: string): void {
    this.#deps.signals.notify(assetChannel(assetId));
    this.#deps.signals.notify(ASSETS);
  }

  /** Removes everything published for an asset that will not be played. */
  async remove(assetId: string, version: number): Promise<void> {
    for (const key of versionKeys(assetId, version)) await this.#deps.store.deletePrefix(key);
    for (const key of this.#inits.keys()) if (key.startsWith(filmPrefix(assetId))) this.#inits.delete(key);
  }

  /** What is under the key from now on: these bytes, or others that were there before. */
  async #keepFirst(key: string, bytes: Uint8Array): Promise<Buffer> {
    const stored = await this.#deps.store.putIfAbsent(key, bytes);
    // Gone again in this moment, it was removed with its film, of which whoever records it hears.
    return (stored ? undefined : await this.#read(key)) ?? Buffer.from(bytes);
  }

  async #read(key: string): Promise<Buffer | undefined> {
    const object = await this.#deps.store.open(key);
    if (!object) return undefined;
    const parts: Buffer[] = [];
    for await (const part of object.body) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }
}

/** Nothing for an encrypted segment: a range of it is not the encryption of that range. */
function keyFrameOf(asset: Asset, rendition: string, bytes: Uint8Array): Pick<PublishedSegment, 'keyFrame'> {
  if (asset.encryption) return {};
  const isVideo = asset.film?.video?.renditions.some(({ name }) => name === rendition);
  const range = isVideo ? keyFrameRange(bytes) : undefined;
  return range ? { keyFrame: { startByte: range.start, sizeBytes: range.end - range.start } } : {};
}

function measure(film: Film, published: readonly PublishedSegment[]): Map<string, Bandwidth> | undefined {
  const sizes = Map.groupBy(published, ({ rendition }) => rendition);
  const measured = new Map<string, Bandwidth>();
  for (const name of renditionNames(film)) {
    const own = new Map((sizes.get(name) ?? []).map(({ segment, bytes }) => [segment, bytes]));
    const bandwidth = measureBandwidth(film, name, own);
    if (!bandwidth) return undefined;
    measured.set(name, bandwidth);
  }
  return measured;
}

/** What is known now of the film that a version is. */
function filmOf(asset: Asset | undefined, version: number): Film | undefined {
  return asset?.version === version
    ? asset.film
    : asset?.encoding?.version === version
      ? asset.encoding.film
      : undefined;
}
