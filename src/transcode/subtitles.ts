import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Asset } from '../database/assets.ts';
import type { SubtitleRepository } from '../database/subtitles.ts';
import { runFfmpeg } from '../ffmpeg/ffmpeg.ts';
import { subtitlePrefix, subtitleSourceKey } from '../kernel/film/paths.ts';
import { type Cue, moveCues } from '../kernel/subtitles/cue.ts';
import { parseSubtitles } from '../kernel/subtitles/parse.ts';
import type { Job } from '../queue/queue.ts';
import type { SubtitleChange } from '../queue/subtitle-change.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { SUBTITLE_BYTES, subtitlesCommand } from './commands.ts';
import { type ChunkWork, limits } from './encode.ts';
import type { SubtitlesWork } from './plan.ts';
import type { Publisher } from './publisher.ts';
import { dropScratch, makeScratch } from './scratch.ts';

export type EmbeddedWork = ChunkWork & { readonly subtitles: SubtitleRepository };

/** Publishes the source's own subtitles. They come onto the playlist together, when all of them can be fetched. */
export async function publishEmbedded(work: EmbeddedWork, job: Job): Promise<void> {
  const { container, zeroSeconds, tracks } = job.payload as SubtitlesWork;
  const { asset, publisher, subtitles } = work;
  const folder = await makeScratch();
  const fileOf = (streamIndex: number) => join(folder, `${streamIndex}.vtt`);
  try {
    const targets = tracks.map(({ streamIndex }) => ({ streamIndex, target: fileOf(streamIndex) }));
    // ffmpeg itself stops a little after the size it was told.
    const most = limits(work, 2 * SUBTITLE_BYTES);
    await runFfmpeg(subtitlesCommand(container, targets, work.source.path), most);
    for (const { streamIndex, ...track } of tracks) {
      const cues = moveCues(parseSubtitles(await readFile(fileOf(streamIndex), 'utf8')), zeroSeconds);
      if (cues.length === 0) continue;
      const name = `track-${streamIndex}`;
      await publisher.subtitles(asset, name, cues);
      await subtitles.embedded(asset.id, { ...track, name, origin: 'embedded' });
    }
  } finally {
    await dropScratch(folder);
  }
  await publisher.multivariant(asset);
  publisher.changed(asset.id);
}

export interface UploadedWork {
  readonly store: ObjectStore;
  readonly subtitles: SubtitleRepository;
  readonly publisher: Publisher;
}

/**
 * Brings an upload, or its removal, to the viewers. A film that is not planned yet has no grid to cut a text along: the
 * probe asks for the work again when it has. So does the end of a broadcast.
 */
export async function publishUploaded(work: UploadedWork, asset: Asset, job: Job): Promise<void> {
  const { name, gone } = job.payload as SubtitleChange;
  if (asset.film || asset.recording) {
    if (name !== undefined) await publishOne(work, asset, name);
    await work.publisher.multivariant(asset);
  }
  // Only now does no playlist name them any more.
  for (const each of gone) await discard(work, asset.id, each);
  work.publisher.changed(asset.id);
}

async function publishOne(work: UploadedWork, asset: Asset, name: string): Promise<void> {
  const { store, subtitles, publisher } = work;
  const object = await store.open(subtitleSourceKey(asset.id, name));
  // Replaced or removed since. The job that says so may be through already, and an attempt at this one have died late.
  if (!object) return discard(work, asset.id, name);
  const parts: Buffer[] = [];
  for await (const part of object.body) parts.push(part as Buffer);
  const cues = JSON.parse(Buffer.concat(parts).toString('utf8')) as Cue[];
  if (!(await publisher.subtitles(asset, name, cues))) return;
  if (!(await subtitles.published(asset.id, name))) await discard(work, asset.id, name);
}

async function discard({ store }: UploadedWork, assetId: string, name: string): Promise<void> {
  await store.deletePrefix(subtitlePrefix(assetId, name));
  await store.deletePrefix(subtitleSourceKey(assetId, name));
}
