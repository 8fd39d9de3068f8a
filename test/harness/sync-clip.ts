import { readFile, rm } from 'node:fs/promises';
import { ffmpegTool } from './transcode-scenario.ts';

/**
 * Films that flash and beep at the same moments, every five seconds from 2.5 on: played back, the distance between the
 * two says how far sound and picture have come apart.
 */
const EVERY_SECONDS = 5;
const FIRST_SECONDS = 2.5;
const LASTS_SECONDS = 0.08;

export interface SyncShape {
  readonly seconds: number;
  readonly rate?: string;
  readonly sampleRate?: number;
  /** Filters of each track, such as `atrim=start=0.7`, which leaves its clock as it is. */
  readonly picture?: string;
  readonly sound?: string;
  /** Everything from the codecs on. */
  readonly output: readonly string[];
}

export async function makeSyncClip(path: string, shape: SyncShape): Promise<void> {
  const { seconds, rate = '25', sampleRate = 44_100, picture = 'null', sound = 'anull' } = shape;
  const on = (clock: string) =>
    `lt(mod(${clock}+${EVERY_SECONDS - FIRST_SECONDS}\\,${EVERY_SECONDS})\\,${LASTS_SECONDS})`;
  // Four dots drawn large afterwards: an expression is dear for every dot of a picture.
  const dots = `nullsrc=size=2x2:rate=${rate}:duration=${seconds},geq=lum='16+219*${on('T+0.0001')}':cb=128:cr=128`;
  const flash = `${dots},scale=64:36:flags=neighbor`;
  const beep = `aevalsrc='0.8*sin(2*PI*1000*t)*${on('t')}':s=${sampleRate}:d=${seconds}`;
  await ffmpegTool(
    ...['-f', 'lavfi', '-i', `${flash},format=yuv420p,${picture}`, '-f', 'lavfi', '-i', `${beep},${sound}`],
    ...[
      '-copyts',
      '-fps_mode',
      'vfr',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-g',
      '50',
      '-bf',
      '2',
      '-c:a',
      'aac',
    ],
    ...shape.output,
    path,
  );
}

/** Moments, in seconds, at which a film begins to flash, by its pictures' own times. */
export async function flashes(file: string, framesPerSecond: number): Promise<number[]> {
  const levels = await raw(file, [
    '-map',
    '0:v:0',
    '-fps_mode',
    'passthrough',
    '-vf',
    'scale=1:1:flags=area,format=gray',
    '-f',
    'rawvideo',
  ]);
  return onsets(levels.length, (at) => (levels[at] ?? 0) > 110).map((at) => at / framesPerSecond);
}

const LOOK_HERTZ = 48_000;

/** Moments, in seconds, at which a film begins to beep. */
export async function beeps(file: string): Promise<number[]> {
  const placed = `aresample=${LOOK_HERTZ}:async=1:first_pts=0`;
  const bytes = await raw(file, ['-map', '0:a:0', '-af', placed, '-ac', '1', '-c:a', 'pcm_s16le', '-f', 's16le']);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  // A millisecond is one period of the tone: its loudest sample tells whether it sounds.
  const window = LOOK_HERTZ / 1_000;
  const sounds = (at: number) =>
    samples.subarray(at * window, (at + 1) * window).some((sample) => Math.abs(sample) > 8_000);
  return onsets(Math.floor(samples.length / window), sounds).map((at) => at / 1_000);
}

/** Where something begins that was off for a while before. */
function onsets(count: number, isOn: (at: number) => boolean): number[] {
  const found: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < count; at += 1) {
    if (!isOn(at)) continue;
    if (at - last > 10) found.push(at);
    last = at;
  }
  return found;
}

async function raw(file: string, options: readonly string[]): Promise<Buffer> {
  const target = `${file}.raw`;
  try {
    await ffmpegTool('-i', file, ...options, target);
    return await readFile(target);
  } finally {
    await rm(target, { force: true });
  }
}
