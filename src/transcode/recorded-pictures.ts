import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Settings } from '../config/settings.ts';
import type { Asset } from '../database/assets.ts';
import type { ContentKeyRepository } from '../database/content-keys.ts';
import type { RecordedAssetRepository } from '../database/recorded-assets.ts';
import { keyFrameRange } from '../kernel/cmaf/segment.ts';
import { writeKeyFrame } from '../kernel/cmaf/write.ts';
import { decryptSegment } from '../kernel/encryption/segment.ts';
import { Fault } from '../kernel/errors.ts';
import { posterKey, segmentKey, sessionInitKey, storyboardKey, storyboardSheetKey } from '../kernel/film/paths.ts';
import { sheetCount, writeStoryboard } from '../kernel/hls/storyboard.ts';
import type { LiveSegment } from '../kernel/live/broadcast.ts';
import { makeRecording, type Recording, recordedSeconds, timescales } from '../kernel/recording/recording.ts';
import { segmentAt } from '../kernel/recording/seek.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { POSTER_FRAMES, posterCommand, storyboardCommand } from './commands.ts';
import { picturesOf } from './pictures.ts';
import { planStoryboard, type SourceLayout } from './plan.ts';
import type { Publisher } from './publisher.ts';
import { dropScratch, makeScratch } from './scratch.ts';

export interface RecordedPictureWork {
  readonly recorded: RecordedAssetRepository;
  readonly contentKeys: ContentKeyRepository;
  readonly store: ObjectStore;
  readonly publisher: Publisher;
  readonly settings: Settings;
  readonly abort: AbortSignal;
}

/** Poster and storyboard of a recording, of its key frames: each is fetched by itself, and nothing else is. */
export async function makeRecordedPictures(work: RecordedPictureWork, asset: Asset): Promise<void> {
  const stored = await work.recorded.stored(asset);
  const recording = stored && makeRecording(stored);
  const lowest = recording?.video?.renditions[0];
  if (!recording || !lowest) return;
  const seconds = recordedSeconds(recording);
  const board = planStoryboard(lowest, seconds);
  const sheets = await withKeyFrames(work, asset, recording, lowest.name, tileTimes(board), (file) =>
    picturesOf(work, 'sheet-%03d.jpg', (target) => storyboardCommand(board, LAYOUT, file, target)),
  );
  if (sheets.length < sheetCount(board)) throw new Fault('ENCODE_FAILED', { detail: { sheets: sheets.length } });
  await makePoster(work, asset, recording);
  for (const [sheet, bytes] of sheets.entries()) await work.store.put(storyboardSheetKey(asset.id, 1, sheet), bytes);
  const sheetUri = (sheet: number) => `v1/storyboard/sheet-${String(sheet).padStart(3, '0')}.jpg`;
  await work.store.put(storyboardKey(asset.id), Buffer.from(writeStoryboard(board, seconds, sheetUri)));
  await work.recorded.pictured(asset.id, board);
  work.publisher.changed(asset.id);
}

/** Of the largest rung, from a tenth of it on; when all of these are black, whatever there is. */
async function makePoster(work: RecordedPictureWork, asset: Asset, recording: Recording): Promise<void> {
  const top = recording.video?.renditions.at(-1);
  if (!top) return;
  const seconds = recordedSeconds(recording);
  const times = Array.from({ length: POSTER_FRAMES }, (_, index) => seconds / 10 + (index * seconds) / 60);
  for (const anyPicture of [false, true]) {
    const [poster] = await withKeyFrames(work, asset, recording, top.name, times, (file) =>
      picturesOf(work, 'poster.jpg', (target) =>
        posterCommand({ video: { renditions: [top] }, durationSeconds: 0 }, LAYOUT, file, target, anyPicture),
      ),
    );
    if (poster) return work.store.put(posterKey(asset.id), poster);
  }
  throw new Fault('ENCODE_FAILED', { says: 'No picture of this recording could be decoded.' });
}

