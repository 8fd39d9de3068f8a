import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Settings } from '../../src/config/settings.ts';
import { runFfmpeg } from '../../src/ffmpeg/ffmpeg.ts';
import { type Film, segmentCount } from '../../src/kernel/film/film.ts';
import { audioCommand, videoCommand } from '../../src/transcode/commands.ts';
import { planLayout } from '../../src/transcode/plan.ts';
import { probeSource } from '../../src/transcode/probe.ts';
import type { SourceInfo } from '../../src/transcode/source.ts';
import { loopClip, placeClip } from '../harness/clip.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';
import { seconds, type Table } from './measure.ts';

const run = promisify(execFile);

const ABORT = new AbortController().signal;
const LIMITS = {
  niceness: 0,
  timeoutSeconds: 3_600,
  maxPixels: 1e9,
  memoryBytes: 8_589_934_592,
  fileBytes: 1e12,
  abort: ABORT,
};

/** Of a clip of half a minute: four minutes. */
const LOOPS = 8;

/**
 * What chunks cost beside one plain ffmpeg run with the very same options, and what a ladder by content saves. Real
 * footage is FRONTROW_BENCH_FILM, or the clip that the other measurements use.
 */
export async function benchLadder(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  try {
    const films = await makeFilms(folder);
    const [, real = ''] = films[0] ?? [];
    // Long enough for what a film's beginning costs more to weigh as little as it does in a film.
    const long = join(folder, 'long.mp4');
    await loopClip(real, long, LOOPS);
    return [
      await chunksBesideOneRun([`real footage, ${LOOPS} times`, long], folder),
      await ladderByContent(films, folder),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type NamedFilm = readonly [name: string, path: string];

async function makeFilms(folder: string): Promise<NamedFilm[]> {
  const given = process.env.FRONTROW_BENCH_FILM;
  const real = given ?? join(folder, 'real.mp4');
  if (given === undefined) await placeClip(real);
  const screen = join(folder, 'screen.mp4');
  const noise = join(folder, 'noise.mp4');
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12', '-pix_fmt', 'yuv420p'];
  const text = "drawgrid=w=80:h=40:c=gray,drawbox=x='mod(t*60,1200)':y=300:w=60:h=60:c=blue:t=fill";
  await ffmpegTool('-f', 'lavfi', '-i', `color=c=white:size=1280x720:rate=24:duration=20,${text}`, ...encode, screen);
  await ffmpegTool('-i', real, '-t', '20', '-an', '-vf', 'noise=alls=30:allf=t', ...encode, noise);
  return [
    ['real footage', real],
    ['a screen', screen],
    ['the footage with noise', noise],
  ];
}

interface Encoded {
  readonly film: Film;
  /** Of encoders and of this process, in seconds. */
  readonly encoderCpu: number;
  readonly ownCpu: number;
  readonly rungs: readonly MeasuredRung[];
}

interface MeasuredRung {
  readonly name: string;
  readonly bytes: number;
  readonly bitrateBps: number;
  readonly ssim: number;
}

async function encodeByWorker(source: string, folder: string, given: Partial<Settings>): Promise<Encoded> {
  const scenario = await TranscodeScenario.open(given);
  try {
    const before = cpuSeconds();
    await scenario.start();
    const asset = await scenario.ready(source);
    await scenario.idle(asset.id);
    const after = cpuSeconds();
    const { film } = asset;
    if (!film) throw new Error('not planned');
    const rungs: MeasuredRung[] = [];
    for (const { name } of film.video?.renditions ?? []) {
      const { init, segments } = await scenario.rendition(asset.id, name);
      const file = join(folder, 'joined.mp4');
      await writeFile(file, Buffer.concat([init, ...segments]));
      rungs.push(await measureRung(film, name, file, source));
    }
    return { film, encoderCpu: after.children - before.children, ownCpu: after.own - before.own, rungs };
  } finally {
    await scenario.close();
  }
}

async function measureRung(film: Film, name: string, file: string, source: string): Promise<MeasuredRung> {
  const { size } = await stat(file);
  return { name, bytes: size, bitrateBps: (8 * size) / film.durationSeconds, ssim: await ssimOf(film, file, source) };
}

/** Of the luma, at the rung's own size, over all frames. */
async function ssimOf(film: Film, file: string, source: string): Promise<number> {
  const { num, den } = film.video?.frameRate ?? { num: 25, den: 1 };
  const graph = [
    // Signed composition offsets make ffmpeg's demuxer show our files late: both count from their first picture.
    '[0:v:0]setpts=PTS-STARTPTS[own]',
    `[1:v:0]setpts=PTS-STARTPTS,fps=${num}/${den}[given]`,
    '[given][own]scale2ref=flags=bicubic[wanted][had]',
    '[had][wanted]ssim',
  ].join(';');
  const options = [
    '-hide_banner',
    '-nostdin',
    '-nostats',
    '-i',
    file,
    '-i',
    source,
    '-lavfi',
    graph,
    '-f',
    'null',
    '-',
  ];
  const { stderr } = await run('ffmpeg', options, { maxBuffer: 1e8 });
  return Number(/SSIM Y:([\d.]+)/.exec(stderr)?.[1]);
}

/** The whole film in one run with the options of the chunks: every rung and the sound. */
async function encodeAtOnce(film: Film, info: SourceInfo, source: string, folder: string): Promise<Encoded> {
  const layout = planLayout(info);
  const whole = { firstSegment: 0, endSegment: segmentCount(film) };
  const rungs = (film.video?.renditions ?? []).map((rendition) => ({
    rendition,
    target: join(folder, `plain-${rendition.name}.mp4`),
  }));
  const before = cpuSeconds();
  await runFfmpeg(videoCommand(film, layout, rungs, { ...whole, padded: false }, source), LIMITS);
  for (const rendition of film.audio?.renditions ?? []) {
    const target = join(folder, `plain-${rendition.name}.mp4`);
    await runFfmpeg(audioCommand(film, layout, rendition, { ...whole, silent: false }, source, target), LIMITS);
  }
  const after = cpuSeconds();
  const measured: MeasuredRung[] = [];
  for (const { rendition, target } of rungs) measured.push(await measureRung(film, rendition.name, target, source));
  return {
    film,
    encoderCpu: after.children - before.children,
    ownCpu: after.own - before.own,
    rungs: measured,
  };
}

async function chunksBesideOneRun([name, source]: NamedFilm, folder: string): Promise<Table> {
  process.stderr.write(`ladder: ${name}, chunks beside one run\n`);
  const info = await probeSource(source, { maxPixels: 1e9, maxSeconds: 1e6, abort: ABORT });
  const chunks = await encodeByWorker(source, folder, {});
  const once = await encodeAtOnce(chunks.film, info, source, folder);
  const cpu = chunks.encoderCpu + chunks.ownCpu;
  const rows = once.rungs.map((rung, at) => {
    const own = chunks.rungs[at];
    return [
      rung.name,
      ratio(own?.bytes ?? 0, rung.bytes),
      rung.ssim.toFixed(4),
      ((own?.ssim ?? 0) - rung.ssim).toFixed(4),
    ];
  });
  const title = [
    `The whole ladder of ${name} in chunks beside one run of ffmpeg with the same options:`,
    `CPU ${seconds(1_000 * cpu)} (encoders ${seconds(1_000 * chunks.encoderCpu)}) beside ${seconds(1_000 * once.encoderCpu)},`,
    `ratio ${ratio(cpu, once.encoderCpu)}, of the encoders alone ${ratio(chunks.encoderCpu, once.encoderCpu)}`,
  ].join(' ');
  return { title, head: ['rung', 'size, chunks / one run', 'SSIM of one run', 'SSIM of chunks, difference'], rows };
}

async function ladderByContent(films: readonly NamedFilm[], folder: string): Promise<Table> {
  const rows: string[][] = [];
  for (const [name, source] of films) {
    process.stderr.write(`ladder: ${name}, by content\n`);
    const before = await encodeByWorker(source, folder, {});
    const after = await encodeByWorker(source, folder, { ladderByContent: true });
    for (const rung of before.rungs) {
      const fitted = after.rungs.find((each) => each.name === rung.name);
      rows.push([
        name,
        rung.name,
        kilobits(rung.bitrateBps),
        fitted ? kilobits(fitted.bitrateBps) : 'left out',
        rung.ssim.toFixed(4),
        fitted ? fitted.ssim.toFixed(4) : '',
      ]);
    }
    const cpu = (of: Encoded) => seconds(1_000 * (of.encoderCpu + of.ownCpu));
    const total = (of: Encoded) => kilobits(of.rungs.reduce((sum, { bitrateBps }) => sum + bitrateBps, 0));
    rows.push([name, `all, CPU ${cpu(before)} and ${cpu(after)}`, total(before), total(after), '', '']);
  }
  const head = ['film', 'rung', 'kbit/s by the ladder', 'by content', 'SSIM by the ladder', 'by content'];
  return { title: 'A ladder by content (FRONTROW_LADDER_BY_CONTENT)', head, rows };
}

/** Seconds of processor time of this process and of its children that have ended (proc(5), fields 14 to 17). Linux only. */
function cpuSeconds(): { own: number; children: number } {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 15)
    .map((ticks) => Number(ticks) / 100);
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields;
  return { own: user + system, children: childUser + childSystem };
}

function ratio(one: number, other: number): string {
  return (one / other).toFixed(3);
}

function kilobits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1_000).toFixed(0);
}
