import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Rational } from '../../src/kernel/film/film.ts';
import { ffmpegTool, type Rendition } from './transcode-scenario.ts';

const run = promisify(execFile);

/**
 * Films whose every picture carries its own number, as a row of black and white blocks: a black one, the number's bits,
 * a white one. It outlives scaling, tone mapping, turning and a hard encode, so what comes out of an encoder can be
 * asked which picture of the source it is.
 */
const BITS = 12;
const BLOCKS = BITS + 2;

/** A lavfi source that counts its pictures; `size` is `WxH`, `rate` as ffmpeg writes it. */
export function countedPicture(size: string, rate: string, seconds: number): string[] {
  // Neighbours differ in one block only (Gray code), so that a blurred picture is off by one and not by a thousand.
  const bit = 'mod(floor(N/pow(2\\,X-1))+floor(N/pow(2\\,X))\\,2)';
  const white = `if(eq(X\\,0)\\,0\\,if(eq(X\\,${BLOCKS - 1})\\,1\\,${bit}))`;
  // A dot for each block, drawn large afterwards: an expression is dear for every dot of a picture.
  const dots = `nullsrc=size=${BLOCKS}x2:rate=${rate}:duration=${seconds},geq=lum='16+219*${white}':cb=128:cr=128`;
  return ['-f', 'lavfi', '-i', `${dots},scale=${size.replace('x', ':')}:flags=neighbor,format=yuv420p`];
}

/** A tone that rises, so that every moment sounds unlike every other. `layout` is ffmpeg's, such as `mono` or `5.1`. */
export function risingTone(layout: string, sampleRate: number, seconds: number): string[] {
  const tone = `aevalsrc='0.4*sin(2*PI*t*(200+30*t))':s=${sampleRate}:d=${seconds}`;
  return ['-f', 'lavfi', '-i', `${tone},aformat=channel_layouts=mono,pan=${layout}|${everyChannel(layout)}`];
}

function everyChannel(layout: string): string {
  const count = { mono: 1, stereo: 2, '5.1': 6 }[layout] ?? 1;
  return Array.from({ length: count }, (_, index) => `c${index}=c0`).join('|');
}

/**
 * The numbers that each film's pictures carry, in the order in which they are shown; `upright` when they are taller than
 * wide. All in one process, since starting one costs more than reading a short film.
 */
export async function readNumbers(films: readonly string[], upright: boolean): Promise<number[][]> {
  const size = upright ? `1:${BLOCKS}` : `${BLOCKS}:1`;
  const all = await decoded(films, (index) => [
    ...['-map', `${index}:v:0`, '-vf', `scale=${size}:flags=area,format=gray`, '-f', 'rawvideo'],
  ]);
  return all.map((pixels) =>
    Array.from({ length: pixels.length / BLOCKS }, (_, at) =>
      readNumber(pixels.subarray(at * BLOCKS, (at + 1) * BLOCKS)),
    ),
  );
}

function readNumber(blocks: Uint8Array): number {
  const [first = 0, last = 0] = [blocks[0], blocks[BLOCKS - 1]];
  // A picture turned the other way round has its white end in front.
  const inOrder = first < last ? blocks : blocks.toReversed();
  const middle = (first + last) / 2;
  const gray = [...inOrder.slice(1, BLOCKS - 1)].map((level) => (level > middle ? 1 : 0));
  let value = 0;
  let above = 0;
  for (let bit = BITS - 1; bit >= 0; bit -= 1) {
    above ^= gray[bit] ?? 0;
    value += above * 2 ** bit;
  }
  return value;
}

/** Each film's sound as samples of one channel. */
export async function readSamples(films: readonly string[]): Promise<Int16Array[]> {
  const all = await decoded(films, (index) => ['-map', `${index}:a:0`, '-ac', '1', '-c:a', 'pcm_s16le', '-f', 's16le']);
  return all.map((bytes) => new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1));
}

/** What ffmpeg makes of each film by the options that `output` gives for its number. */
async function decoded(films: readonly string[], output: (index: number) => readonly string[]): Promise<Buffer[]> {
  const targets = films.map((film) => `${film}.raw`);
  try {
    await ffmpegTool(
      ...films.flatMap((film) => ['-i', film]),
      ...targets.flatMap((target, index) => ['-fps_mode', 'passthrough', ...output(index), target]),
    );
    return await Promise.all(targets.map((target) => readFile(target)));
  } finally {
    for (const target of targets) await rm(target, { force: true });
  }
}

/** Puts a rendition's init and segments into one file, as a player reads them. */
export async function joinRendition({ init, segments }: Rendition, file: string): Promise<string> {
  await writeFile(file, Buffer.concat([init, ...segments]));
  return file;
}

/** When the pictures of a source are to be shown, in seconds on the source's own clock. */
export interface Shown {
  /** Of each picture, in order. */
  readonly times: readonly number[];
  /** Of the first packet, whether or not it can be decoded. */
  readonly startSeconds: number;
}

export async function shownAt(file: string): Promise<Shown> {
  const entries = 'stream=start_time:frame=pts_time';
  const options = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', entries, '-of', 'json', file];
  const { stdout } = await run('ffprobe', options, { maxBuffer: 64 * 1024 * 1024 });
  const { frames, streams } = JSON.parse(stdout) as {
    frames: { pts_time: string }[];
    streams: { start_time: string }[];
  };
  const times = frames.map((frame) => Number(frame.pts_time)).sort((one, other) => one - other);
  return { times, startSeconds: Number(streams[0]?.start_time) };
}

/** Which of the pictures shown at `times` a film may show as its frame `index`: two where one is due just then. */
export function dueAt(times: readonly number[], zeroSeconds: number, rate: Rational, index: number): number[] {
  const frame = rate.den / rate.num;
  // A picture takes the frame it lies nearest to; a clock of milliseconds leaves which one that is in doubt.
  const doubt = 0.001;
  const latest = (moment: number) =>
    Math.max(
      0,
      times.findLastIndex((time) => time - zeroSeconds <= moment),
    );
  const moment = (index + 0.5) * frame;
  return [latest(moment - doubt), latest(moment + doubt)];
}