/** What our own encoders wrote. */
const LAYOUT: SourceLayout = {
  container: 'mov',
  zeroSeconds: 0,
  video: { streamIndex: 0, zeroPts: 0, standsStill: false, interlaced: false, matrix: 'bt709', transfer: 'sdr' },
};

function tileTimes({ tileCount, intervalSeconds }: { tileCount: number; intervalSeconds: number }): number[] {
  return Array.from({ length: tileCount }, (_, tile) => tile * intervalSeconds);
}

/**
 * Runs `work` on a file of the key frames that are on the screen at some moments, each of them at that moment. Sessions
 * that begin with another init segment than most do cannot be in one file with these: there the picture before stays.
 */
async function withKeyFrames<T>(
  work: RecordedPictureWork,
  asset: Asset,
  recording: Recording,
  rendition: string,
  times: readonly number[],
  run: (file: string) => Promise<T>,
): Promise<T> {
  const key = asset.encryption && (await work.contentKeys.find(asset.id, asset.version));
  const scale = timescales(recording).get(rendition) ?? 1;
  const folder = await makeScratch();
  try {
    const found = times.map((seconds) => ({ seconds, segment: segmentAt(recording, rendition, seconds) }));
    const init = await commonInit(work, asset, rendition, found);
    const frames = await Promise.all(
      found.map(async ({ seconds, segment }) => {
        if (!segment || !init.sessions.has(segment.session)) return undefined;
        const bytes = await keyFrameOf(work, asset, segment, key);
        return bytes && writeKeyFrame(bytes, Math.round(seconds * scale));
      }),
    );
    const file = join(folder, 'key-frames.mp4');
    await writeFile(file, Buffer.concat([init.bytes, ...frames.filter((frame) => frame !== undefined)]));
    return await run(file);
  } finally {
    await dropScratch(folder);
  }
}

/** The init segment that most of the moments lie behind, and the sessions that have this very one. */
async function commonInit(
  { store }: RecordedPictureWork,
  asset: Asset,
  rendition: string,
  found: readonly { readonly segment: LiveSegment | undefined }[],
): Promise<{ readonly bytes: Buffer; readonly sessions: ReadonlySet<number> }> {
  const counts = Map.groupBy(found, ({ segment }) => segment?.session);
  const inits = new Map<string, { bytes: Buffer; sessions: Set<number>; moments: number }>();
  for (const [session, own] of counts) {
    if (session === undefined) continue;
    const bytes = await read(store, sessionInitKey(asset.id, asset.version, rendition, session));
    const known = inits.get(bytes.toString('latin1')) ?? { bytes, sessions: new Set<number>(), moments: 0 };
    known.sessions.add(session);
    known.moments += own.length;
    inits.set(bytes.toString('latin1'), known);
  }
  const [most] = [...inits.values()].sort((one, other) => other.moments - one.moments);
  if (!most) throw new Fault('ENCODE_FAILED', { detail: { why: 'a recording without a segment' } });
  return most;
}

async function keyFrameOf(
  { store }: RecordedPictureWork,
  { id, version }: Asset,
  { rendition, sequence, keyFrame }: LiveSegment,
  key: Buffer | undefined,
): Promise<Uint8Array | undefined> {
  const name = segmentKey(id, version, rendition, sequence);
  if (keyFrame) return read(store, name, { start: keyFrame.startByte, end: keyFrame.startByte + keyFrame.sizeBytes });
  const whole = await read(store, name);
  const clear = key ? decryptSegment(whole, key, sequence) : whole;
  const range = clear && keyFrameRange(clear);
  return range && clear.subarray(range.start, range.end);
}

/** @throws Fault SOURCE_MISSING for what should be in the store */
async function read(store: ObjectStore, key: string, range?: { start: number; end: number }): Promise<Buffer> {
  const object = await store.open(key, range);
  if (!object) throw new Fault('SOURCE_MISSING', { detail: { key } });
  return buffer(object.body);
}
