import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loopClip, placeClip } from '../harness/clip.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { median, seconds, type Table, worst } from './measure.ts';

const run = promisify(execFile);

interface FilmTimes {
  readonly playableMs: number;
  readonly firstSegmentMs: number;
  readonly seekMs: number;
  /** Undefined in rounds that were ended once the film played. */
  readonly readyMs: number | undefined;
}

interface Film {
  readonly name: string;
  readonly path: string;
  /** Rounds that go on until everything is encoded; the others end once the film plays. */
  readonly wholeRounds: number;
}

const ROUNDS = 5;

/** From the last byte of an upload to playable, to the first segment through the edge, and to ready. */
export async function benchFilm(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  try {
    const films = await makeFilms(folder);
    const rows: string[][] = [];
    for (const film of films) rows.push(await benchOne(film, folder));
    const head = ['film', 'playable', 'first segment', 'segment at 90 %', 'ready', 'plain ffmpeg', 'ready / ffmpeg'];
    return [{ title: 'From the last byte of the upload (median, worst in brackets)', head, rows }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeFilms(folder: string): Promise<Film[]> {
  const short = join(folder, 'short.mp4');
  const long = join(folder, 'long.mp4');
  await placeClip(short);
  await loopClip(short, long, 20);
  return [
    { name: '30 s, 854x480', path: short, wholeRounds: 5 },
    { name: '10 min, 854x480', path: long, wholeRounds: 1 },
  ];
}

async function benchOne(film: Film, folder: string): Promise<string[]> {
  const bytes = new Uint8Array(await readFile(film.path));
  const times: FilmTimes[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    process.stderr.write(`film: ${film.name}, round ${round + 1} of ${ROUNDS}\n`);
    times.push(await measureRound(bytes, round < film.wholeRounds));
  }
  const plainMs = await plainFfmpeg(film.path, join(folder, 'plain'));
  const cell = (pick: (each: FilmTimes) => number) =>
    `${seconds(median(times.map(pick)))} (${seconds(worst(times.map(pick)))})`;
  const whole = times.flatMap(({ readyMs }) => (readyMs === undefined ? [] : [readyMs]));
  const readyMs = median(whole);
  return [
    film.name,
    cell((each) => each.playableMs),
    cell((each) => each.firstSegmentMs),
    cell((each) => each.seekMs),
    `${seconds(readyMs)} (${seconds(worst(whole))})`,
    seconds(plainMs),
    (readyMs / plainMs).toFixed(2),
  ];
}

async function measureRound(bytes: Uint8Array<ArrayBuffer>, toTheEnd: boolean): Promise<FilmTimes> {
  const server = await TestServer.start();
  try {
    const uploaded = await server.upload(bytes, 'film.mp4');
    const startedAt = performance.now();
    const since = () => performance.now() - startedAt;
    const playable = server.until(uploaded.assetId, isPlayable).then(since);
    const firstSegment = fetchSegment(uploaded.playbackUrl, 0).then(since);
    const seek = fetchSegment(uploaded.playbackUrl, 0.9).then(since);
    const [playableMs, firstSegmentMs, seekMs] = await Promise.all([playable, firstSegment, seek]);
    if (toTheEnd) await server.until(uploaded.assetId, ({ status }) => status === 'ready');
    return { playableMs, firstSegmentMs, seekMs, readyMs: toTheEnd ? since() : undefined };
  } finally {
    await server.stop();
  }
}

function isPlayable({ status }: AssetBody): boolean {
  return status === 'playable' || status === 'ready';
}

/** As a player does: multivariant playlist, lowest rung, the segment at a share of the film. */
async function fetchSegment(masterUrl: string, share: number): Promise<void> {
  const master = await get(masterUrl);
  const playlistUrl = new URL(uris(master)[0] ?? '', masterUrl);
  const segments = uris(await get(playlistUrl.href));
  const segment = segments[Math.floor(segments.length * share)] ?? '';
  await get(new URL(segment, playlistUrl).href);
}

/** Asks until there is an answer: held requests come back with 503 when the hold limit is over. */
async function get(url: string): Promise<string> {
  for (;;) {
    const response = await fetch(url);
    const body = await response.text();
    if (response.ok) return body;
    if (response.status !== 503) throw new Error(`${url}: ${response.status}`);
  }
}

function uris(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** The same ladder by one ffmpeg over the whole file. */
async function plainFfmpeg(path: string, out: string): Promise<number> {
  const ladder = JSON.parse(await readFile(new URL('../../media/ladders/h264.json', import.meta.url), 'utf8')) as {
    preset: string;
    rungs: { height: number; crf: number; maxrateBps: number }[];
  };
  const rungs = ladder.rungs.filter((rung) => rung.height <= 480);
  const splits = rungs.map((_, at) => `[s${at}]`).join('');
  const scales = rungs.map((rung, at) => `[s${at}]scale=-2:${rung.height}[v${at}]`);
  const graph = [`[0:v]split=${rungs.length}${splits}`, ...scales].join(';');
  const outputs = rungs.flatMap((rung, at) => [
    ...['-map', `[v${at}]`, '-c:v', 'libx264', '-preset', ladder.preset, '-crf', `${rung.crf}`],
    ...['-maxrate', `${rung.maxrateBps}`, '-bufsize', `${2 * rung.maxrateBps}`, '-g', '96', `${out}-${at}.mp4`],
  ]);
  const audio = ['-map', '0:a', '-c:a', 'aac', '-b:a', '128k', `${out}-audio.mp4`];
  const startedAt = performance.now();
  await run('ffmpeg', ['-v', 'error', '-y', '-i', path, '-filter_complex', graph, ...outputs, ...audio]);
  return performance.now() - startedAt;
}
