import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { type Film, renditionNames, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { planLayout } from '../../src/transcode/plan.ts';
import { probeSource } from '../../src/transcode/probe.ts';
import { surveySource, writeStraightened } from '../../src/transcode/straighten.ts';
import { countedPicture, dueAt, joinRendition, readNumbers, readSamples, risingTone, shownAt } from './counted-clip.ts';
import { ffmpegTool, type Rendition, TranscodeScenario } from './transcode-scenario.ts';

/** The claim of the chunk engine, on pictures that carry their number: in whatever pieces a film is encoded, it is one film. */

const RUNGS = [36, 72].map((height) => ({ height, crf: 20, maxrateBps: 400_000 }));
const LADDER = {
  name: 'grid',
  codec: 'h264',
  preset: 'ultrafast',
  rungs: RUNGS,
  audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
};

// One test file is one process' worth of modules, and its films share a worker.
let clips: string;
let scenario: TranscodeScenario;

export async function openFilms(): Promise<void> {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-grid-'));
  const ladder = join(clips, 'grid.json');
  await writeFile(ladder, JSON.stringify(LADDER));
  // Each lane in order, in as few pieces as there may be; a chunk that fails has failed, since none is to be tried again.
  scenario = await TranscodeScenario.open({ ladder, chunkSegments: 32, chunkAttempts: 1 });
  await scenario.start();
}

export async function closeFilms(): Promise<void> {
  await scenario.close();
  await rm(clips, { recursive: true, force: true });
}

/** Tall enough for both rungs. */
export const TALL = '128x72';

/** How a film is made; what is left out is 25 frames a second of 64 by 36, which is one rung, in H.264, mute. */
export interface Shape {
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

export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-g', '50'];
interface Made {
  readonly file: string;
  /** What `file` is to be compared with. */
  readonly reference: string;
}

async function makeFilm(name: string, shape: Shape): Promise<Made> {
  const { rate = '25', size = '64x36', seconds = 9.3, sound = 'none' } = shape;
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
export async function expectOneFilm(name: string, shape: Shape, chance: () => number = Math.random): Promise<void> {
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
  const survey = await surveySource(file, abort);
  if (!survey.isStraight) await writeStraightened(file, straight, survey, abort);
  const payload = survey.isStraight
    ? planLayout(await probeSource(file, limits))
    : { ...planLayout(await probeSource(straight, limits)), straightened: true };
  const job = { subject: id, firstSegment, endSegment, payload, priority: 1_000 };
  const lanes = (kind: string, all: readonly { readonly name: string }[] = []) =>
    all.length === 0 ? [] : [{ ...job, kind, lanes: all.map(({ name }) => name) }];
  const encoded = film.video?.renditions.filter(({ copied }) => !copied);
  const jobs = [...lanes('video', encoded), ...lanes('audio', film.audio?.renditions)];
  await scenario.encodeAnew(id, jobs);
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
  const { times, startSeconds: zero } = await shownAt(file);
  const names = video.renditions.map(({ name }) => name);
  const made = await Promise.all(both.flatMap((lanes) => names.map((name) => joined(lanes, name))));
  const [sent = [], ...read] = await readNumbers([file, ...made], upright);
  expect(sent.length).toBe(times.length);
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
  let before = 0;
  for (let at = 0; at + 1_024 <= one.length; at += 1_024) {
    const [here, there] = [one.subarray(at, at + 1_024), other.subarray(at, at + 1_024)];
    const now = power(here, () => 0);
    // What a loud sound leaves behind where it breaks off is the encoder's noise, and is heard with that sound.
    const loud = Math.max(now, before);
    before = now;
    if (loud > 100) worst = Math.max(worst, power(here, (index) => there[index] ?? 0) / loud);
  }
  expect(worst, `the largest difference to ${range} on their own, beside how loud it is there`).toBeLessThan(0.3);
}

function power(samples: Int16Array, beside: (index: number) => number): number {
  const sum = samples.reduce((total, sample, index) => total + (sample - beside(index)) ** 2, 0);
  return Math.sqrt(sum / samples.length);
}

/** The film, to be turned by players; for `rework`. */
export async function turn(from: string, to: string): Promise<void> {
  await ffmpegTool('-display_rotation', '90', '-i', from, '-c', 'copy', to).catch(
    // Before ffmpeg 6 the turn is a tag of the output.
    () => ffmpegTool('-i', from, '-c', 'copy', '-metadata:s:v', 'rotate=90', to),
  );
}
