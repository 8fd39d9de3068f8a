import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { type Film, renditionNames, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { planLayout } from '../../src/transcode/plan.ts';
import { probeSource } from '../../src/transcode/probe.ts';
import { writeStraightened } from '../../src/transcode/straighten.ts';
import {
  countedPicture,
  dueAt,
  joinRendition,
  readNumbers,
  readSamples,
  risingTone,
  shownAt,
  startsAt,
} from '../harness/counted-clip.ts';
import { joinParts, type Part } from '../harness/joined-clip.ts';
import { ffmpegTool, type Rendition, TranscodeScenario } from '../harness/transcode-scenario.ts';

/** The claim of the chunk engine, on pictures that carry their number: in whatever pieces a film is encoded, it is one film. */

const RUNGS = [36, 72].map((height) => ({ height, crf: 20, maxrateBps: 400_000 }));
const LADDER = {
  name: 'grid',
  codec: 'h264',
  preset: 'ultrafast',
  rungs: RUNGS,
  audio: { codec: 'aac', bitrateBps: 96_000, sampleRate: 48_000, channels: 2 },
};

let clips: string;
let scenario: TranscodeScenario;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-grid-'));
  const ladder = join(clips, 'grid.json');
  await writeFile(ladder, JSON.stringify(LADDER));
  // Each lane in order, in as few pieces as there may be; a chunk that fails has failed, since none is to be tried again.
  scenario = await TranscodeScenario.open({ ladder, chunkSegments: 32, chunkAttempts: 1 });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(clips, { recursive: true, force: true });
});

/** How a film is made; what is left out is 25 frames a second of 128 by 72 in H.264, mute. */
interface Shape {
  readonly rate?: string;
  readonly size?: string;
  readonly seconds?: number;
  /** Which of the counted pictures are kept, as an expression of ffmpeg's `select`. */
  readonly keeps?: string;
  /** Filters after the count, such as `setsar=4/3`. */
  readonly filters?: readonly string[];
  readonly video?: readonly string[];
  readonly sound?: { readonly layout: string; readonly rate: number; readonly codec?: string } | 'none';
  /** Options of the container. */
  readonly output?: readonly string[];
  readonly container?: string;
  /** Rewrites the finished file. */
  readonly rework?: (from: string, to: string) => Promise<void>;
  /** The film that was rewritten shows what the one it was made of does, at the same moments. */
  readonly showsMade?: boolean;
  /** The container of the film that is rewritten, where it is another one. */
  readonly madeAs?: string;
  readonly upright?: boolean;
  /** The segments to encode on their own, where not any will do. */
  readonly range?: readonly [first: number, end: number];
}

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-g', '50'];
const HEVC_10 = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p10le',
  '-x265-params',
  'log-level=none',
];
const HDR = (transfer: string) => [
  ...['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc', '-color_range', 'tv'],
];

interface Made {
  readonly file: string;
  /** What `file` is to be compared with. */
  readonly reference: string;
}

async function makeFilm(name: string, shape: Shape): Promise<Made> {
  const { rate = '25', size = '128x72', seconds = 9.3, sound = 'none' } = shape;
  const { container = 'mp4', video = H264, output = [] } = shape;
  const filters = [...(shape.keeps ? [`select='${shape.keeps}'`] : []), ...(shape.filters ?? [])];
  const file = join(clips, `${name}.${container}`);
  const made = shape.rework ? join(clips, `${name}-made.${shape.madeAs ?? container}`) : file;
  await ffmpegTool(
    ...countedPicture(size, rate, seconds),
    ...(sound === 'none' ? [] : risingTone(sound.layout, sound.rate, seconds)),
    ...(filters.length > 0 ? ['-vf', filters.join(',')] : []),
    ...['-fps_mode', shape.keeps ? 'vfr' : 'passthrough', '-pix_fmt', 'yuv420p', ...video],
    ...(sound === 'none' ? [] : ['-c:a', sound.codec ?? 'aac']),
    ...output,
    made,
  );
  if (shape.rework) await shape.rework(made, file);
  return { file, reference: shape.showsMade ? made : file };
}

