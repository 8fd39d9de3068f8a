import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessLimits, runFfmpeg } from '../ffmpeg/ffmpeg.ts';
import type { AudioRendition } from '../kernel/film/film.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import { integratedLoudness } from '../kernel/loudness.ts';
import { loudnessCommand } from './commands.ts';
import { audioLayoutOf, planFilm, planLayout } from './plan.ts';
import { dropScratch, makeScratch } from './scratch.ts';
import { type SourceInfo, spanSeconds } from './source.ts';

/**
 * Films up to this length are heard whole, longer ones in stretches that are spread evenly: starting a program costs as much
 * as hearing a minute, and the film plays only when all of them are heard.
 */
const WHOLE_SECONDS = 300;
const STRETCHES = 16;
const STRETCH_SECONDS = 15;

/** Stretches that are heard at once. */
const AT_ONCE = 2;

/** One line says when, the next how loud: of the longest film that is heard whole, some hundred thousand bytes. */
const REPORT_BYTES = 4 * 1024 * 1024;

/** Loudness of each rendition of sound in LUFS, by its name, but for those that are silent or could not be heard. */
export async function measureLoudness(
  info: SourceInfo,
  ladder: Ladder,
  source: string,
  bounds: ProcessLimits,
): Promise<Record<string, number>> {
  const renditions = planFilm('', info, ladder, 1).film.audio?.renditions ?? [];
  const limits = { ...bounds, fileBytes: REPORT_BYTES };
  const stretches = stretchesOf(spanSeconds(info));
  const heard: number[][][] = [];
  const listen = async () => {
    for (let next = stretches.shift(); next; next = stretches.shift()) {
      heard.push(await hear(info, renditions, next, source, limits));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, listen));
  return Object.fromEntries(
    renditions.flatMap(({ name }, index) => {
      const lufs = integratedLoudness(heard.flatMap((blocks) => blocks[index] ?? []));
      return lufs === undefined ? [] : [[name, Math.round(100 * lufs) / 100]];
    }),
  );
}

interface Stretch {
  readonly atSeconds: number;
  readonly seconds?: number;
}

function stretchesOf(seconds: number): Stretch[] {
  if (seconds <= WHOLE_SECONDS) return [{ atSeconds: 0 }];
  const apart = seconds / STRETCHES;
  return Array.from({ length: STRETCHES }, (_, index) => ({
    atSeconds: (index + 0.5) * apart - STRETCH_SECONDS / 2,
    seconds: STRETCH_SECONDS,
  }));
}

/** Loudness of the blocks of one stretch, by rendition; none where it cannot be decoded, which the others make up for. */
async function hear(
  info: SourceInfo,
  renditions: readonly AudioRendition[],
  stretch: Stretch,
  source: string,
  limits: ProcessLimits,
): Promise<number[][]> {
  const folder = await makeScratch();
  try {
    const layout = planLayout(info);
    const tracks = renditions.map((rendition, index) => ({
      streamIndex: audioLayoutOf(layout, rendition)?.streamIndex ?? 0,
      channels: rendition.channels,
      report: join(folder, `${index}`),
    }));
    await runFfmpeg(loudnessCommand(layout, tracks, stretch, source), limits);
    return await Promise.all(tracks.map(async ({ report }) => readBlocks(await readFile(report, 'utf8'))));
  } catch (cause) {
    limits.abort.throwIfAborted();
    if (cause instanceof Error) return [];
    throw cause;
  } finally {
    await dropScratch(folder);
  }
}

/** The first blocks reach back to before the stretch, where the meter hears nothing. */
const UNFILLED_BLOCKS = 3;

/** What ffmpeg's meter noted, a block every 100 ms. */
export function readBlocks(report: string): number[] {
  const blocks = [...report.matchAll(/^lavfi\.r128\.M=(\S+)$/gm)].map(([, value]) => Number(value));
  return blocks.slice(UNFILLED_BLOCKS).filter((block) => !Number.isNaN(block));
}
