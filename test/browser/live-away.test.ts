import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { livePlaylistUri } from '../../src/kernel/live/paths.ts';
import type { LivePackager } from '../../src/live/packager/live-packager.ts';
import { launchBrowser } from '../harness/browser.ts';
import type { EdgeScenario } from '../harness/edge-scenario.ts';
import { LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { PackagedLive, STREAM } from '../harness/packaged-live.ts';

/** Players as they come from their makers, as they are set without a word from us. */
const require = createRequire(import.meta.url);
const HLS_JS = join(require.resolve('hls.js'), '../hls.js');
const SHAKA = join(require.resolve('shaka-player/package.json'), '../dist/shaka-player.compiled.js');

const LONG = { timeout: 60_000 };
/** More than two times as long as an origin holds what it is asked for. */
const AWAY_MS = 15_000;
/** Until an encoder has begun. */
const ENCODER_MS = 3_000;
const RENDITIONS = ['90p', '180p', 'audio'];

/** What the pages below lay open. */
interface Seen {
  /** Seconds since 1970 of the picture on the screen. */
  readonly date: number;
  readonly troubles: readonly string[];
  readonly fatal: readonly string[];
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

let origin: PackagedLive;
let edge: EdgeScenario;
let packager: LivePackager;
let source: LiveSource;
let sessions: number;
beforeEach(async () => {
  origin = await PackagedLive.start();
  edge = await origin.edge();
  packager = origin.packager(SOURCE_FORMAT);
  sessions = 0;
  comeBack();
});
afterEach(async () => {
  await source.stop();
  await edge.stop();
  await origin.stop();
});

/** A publisher who begins a session of the broadcast. */
function comeBack(): void {
  sessions += 1;
  packager.openSession({ number: sessions, beganAtMs: Date.now() }, RENDITIONS);
  source = new LiveSource({
    init: (rendition, bytes) => packager.takeInit(rendition, bytes),
    fragment: (rendition, fragment) => packager.takeFragment(rendition, fragment),
  });
}

async function goAway(): Promise<void> {
  await source.stop();
  packager.closeSession();
}

async function listedSegments(): Promise<number> {
  const { body } = await edge.get(`/live/${STREAM}/${livePlaylistUri(1, '180p')}`);
  return body.toString().match(/^#EXTINF/gm)?.length ?? 0;
}

async function open(player: string, begin: string): Promise<Page> {
  const page = await browser.newPage();
  // Chromium lets only a page from this machine talk to it.
  await page.goto(`${edge.url}/health`);
  await page.setContent('<video muted autoplay></video>');
  await page.addScriptTag({ path: player });
  await page.evaluate(`
    window.troubles = [];
    window.fatal = [];
    const video = document.querySelector('video');
    const url = '/live/${STREAM}/master.m3u8';
    ${begin}
  `);
  return page;
}

const seen = (page: Page) => page.evaluate('({ date: now(), troubles, fatal })') as Promise<Seen>;

const hlsJs = (config: string) => `
  const hls = new Hls(${config});
  window.now = () => (hls.playingDate?.getTime() ?? 0) / 1000;
  hls.on(Hls.Events.ERROR, (_, data) => (data.fatal ? fatal : troubles).push(data.details + ' ' + (data.response?.code ?? '')));
  hls.loadSource(url);
  hls.attachMedia(video);
`;

const shaka = (streaming: string) => `
  const player = new shaka.Player();
  player.configure({ streaming: ${streaming} });
  window.now = () => (player.getPlayheadTimeAsDate()?.getTime() ?? 0) / 1000;
  player.addEventListener('error', ({ detail }) => (detail.severity === 2 ? fatal : troubles).push('' + detail.code));
  player.attach(video).then(() => player.load(url));
`;

type Players = Readonly<Record<string, readonly [script: string, begin: string]>>;
const PLAYERS: Players = {
  'hls.js': [HLS_JS, hlsJs('{}')],
  'hls.js without low latency': [HLS_JS, hlsJs('{ lowLatencyMode: false }')],
  Shaka: [SHAKA, shaka('{}')],
};
const SHAKAS: Players = {
  Shaka: [SHAKA, shaka('{}')],
  'Shaka without low latency': [SHAKA, shaka('{ lowLatencyMode: false }')],
};

/** Players play on over a time without a publisher. Resolves to what each of them took for an end. */
async function playOver(
  players: Players,
  meanwhile: () => Promise<void>,
): Promise<Readonly<Record<string, readonly string[]>>> {
  await expect.poll(listedSegments, LONG).toBeGreaterThan(3);
  const watched = Object.entries(players).map(
    async ([name, [script, begin]]) => [name, await open(script, begin)] as const,
  );
  const pages = await Promise.all(watched);
  const allPlay = async (pastSeconds: number) => {
    for (const [message, page] of pages)
      await expect.poll(async () => (await seen(page)).date, { ...LONG, message }).toBeGreaterThan(pastSeconds);
  };
  await allPlay(Date.now() / 1000 - 10);
  await goAway();
  await meanwhile();
  const back = Date.now() / 1000;
  comeBack();
  await allPlay(back + 2);
  const ends = await Promise.all(pages.map(async ([name, page]) => [name, (await seen(page)).fatal] as const));
  await Promise.all(pages.map(([, page]) => page.close()));
  return Object.fromEntries(ends);
}

test('hls.js, with low latency and without, and Shaka go on by themselves when a publisher comes back after a while', async () => {
  expect(await playOver(PLAYERS, () => pause(AWAY_MS))).toEqual({
    'hls.js': [],
    'hls.js without low latency': [],
    Shaka: [],
  });
});

test('Shaka goes on over the numbers that are left out where a node fell silent', async () => {
  // It tells of errors on its way, of what went with that node; that it plays on is what counts.
  await playOver(SHAKAS, async () => {
    const deps = { ...origin.deps(), folder: join(origin.folder, 'elsewhere') };
    const inheritance = { shownUntilMs: Date.now() + AWAY_MS };
    packager = await origin.recovered(SOURCE_FORMAT, { deps, inheritance });
    sessions = packager.lastSession;
    await pause(ENCODER_MS);
  });
});
