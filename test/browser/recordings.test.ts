import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { besideServer } from '../harness/broadcast-rows.ts';
import { launchBrowser } from '../harness/browser.ts';
import { freshFolder } from '../harness/folder.ts';
import { placeRecorded } from '../harness/recorded-broadcast.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';

/** Recordings of two sessions, and clips over their seam, in players as they come from their makers. */
const require = createRequire(import.meta.url);
const SHAKA = join(require.resolve('shaka-player/package.json'), '../dist/shaka-player.dash.js');
const HLS_JS = join(require.resolve('hls.js'), '../hls.js');

let folder: string;
let server: TestServer;
let browser: Browser;
let beside: Awaited<ReturnType<typeof besideServer>>;
let whole: AssetBody;
let clip: AssetBody;

beforeAll(async () => {
  folder = await freshFolder();
  server = await TestServer.start({ folder });
  beside = await besideServer(folder);
  browser = await launchBrowser();
  const placed = await placeRecorded(beside, [
    { seconds: 6, beganAtMs: 1_000_000_000_000 },
    { seconds: 6, beganAtMs: 1_000_000_030_000 },
  ]);
  await beside.recordings.finish(placed);
  whole = await server.until(placed.recordingId, ({ status }) => status === 'ready');
  const answer = await server.api('POST', `/v1/assets/${whole.assetId}/clips`, { inSeconds: 4.5, outSeconds: 9 });
  clip = (await answer.json()) as AssetBody;
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await beside?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function pageWith(player: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${server.run.edge}/health`);
  await page.setContent('<video muted>');
  await page.addScriptTag({ path: player });
  return page;
}

/** What the pages work with. */
interface Window {
  readonly Hls: { new (): Hls };
  readonly shaka: { readonly Player: { new (): ShakaPlayer } };
  readonly document: { querySelector(selector: string): Video };
}

interface Video {
  currentTime: number;
  readonly duration: number;
  readonly ended: boolean;
  play(): Promise<void>;
}

interface Hls {
  loadSource(url: string): void;
  attachMedia(video: Video): void;
  on(event: string, then: (event: string, data: { details?: string; fatal?: boolean }) => void): void;
}

interface ShakaPlayer {
  attach(video: Video): Promise<void>;
  load(url: string): Promise<void>;
  addEventListener(type: 'error', then: (event: { detail: { code: number } }) => void): void;
}

/** In the page: plays to the end, and where it began. */
async function play({ url, isDash }: { url: string; isDash: boolean }) {
  const { Hls, shaka, document } = globalThis as unknown as Window;
  const video = document.querySelector('video');
  const errors: (string | number)[] = [];
  if (isDash) {
    const player = new shaka.Player();
    player.addEventListener('error', ({ detail }) => void errors.push(detail.code));
    await player.attach(video);
    await player.load(url);
  } else {
    const hls = new Hls();
    hls.on('hlsError', (_event, { details, fatal }) => void (fatal && errors.push(details ?? '')));
    hls.attachMedia(video);
    hls.loadSource(url);
  }
  await video.play();
  const beganAt = video.currentTime;
  while (errors.length === 0 && !video.ended) await new Promise((next) => setTimeout(next, 50));
  return { errors, beganAt: Math.floor(beganAt * 10) / 10, seconds: Math.round(video.duration) };
}

test.each([
  ['hls.js', HLS_JS, false],
  ['shaka', SHAKA, true],
])('%s plays a recording over its seam to the end', async (_, player, isDash) => {
  const page = await pageWith(player);
  const url = isDash ? (whole.dashUrl ?? '') : whole.playbackUrl;
  expect(await page.evaluate(play, { url, isDash })).toEqual({ errors: [], beganAt: 0, seconds: 12 });
  await page.close();
});

test.each([
  ['hls.js', HLS_JS, false, 0.5],
  ['shaka', SHAKA, true, 0],
])(
  '%s plays a clip over the seam, from where it was asked to begin where the format can say so',
  async (_, player, isDash, from) => {
    const page = await pageWith(player);
    const url = isDash ? (clip.dashUrl ?? '') : clip.playbackUrl;
    expect(await page.evaluate(play, { url, isDash })).toEqual({ errors: [], beganAt: from, seconds: 6 });
    await page.close();
  },
);
