import type { Writable } from 'node:stream';
import type { Bounds } from '../../ffmpeg/confinement.ts';
import { type StreamContainer, streamFfprobe } from '../../ffmpeg/streaming.ts';
import { type LiveSource, readLiveSource } from '../../kernel/live/source.ts';
import { lookOptions } from './command.ts';

const BOUNDS: Bounds = { memoryBytes: 2 * 1024 ** 3, fileBytes: 0 };

/** A publisher that has shown nothing by then has nothing to show. */
const PATIENCE_MS = 12_000;

/** Looks at the beginning of a stream, which is to be written to `input` as it comes. */
export async function lookAtSource(
  container: StreamContainer,
  maxPixels: number,
): Promise<{ readonly input: Writable; readonly source: Promise<LiveSource | undefined> }> {
  const options = ['-max_pixels', String(maxPixels), ...lookOptions(container)];
  const probe = await streamFfprobe(container, options, BOUNDS);
  const overdue = setTimeout(() => probe.kill(), PATIENCE_MS);
  const source = probe.found.then(readLiveSource).finally(() => clearTimeout(overdue));
  return { input: probe.input, source };
}
