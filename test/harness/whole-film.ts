import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { renditionNames, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { countFrames, type TranscodeScenario } from './transcode-scenario.ts';

/** A film as it should be after whatever has happened: every segment on the grid, every picture there once, no rest. */
export async function expectWholeFilm(scenario: TranscodeScenario, { id, film, status }: Asset): Promise<void> {
  expect(status).toBe('ready');
  if (!film) throw new Error('the film is not planned');
  for (const name of renditionNames(film)) {
    const { init, segments, facts } = await scenario.rendition(id, name);
    const planned = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, name, index));
    expect(facts.map(({ startTicks, durationTicks }) => [startTicks, durationTicks])).toEqual(
      planned.map((each) => [each?.startTicks, each?.durationTicks]),
    );
    if (!film.video?.renditions.some((rendition) => rendition.name === name)) continue;
    const played = join(scenario.folder, `played-${name}.mp4`);
    await writeFile(played, Buffer.concat([init, ...segments]));
    expect(await countFrames(played)).toBe(film.video.frameCount);
  }
  await scenario.idle(id);
  const aside = await readdir(join(scenario.folder, 'media', '.aside'), { recursive: true, withFileTypes: true });
  expect(aside.filter((entry) => entry.isFile())).toEqual([]);
}

/** Folders that processes which are no more have left in the temporary one. */
export async function scratchOf(pids: readonly number[], folder = tmpdir()): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => pids.some((pid) => name.startsWith(`frontrow-${pid}-`)));
}
