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
import type { Storyboard } from '../kernel/film/film.ts';
import { posterKey, segmentKey, sessionInitKey, storyboardKey, storyboardSheetKey } from '../kernel/film/paths.ts';
import { sheetCount, writeStoryboard } from '../kernel/hls/storyboard.ts';
import type { LiveSegment } from '../kernel/live/broadcast.ts';
import { makeRecording, type Recording, recordedSeconds, timescales } from '../kernel/recording/recording.ts';
import { segmentAt } from '../kernel/recording/seek.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { POSTER_FRAMES, posterCommand, sheetsCommand, storyboardCommand } from './commands.ts';
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
  const sheets = await makeSheets(work, asset, recording, lowest.name, board);
  if (sheets.length < sheetCount(board)) throw new Fault('ENCODE_FAILED', { detail: { sheets: sheets.length } });
  await makePoster(work, asset, recording);
  for (const [sheet, bytes] of sheets.entries()) await work.store.put(storyboardSheetKey(asset.id, 1, sheet), bytes);
  const sheetUri = (sheet: number) => `v1/storyboard/sheet-${String(sheet).padStart(3, '0')}.jpg`;
  await work.store.put(storyboardKey(asset.id), Buffer.from(writeStoryboard(board, seconds, sheetUri)));
  await work.recorded.pictured(asset.id, board);
  work.publisher.changed(asset.id);
}

/** Tiles that need different init segments are made by themselves first: they cannot be in one file. */
async function makeSheets(
  work: RecordedPictureWork,
  asset: Asset,
  recording: Recording,
  rendition: string,
  board: Storyboard,
): Promise<Buffer[]> {
  const batches = await byInit(work, asset, recording, rendition, tileTimes(board));
  const draw = (batch: Batch, own: Storyboard) =>
    withKeyFrames(work, asset, recording, batch, tileTimes(own), (file) =>
      picturesOf(work, 'sheet-%03d.jpg', (target) => storyboardCommand(own, LAYOUT, file, target)),
    );
  const [only] = batches;
  if (only && batches.length === 1) return draw(only, board);
  const tiles = new Map<number, Buffer>();
  for (const batch of batches) {
    const pictures = await draw(batch, { ...board, columns: 1, rows: 1, tileCount: batch.moments.length });
    for (const [at, { index }] of batch.moments.entries()) tiles.set(index, pictures[at] ?? Buffer.alloc(0));
  }
  return joinTiles(
    work,
    board,
    [...tiles].sort(([one], [other]) => one - other).map(([, tile]) => tile),
  );
}

async function joinTiles(work: RecordedPictureWork, board: Storyboard, tiles: readonly Buffer[]): Promise<Buffer[]> {
  const folder = await makeScratch();
  try {
    const file = join(folder, 'tiles.mjpeg');
    await writeFile(file, Buffer.concat(tiles));
    return await picturesOf(work, 'sheet-%03d.jpg', (target) => sheetsCommand(board, file, target));
  } finally {
    await dropScratch(folder);
  }
}

/** Of the largest rung, from a tenth of it on; when all of these are black, whatever there is. */
async function makePoster(work: RecordedPictureWork, asset: Asset, recording: Recording): Promise<void> {
  const top = recording.video?.renditions.at(-1);
  if (!top) return;
  const seconds = recordedSeconds(recording);
  const times = Array.from({ length: POSTER_FRAMES }, (_, index) => seconds / 10 + (index * seconds) / 60);
  const batches = await byInit(work, asset, recording, top.name, times);
  const [most] = batches.toSorted((one, other) => other.moments.length - one.moments.length);
  if (!most) return;
  const own = most.moments.map(({ index }) => times[index] ?? 0);
  for (const anyPicture of [false, true]) {
    const [poster] = await withKeyFrames(work, asset, recording, most, own, (file) =>
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

/** Moments whose key frames can be in one file, since their sessions have the very same init segment. */
interface Batch {
  readonly init: Buffer;
  readonly moments: readonly { readonly index: number; readonly segment: LiveSegment }[];
}

async function byInit(
  { store }: RecordedPictureWork,
  asset: Asset,
  recording: Recording,
  rendition: string,
  times: readonly number[],
): Promise<Batch[]> {
  const moments = times.flatMap((seconds, index) => {
    const segment = segmentAt(recording, rendition, seconds);
    return segment ? [{ index, segment }] : [];
  });
  const bySession = Map.groupBy(moments, ({ segment }) => segment.session);
  const batches = new Map<string, { readonly init: Buffer; readonly moments: typeof moments }>();
  for (const [session, own] of bySession) {
    const init = await read(store, sessionInitKey(asset.id, asset.version, rendition, session));
    const name = init.toString('latin1');
    batches.set(name, { init, moments: [...(batches.get(name)?.moments ?? []), ...own] });
  }
  return [...batches.values()];
}

/** Runs `run` on a file of the key frames that are on the screen at some moments, shown at as many `times`. */
async function withKeyFrames<T>(
  work: RecordedPictureWork,
  asset: Asset,
  recording: Recording,
  { init, moments }: Batch,
  times: readonly number[],
  run: (file: string) => Promise<T>,
): Promise<T> {
  const key = asset.encryption && (await work.contentKeys.find(asset.id, asset.version));
  const scales = timescales(recording);
  const folder = await makeScratch();
  try {
    const frames = await Promise.all(
      moments.map(async ({ segment }, at) => {
        const bytes = await keyFrameOf(work, asset, segment, key);
        return bytes && writeKeyFrame(bytes, Math.round((times[at] ?? 0) * (scales.get(segment.rendition) ?? 1)));
      }),
    );
    const file = join(folder, 'key-frames.mp4');
    await writeFile(file, Buffer.concat([init, ...frames.filter((frame) => frame !== undefined)]));
    return await run(file);
  } finally {
    await dropScratch(folder);
  }
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
