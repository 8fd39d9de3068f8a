import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FfmpegCommand, runFfmpeg } from '../ffmpeg/ffmpeg.ts';
import { Fault } from '../kernel/errors.ts';
import { posterKey, storedKey, storyboardKey, storyboardSheetKey } from '../kernel/film/paths.ts';
import { sheetCount, writeStoryboard } from '../kernel/hls/storyboard.ts';
import type { Job } from '../queue/queue.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { posterCommand, storyboardCommand } from './commands.ts';
import { type ChunkWork, limits } from './encode.ts';
import type { SourceLayout } from './plan.ts';
import { dropScratch, makeScratch } from './scratch.ts';

export type PictureWork = ChunkWork & { readonly store: ObjectStore };

/** A still of the film; when every candidate is black, the first picture there is. */
export async function makePoster(work: PictureWork, job: Job): Promise<void> {
  const layout = job.payload as SourceLayout;
  const { film, id, version } = work.asset;
  for (const anyPicture of [false, true]) {
    const [poster] = await picturesOf(work, 'poster.jpg', (target) =>
      posterCommand(film, layout, work.source.path, target, anyPicture),
    );
    if (!poster) continue;
    await work.store.put(storedKey(posterKey(id), id, version), poster);
    work.publisher.changed(id);
    return;
  }
  throw new Fault('ENCODE_FAILED', { says: 'No picture of this film could be decoded.' });
}

/** The sprite sheets, then the file that names them: nobody reads a name that does not exist yet. */
export async function makeStoryboard(work: PictureWork, job: Job): Promise<void> {
  const { film, id, version } = work.asset;
  const board = film.storyboard;
  if (!board) return;
  const sheets = await picturesOf(work, 'sheet-%03d.jpg', (target) =>
    storyboardCommand(board, job.payload as SourceLayout, work.source.path, target),
  );
  if (sheets.length < sheetCount(board)) throw new Fault('ENCODE_FAILED', { detail: { sheets: sheets.length } });
  for (const [sheet, bytes] of sheets.entries()) await work.store.put(storyboardSheetKey(id, version, sheet), bytes);
  const sheetUri = (sheet: number) => `v${version}/storyboard/sheet-${String(sheet).padStart(3, '0')}.jpg`;
  const text = writeStoryboard(board, film.durationSeconds, sheetUri);
  await work.store.put(storedKey(storyboardKey(id), id, version), Buffer.from(text));
  work.publisher.changed(id);
}

/** A poster has some hundred KB, a sheet of the tallest tiles a few MB. */
const PICTURE_BYTES = 16 * 1024 * 1024;

/** Runs a command that writes files `name` into a folder of its own, and gives back what is in them, in order. */
export async function picturesOf(
  work: Pick<ChunkWork, 'settings' | 'abort'>,
  name: string,
  command: (target: string) => FfmpegCommand,
): Promise<Buffer[]> {
  const folder = await makeScratch();
  try {
    await runFfmpeg(command(join(folder, name)), limits(work, PICTURE_BYTES));
    const files = (await readdir(folder)).sort();
    return await Promise.all(files.map((file) => readFile(join(folder, file))));
  } finally {
    await dropScratch(folder);
  }
}
