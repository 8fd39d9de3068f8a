import type { Asset, AssetRepository } from '../database/assets.ts';
import type { RecordedAssetRepository } from '../database/recorded-assets.ts';
import type { StoredSubtitles, SubtitleRepository } from '../database/subtitles.ts';
import { writeManifest } from '../kernel/dash/write.ts';
import {
  CONTENT_KEY_URI,
  iframePlaylistKey,
  manifestKey,
  masterKey,
  mediaPlaylistKey,
  subtitlePlaylistKey,
  subtitlePrefix,
} from '../kernel/film/paths.ts';
import { type Bandwidth, type IframeRendition, iframeBandwidth } from '../kernel/hls/film-playlists.ts';
import { withSubtitles } from '../kernel/hls/film-subtitles.ts';
import { writeIframePlaylist, writeMediaPlaylist, writeMultivariantPlaylist } from '../kernel/hls/write.ts';
import { recordedManifest } from '../kernel/recording/manifest.ts';
import {
  recordedBandwidths,
  recordedIframePlaylist,
  recordedMediaPlaylist,
  recordedMultivariantPlaylist,
} from '../kernel/recording/playlists.ts';
import { clipOf } from '../kernel/recording/recorded-film.ts';
import { makeRecording, type Recording, recordedNames } from '../kernel/recording/recording.ts';
import {
  recordedSubtitleFile,
  recordedSubtitlePlaylist,
  recordedSubtitleSegments,
  sessionSubtitleName,
} from '../kernel/recording/subtitles.ts';
import type { Cue } from '../kernel/subtitles/cue.ts';
import type { SubtitleText, SubtitleTrack } from '../kernel/subtitles/track.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export interface RecordingPublisherParts {
  readonly assets: Pick<AssetRepository, 'find'>;
  readonly recorded: Pick<RecordedAssetRepository, 'stored'>;
  readonly subtitles: Pick<SubtitleRepository, 'list'>;
  readonly store: Pick<ObjectStore, 'put'>;
}

type Recorded = Pick<Asset, 'id' | 'version' | 'encryption' | 'recording'>;

/**
 * Writes the playlists of recordings over the segments that are stored already: for a broadcast that has ended, for a
 * clip, and again for either when it gets subtitles. Three roles do one of these each.
 */
export class RecordingPublisher {
  readonly #parts: RecordingPublisherParts;

  constructor(parts: RecordingPublisherParts) {
    this.#parts = parts;
  }

  /** Every playlist of a recording. `texts` are subtitles that it is to have from the beginning. */
  async playlists(asset: Recorded, recording: Recording, texts: readonly SubtitleText[] = []): Promise<void> {
    await Promise.all(texts.map(({ track, cues }) => this.#text(asset.id, recording, track.name, cues)));
    const names = recordedNames(recording);
    // Side by side: each is synced to disk, or a request to S3, and a viewer waits for all of them.
    await Promise.all(
      names.map((name) => {
        const playlist = recordedMediaPlaylist(recording, name, asset.encryption && CONTENT_KEY_URI);
        return this.#put(mediaPlaylistKey(asset.id, asset.version, name), writeMediaPlaylist(playlist));
      }),
    );
    const iframes = await this.#iframes(asset, recording);
    const tracks = texts.map(({ track }) => track);
    await this.#multivariant(asset, recording, recordedBandwidths(recording), iframes, tracks);
  }

  /** What names all renditions, anew: its subtitles have changed. */
  async multivariant(asset: Asset): Promise<void> {
    const recording = await this.#read(asset);
    if (!recording) return;
    const iframes = await this.#iframes(asset, recording);
    await this.#multivariant(asset, recording, recordedBandwidths(recording), iframes);
  }

  /** Puts subtitles into the store; false for a recording that is not whole yet, which has no times to cut a text by. */
  async subtitles(asset: Asset, name: string, cues: readonly Cue[]): Promise<boolean> {
    const recording = asset.recording?.durationSeconds === undefined ? undefined : await this.#read(asset);
    if (!recording) return false;
    await this.#text(asset.id, recording, name, cues);
    return true;
  }

  async #text(assetId: string, recording: Recording, name: string, cues: readonly Cue[]): Promise<void> {
    const prefix = subtitlePrefix(assetId, name);
    for (const { session } of recording.stretches) {
      const text = recordedSubtitleFile(recording, cues, session.number);
      await this.#put(prefix + sessionSubtitleName(session.number), text);
    }
    for (const { name: segment, text } of recordedSubtitleSegments(recording, cues)) {
      await this.#put(prefix + segment, text);
    }
    await this.#put(subtitlePlaylistKey(assetId, name), writeMediaPlaylist(recordedSubtitlePlaylist(recording)));
  }

  async #read(asset: Asset): Promise<Recording | undefined> {
    const stored = await this.#parts.recorded.stored(asset);
    return stored && makeRecording(stored);
  }

  /** Several may write at once: whoever looks last has seen everything, as with a film's. */
  async #multivariant(
    asset: Recorded,
    recording: Recording,
    measured: ReadonlyMap<string, Bandwidth>,
    iframes: ReadonlyMap<string, IframeRendition>,
    first: readonly SubtitleTrack[] = [],
  ): Promise<void> {
    const startSeconds = (asset.recording && clipOf(asset.recording)?.leadSeconds) ?? 0;
    const uriOf = (name: string) => `v${asset.version}/${name}/index.m3u8`;
    const playlist = recordedMultivariantPlaylist(recording, uriOf, measured, iframes, startSeconds);
    const write = async (tracks: readonly SubtitleTrack[]) => {
      if (!asset.encryption) {
        const uriOfText = ({ name }: { name: string }, session: number) =>
          `subtitles/${name}/${sessionSubtitleName(session)}`;
        const manifest = recordedManifest(recording, asset.version, measured, { tracks, uriOf: uriOfText });
        await this.#put(manifestKey(asset.id), writeManifest(manifest));
      }
      const listed = withSubtitles(playlist, tracks, ({ name }) => `subtitles/${name}/index.m3u8`);
      await this.#put(masterKey(asset.id), writeMultivariantPlaylist(listed));
    };
    let tracks = [...first, ...(await this.#published(asset.id))];
    for (;;) {
      await write(tracks);
      const now = [...first, ...(await this.#published(asset.id))];
      if (JSON.stringify(now) === JSON.stringify(tracks)) return;
      tracks = now;
    }
  }

  async #published(assetId: string): Promise<StoredSubtitles[]> {
    const all = await this.#parts.subtitles.list(assetId);
    return all.filter(({ publishedAtMs }) => publishedAtMs !== undefined);
  }

  /** Playlists of key frames, before the multivariant one names them. */
  async #iframes(asset: Recorded, recording: Recording): Promise<Map<string, IframeRendition>> {
    const listed = (recording.video?.renditions ?? []).flatMap(({ name }) => {
      const playlist = recordedIframePlaylist(recording, name);
      return playlist ? [{ name, playlist }] : [];
    });
    await Promise.all(
      listed.map(({ name, playlist }) =>
        this.#put(iframePlaylistKey(asset.id, asset.version, name), writeIframePlaylist(playlist)),
      ),
    );
    return new Map(
      listed.map(({ name, playlist }) => [
        name,
        { uri: `v${asset.version}/${name}/iframes.m3u8`, ...iframeBandwidth(playlist) },
      ]),
    );
  }

  #put(key: string, text: string): Promise<void> {
    return this.#parts.store.put(key, Buffer.from(text));
  }
}
