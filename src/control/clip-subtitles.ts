import type { SubtitleRepository } from '../database/subtitles.ts';
import { subtitleFileKey, subtitleSourceKey } from '../kernel/film/paths.ts';
import type { Span } from '../kernel/recording/clip.ts';
import { type Cue, cutCues } from '../kernel/subtitles/cue.ts';
import { parseSubtitles } from '../kernel/subtitles/parse.ts';
import type { SubtitleText, SubtitleTrack } from '../kernel/subtitles/track.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export interface ClipSubtitlesParts {
  readonly subtitles: Pick<SubtitleRepository, 'list'>;
  readonly store: Pick<ObjectStore, 'open'>;
}

/** What an asset's subtitles say in a part of it, on that one's own clock. A track that says nothing there is left out. */
export async function subtitlesWithin(
  parts: ClipSubtitlesParts,
  assetId: string,
  { inSeconds, outSeconds }: Span,
): Promise<SubtitleText[]> {
  const all = await parts.subtitles.list(assetId);
  const texts = await Promise.all(
    all.map(async ({ publishedAtMs: _, createdAtMs: __, ...track }) => ({
      track,
      cues: cutCues(await cuesOf(parts, assetId, track), inSeconds, outSeconds),
    })),
  );
  return texts.filter(({ cues }) => cues.length > 0);
}

/** Of an upload the cues as they were understood; the film's own are in the text that was made of them. */
async function cuesOf({ store }: ClipSubtitlesParts, assetId: string, { name }: SubtitleTrack): Promise<Cue[]> {
  const source = await textOf(store, subtitleSourceKey(assetId, name));
  if (source !== undefined) return JSON.parse(source) as Cue[];
  return parseSubtitles((await textOf(store, subtitleFileKey(assetId, name))) ?? '');
}

async function textOf(store: ClipSubtitlesParts['store'], key: string): Promise<string | undefined> {
  const object = await store.open(key);
  return object && Buffer.concat(await object.body.toArray()).toString('utf8');
}