/** What an encode in order makes of a film, then again with a chunk of it encoded on its own. */
async function expectOneFilm(name: string, shape: Shape, chance: () => number = Math.random): Promise<void> {
  const { file, reference } = await makeFilm(name, shape);
  const asset = await scenario.ready(file);
  const film = filmOf(asset);
  const inOrder = await lanesOf(asset.id, film);
  expectOnGrid(film, inOrder);
  const range = await encodeChunk(asset.id, file, shape.range ?? anyRange(film, chance), film);
  const withChunk = await lanesOf(asset.id, film);
  expectOnGrid(film, withChunk);
  expectSameFrames(inOrder, withChunk);
  await expectRightPictures(film, [inOrder, withChunk], reference, shape.upright ?? false, range);
  if (film.audio) await expectSameSound([inOrder, withChunk], range);
}

function filmOf({ film }: Asset): Film {
  if (!film) throw new Error('not planned');
  return film;
}

type Lanes = ReadonlyMap<string, Rendition>;

async function lanesOf(id: string, film: Film): Promise<Lanes> {
  const names = renditionNames(film);
  return new Map(await Promise.all(names.map(async (name) => [name, await scenario.rendition(id, name)] as const)));
}

/**
 * Encodes one chunk anew that begins and ends anywhere, every rung of it in one go, in place of what an encode in order
 * made: the publisher refuses it unless its init is the same, byte for byte.
 */
async function encodeChunk(
  id: string,
  file: string,
  [firstSegment, endSegment]: readonly [number, number],
  film: Film,
): Promise<string> {
  const { signal: abort } = new AbortController();
  const limits = { maxPixels: 1e6, maxSeconds: 1e6, abort };
  const straight = `${file}.straight`;
  const payload = (await writeStraightened(file, straight, abort))
    ? { ...planLayout(await probeSource(straight, limits)), straightened: true }
    : planLayout(await probeSource(file, limits));
  const job = { subject: id, firstSegment, endSegment, payload, priority: 1_000 };
  const lanes = (kind: string, all: readonly { readonly name: string }[] = []) =>
    all.length === 0 ? [] : [{ ...job, kind, lanes: all.map(({ name }) => name) }];
  const encoded = film.video?.renditions.filter(({ copied }) => !copied);
  const jobs = [...lanes('video', encoded), ...lanes('audio', film.audio?.renditions)];
  await scenario.queue.add(jobs);
  await scenario.idle(id);
  const asset = await scenario.assets.find(id);
  if (asset?.status !== 'ready') throw new Error(`segments ${firstSegment} to ${endSegment}: ${asset?.error?.says}`);
  return `segments ${firstSegment} to ${endSegment}`;
}

function anyRange(film: Film, chance: () => number): [number, number] {
  const count = segmentCount(film);
  const first = Math.floor(chance() * count);
  return [first, first + 1 + Math.floor(chance() * (count - first))];
}

/** Every rung on the plan's grid: no gap, no overlap, and each segment opens on a sync sample. */
function expectOnGrid(film: Film, lanes: Lanes): void {
  for (const [name, { facts, initFacts }] of lanes) {
    const grid = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, name, index));
    const planned = grid.map((timing) => [timing?.startTicks, timing?.durationTicks, true]);
    expect(
      facts.map(({ startTicks, durationTicks, startsWithSync }) => [startTicks, durationTicks, startsWithSync]),
      name,
    ).toEqual(planned);
    expect(initFacts?.timescale).toBe(grid[0]?.timescale);
  }
}

function expectSameFrames(one: Lanes, other: Lanes): void {
  for (const [name, { init, facts }] of one) {
    const again = other.get(name);
    expect(again?.init.equals(init), `${name}: the same init`).toBe(true);
    expect(again?.facts.map(({ sampleCount }) => sampleCount)).toEqual(facts.map(({ sampleCount }) => sampleCount));
  }
}

