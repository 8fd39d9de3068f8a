import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { COPIED } from '../../src/transcode/plan-copy.ts';
import { launchBrowser } from '../harness/browser.ts';
import { loopClip, placeClip } from '../harness/clip.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { median, seconds, type Table, worst } from './measure.ts';
import { Viewer } from './viewer.ts';

const run = promisify(execFile);

interface FilmTimes {
  readonly playableMs: number;
  readonly firstSegmentMs: number;
  readonly firstPictureMs: number;
  readonly seekMs: number;
  /** Undefined in rounds that were ended once the film played. */
  readonly readyMs: number | undefined;
}

interface Film {
  readonly name: string;
  readonly path: string;
  /** Rounds that go on until everything is encoded; the others end once the film plays. */
  readonly wholeRounds: number;
  /** Its own packets are to be one of the renditions. */
  readonly copied: boolean;
}

const ROUNDS = 5;

/** From the last byte of an upload to playable, to the first picture in a browser, to a seek's picture, and to ready. */
export async function benchFilm(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const browser = await launchBrowser();
  try {
    const films = await makeFilms(folder);
    const rows: string[][] = [];
    for (const film of films) rows.push(await benchOne(film, folder, browser));
    const head = [
      ...['film', 'playable', 'first segment', 'first picture', 'picture after a seek to 90 %', 'ready'],
      ...['plain ffmpeg', 'ready / ffmpeg'],
    ];
    return [{ title: 'From the last byte of the upload (median, worst in brackets)', head, rows }];
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The clip as it is, whose key frames stand where they like, and one whose packets become a rendition as they are. */
async function makeFilms(folder: string): Promise<Film[]> {
  const film = (name: string, wholeRounds: number, copied = false): Film => ({
    name,
    path: join(folder, `${name}.mp4`),
    wholeRounds,
    copied,
  });
  const short = film('30 s', ROUNDS);
  const medium = film('10 min', 1);
  const long = film('2 h', 0);
  const regular = film('30 s, key frames every 2 s', 0, true);
  const regularLong = film('2 h, key frames every 2 s', 0, true);
  await placeClip(short.path);
  await loopClip(short.path, medium.path, 20);
  await loopClip(short.path, long.path, 240);
  const keyFrames = ['-g', '48', '-keyint_min', '48', '-sc_threshold', '0', '-flags', '+cgop', '-c:a', 'copy'];
  await run('ffmpeg', ['-v', 'error', '-y', '-i', short.path, '-c:v', 'libx264', ...keyFrames, regular.path]);
  await loopClip(regular.path, regularLong.path, 240);
  return [short, medium, long, regular, regularLong];
}

async function benchOne(film: Film, folder: string, browser: Browser): Promise<string[]> {
  const times: FilmTimes[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    process.stderr.write(`film: ${film.name}, round ${round + 1} of ${ROUNDS}\n`);
    times.push(await measureRound(film, round < film.wholeRounds, browser));
  }
  const plainMs = film.wholeRounds > 0 ? await plainFfmpeg(film.path, join(folder, 'plain')) : Number.NaN;
  const cell = (pick: (each: FilmTimes) => number) =>
    `${seconds(median(times.map(pick)))} (${seconds(worst(times.map(pick)))})`;
  const whole = times.flatMap(({ readyMs }) => (readyMs === undefined ? [] : [readyMs]));
  const end =
    whole.length === 0
      ? ['-', '-', '-']
      : [
          `${seconds(median(whole))} (${seconds(worst(whole))})`,
          seconds(plainMs),
          (median(whole) / plainMs).toFixed(2),
        ];
  return [
    film.name,
    cell((each) => each.playableMs),
    cell((each) => each.firstSegmentMs),
    cell((each) => each.firstPictureMs),
    cell((each) => each.seekMs),
    ...end,
  ];
}

/** Two fresh servers: what the first viewer waits for must not have been made for the one who seeks, or the reverse. */
async function measureRound({ path, copied }: Film, toTheEnd: boolean, browser: Browser): Promise<FilmTimes> {
  const start = await withUpload(path, browser, async ({ server, uploaded, viewer, since }) => {
    const playable = server.until(uploaded.assetId, isPlayable).then(since);
    const firstSegment = fetchFirstSegment(uploaded.playbackUrl).then(since);
    const firstPicture = viewer.play(uploaded.playbackUrl).then(since);
    const [playableMs, firstSegmentMs, firstPictureMs] = await Promise.all([playable, firstSegment, firstPicture]);
    await viewer.close();
    const { renditions = [] } = await server.until(uploaded.assetId, isPlayable);
    if (renditions.some(({ name }) => name === COPIED) !== copied)
      throw new Error(`${path}: not the renditions it is for`);
    if (toTheEnd) await server.until(uploaded.assetId, ({ status }) => status === 'ready');
    return { playableMs, firstSegmentMs, firstPictureMs, readyMs: toTheEnd ? since() : undefined };
  });
  const seekMs = await withUpload(path, browser, ({ uploaded, viewer, since }) =>
    viewer.playFrom(uploaded.playbackUrl, 0.9).then(since),
  );
  return { ...start, seekMs };
}

interface Uploaded {
  readonly server: TestServer;
  readonly uploaded: AssetBody;
  readonly viewer: Viewer;
  /** Milliseconds since the upload's answer. */
  readonly since: () => number;
}

async function withUpload<T>(path: string, browser: Browser, measure: (round: Uploaded) => Promise<T>): Promise<T> {
  const server = await TestServer.start();
  try {
    const viewer = await Viewer.open(browser, server.run.control);
    const uploaded = await server.uploadFile(path, 'film.mp4');
    const startedAt = performance.now();
    return await measure({ server, uploaded, viewer, since: () => performance.now() - startedAt });
  } finally {
    await server.stop();
  }
}

function isPlayable({ status }: AssetBody): boolean {
  return status === 'playable' || status === 'ready';
}

/** As a player does: multivariant playlist, lowest rung, first segment. */
async function fetchFirstSegment(masterUrl: string): Promise<void> {
  const master = await get(masterUrl);
  const playlistUrl = new URL(uris(master)[0] ?? '', masterUrl);
  const [segment = ''] = uris(await get(playlistUrl.href));
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
