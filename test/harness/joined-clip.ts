import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { ffmpegTool } from './transcode-scenario.ts';

/** A part of a film: the moment of a key frame that it begins at, and when that is on the clock that the part brings. */
export interface Part {
  readonly fromSeconds: number;
  readonly clockSeconds: number;
  /** Which streams it has, in their order; all where this is not said. */
  readonly streams?: readonly string[];
  /** Further options of ffmpeg, such as the numbers that its streams get; what is not said is copied. */
  readonly options?: readonly string[];
  /** Bytes that are missing at its end, or at its start. */
  readonly lacksBytes?: number;
  readonly beginsAtByte?: number;
}

/**
 * Cuts a film and puts the parts behind one another as bytes, each on a clock of its own, as `cat` does, or a recorder
 * that was started again. `to` has a container that can be joined so.
 */
export async function joinParts(from: string, to: string, parts: readonly Part[]): Promise<void> {
  const container = to.split('.').at(-1);
  const piece = (index: number | '%d') => `${to}.${index}.nut`;
  const cuts = parts.slice(1).map(({ fromSeconds }) => fromSeconds);
  const cutting = [
    '-f',
    'segment',
    '-segment_format',
    'nut',
    '-segment_times',
    cuts.join(','),
    '-reset_timestamps',
    '1',
  ];
  await ffmpegTool('-fflags', '+genpts', '-i', from, '-map', '0', '-c', 'copy', ...cutting, piece('%d'));
  await writeFile(to, '');
  for (const [
    index,
    { clockSeconds, streams = ['0'], options = [], lacksBytes = 0, beginsAtByte = 0 },
  ] of parts.entries()) {
    const part = `${to}.part.${container}`;
    const maps = streams.flatMap((stream) => ['-map', stream]);
    const clock = ['-output_ts_offset', String(clockSeconds)];
    await ffmpegTool('-i', piece(index), ...maps, '-c', 'copy', ...clock, ...options, part);
    const bytes = await readFile(part);
    await appendFile(to, bytes.subarray(beginsAtByte, bytes.length - lacksBytes));
    for (const file of [part, piece(index)]) await rm(file, { force: true });
  }
}