async function expectRightPictures(film: Film, both: readonly Lanes[], file: string, upright: boolean, range: string) {
  const { video } = film;
  if (!video) return;
  const times = await shownAt(file);
  const names = video.renditions.map(({ name }) => name);
  const made = await Promise.all(both.flatMap((lanes) => names.map((name) => joined(lanes, name))));
  const [sent = [], ...read] = await readNumbers([file, ...made], upright);
  expect(sent.length).toBe(times.length);
  const zero = await startsAt(file);
  for (const [index, name] of names.entries()) {
    const one = read[index] ?? [];
    expect(one.length, `${name}: every planned frame`).toBe(video.frameCount);
    expect(read[index + names.length], `${name}: the same pictures with ${range} on their own`).toEqual(one);
    const wrong = one.flatMap((number, frame) => {
      const due = dueAt(times, zero, video.frameRate, frame).map((at) => sent[at]);
      return due.includes(number) ? [] : [`frame ${frame} is ${number}, due is ${due.join(' or ')}`];
    });
    expect(wrong.slice(0, 5), name).toEqual([]);
  }
  // As long as what was sent, to a frame.
  const shown = (times.at(-1) ?? 0) - zero;
  const seconds = ((video.frameCount - 1) * video.frameRate.den) / video.frameRate.num;
  expect(Math.abs(seconds - shown)).toBeLessThan((1.5 * video.frameRate.den) / video.frameRate.num);
}

let joins = 0;

function joined(lanes: Lanes, name: string): Promise<string> {
  const rendition = lanes.get(name);
  if (!rendition) throw new Error(`no ${name}`);
  joins += 1;
  return joinRendition(rendition, join(clips, `joined-${joins}.mp4`));
}

/** A piece that slipped by one AAC frame would differ from the other by as much as it is loud. */
async function expectSameSound(both: readonly Lanes[], range: string): Promise<void> {
  const films = await Promise.all(both.map((lanes) => joined(lanes, 'audio')));
  const [one = new Int16Array(), other = new Int16Array()] = await readSamples(films);
  expect(other.length).toBe(one.length);
  let worst = 0;
  for (let at = 0; at + 1_024 <= one.length; at += 1_024) {
    const [here, there] = [one.subarray(at, at + 1_024), other.subarray(at, at + 1_024)];
    const loud = power(here, () => 0);
    if (loud > 100) worst = Math.max(worst, power(here, (index) => there[index] ?? 0) / loud);
  }
  expect(worst, `the largest difference to ${range} on their own, beside how loud it is there`).toBeLessThan(0.3);
}

function power(samples: Int16Array, beside: (index: number) => number): number {
  const sum = samples.reduce((total, sample, index) => total + (sample - beside(index)) ** 2, 0);
  return Math.sqrt(sum / samples.length);
}

describe('a chunk encoded on its own is what an encode in order makes of it, picture by picture', () => {
  const shapes: Readonly<Record<string, Shape>> = {
    '23.976 frames a second': { rate: '24000/1001' },
    '24 frames a second': { rate: '24', sound: { layout: 'stereo', rate: 48_000 } },
    '25 frames a second': { rate: '25' },
    '29.97 frames a second': { rate: '30000/1001', sound: { layout: 'stereo', rate: 44_100 } },
    '30 frames a second': { rate: '30' },
    '50 frames a second': { rate: '50' },
    '59.94 frames a second': { rate: '60000/1001' },
    '60 frames a second': { rate: '60' },
    '12.5 frames a second, which is no rate of the grid': { rate: '25/2' },
    'a variable rate, in milliseconds': { rate: '30', keeps: 'not(between(mod(n,7),3,4))', container: 'mkv' },
    'a variable rate with a still of two seconds': { rate: '60', keeps: 'not(between(t,3,5))*gt(mod(n,5),1)' },
    'B-frames that refer to B-frames': {
      video: [...H264, '-bf', '4', '-b_strategy', '0', '-x264-params', 'b-pyramid=normal'],
    },
    'open groups of pictures': {
      video: [...H264, '-bf', '3', '-b_strategy', '0', '-g', '40', '-x264-params', 'open-gop=1'],
    },
    'open groups of pictures in a transport stream': {
      video: [...H264, '-bf', '3', '-b_strategy', '0', '-g', '40', '-x264-params', 'open-gop=1'],
      container: 'ts',
    },
    'one key frame in the whole film': { video: [...H264, '-g', '9999'] },
    'one key frame in a whole transport stream': {
      video: [...H264, '-g', '9999'],
      container: 'ts',
      seconds: 21,
      range: [4, 6],
    },
    'oblong pixels': { filters: ['setsar=16/11'] },
    interlaced: { video: [...H264, '-flags', '+ildct+ilme', '-x264-params', 'tff=1'] },
    'interlaced MPEG-2': {
      video: ['-c:v', 'mpeg2video', '-q:v', '2', '-flags', '+ildct+ilme', '-top', '1'],
      container: 'ts',
    },
    'ten bits': { video: [...H264, '-pix_fmt', 'yuv420p10le'] },
    'HDR by PQ': { video: [...HEVC_10, ...HDR('smpte2084')] },
    'HDR by HLG': { video: [...HEVC_10, ...HDR('arib-std-b67')] },
    'odd sizes': { size: '143x81', video: ['-c:v', 'ffv1', '-pix_fmt', 'yuv444p'], container: 'mkv' },
    mono: { sound: { layout: 'mono', rate: 44_100 } },
    '5.1': { sound: { layout: '5.1', rate: 48_000, codec: 'ac3' }, container: 'mkv' },
    'timestamps that start late, in Matroska': { output: ['-output_ts_offset', '100.5'], container: 'mkv' },
    'timestamps that start late, in a transport stream': { output: ['-output_ts_offset', '4000'], container: 'ts' },
    'timestamps that start late, in MP4': { output: ['-output_ts_offset', '7.3'] },
    'a transport stream whose clock wraps around': {
      output: ['-output_ts_offset', '95438', '-muxdelay', '0'],
      container: 'ts',
    },
    'no key frame at its start': {
      video: [...H264, '-g', '30'],
      container: 'ts',
      rework: (from, to) => ffmpegTool('-i', from, '-c', 'copy', '-bsf:v', "noise=drop='lt(n,17)'", to),
    },
    'two transport streams joined, of which the second begins its clock anew': {
      sound: { layout: 'stereo', rate: 48_000 },
      rework: (from, to) => joinParts(from, to, [part(0, 0), part(4, 0)]),
      showsMade: true,
      container: 'ts',
    },
    'a clock that jumps ahead by ten minutes, and back again': {
      rate: '30000/1001',
      seconds: 13.1,
      video: [...H264, '-bf', '2', '-b_strategy', '0', '-g', '60'],
      rework: (from, to) => joinParts(from, to, [part(0, 30), part(4.004, 640), part(8.008, 3)]),
      showsMade: true,
      container: 'ts',
    },
    'a clock that jumps from right before its wrap to an hour': {
      rate: '24000/1001',
      sound: { layout: 'stereo', rate: 44_100 },
      rework: (from, to) => joinParts(from, to, [part(0, 2 ** 33 / 90_000 - 3), part(4.171, 3_600)]),
      showsMade: true,
      container: 'ts',
    },
    'two MPEG-2 program streams joined': {
      // Packs hold two thousand bytes: pictures smaller than that would share one, and its time.
      filters: ['scale=320:180:flags=neighbor,noise=alls=12:allf=t'],
      video: ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '25'],
      sound: { layout: 'stereo', rate: 48_000, codec: 'mp2' },
      rework: (from, to) => joinParts(from, to, [part(0, 0), part(5, 0)]),
      showsMade: true,
      madeAs: 'mp4',
      container: 'vob',
    },
    'turned on its side': { upright: true, rework: turn },
  };
  test.each(Object.entries(shapes))('%s', (name, shape) => expectOneFilm(fileName(name), shape));
});

function part(fromSeconds: number, clockSeconds: number): Part {
  return { fromSeconds, clockSeconds };
}

async function turn(from: string, to: string): Promise<void> {
  await ffmpegTool('-display_rotation', '90', '-i', from, '-c', 'copy', to).catch(
    // Before ffmpeg 6 the turn is a tag of the output.
    () => ffmpegTool('-i', from, '-c', 'copy', '-metadata:s:v', 'rotate=90', to),
  );
}

function fileName(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
}
