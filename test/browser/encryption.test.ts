import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';

/** An encrypted film of a signed asset, in hls.js as it comes, on a page that is not ours, through the edge. */
const HLS_JS = join(createRequire(import.meta.url).resolve('hls.js'), '../hls.js');

/** Leads here, and is no secure context to a browser: there it gives scripts no cryptography. */
const PLAIN_HOST = 'films.test';

let server: TestServer;
let browser: Browser;
let folder: string;
let assetId: string;
let grant: { readonly url: string; readonly pathUrl: string };

beforeAll(async () => {
  server = await TestServer.start();
  browser = await launchBrowser(`--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`);
  folder = await freshFolder();
  const clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: 14, size: '640x360', rate: '24' });
  ({ assetId } = await server.upload(new Uint8Array(await readFile(clip)), 'clip.mp4', 'signed', 'aes-128'));
  await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  grant = (await (await server.api('POST', '/v1/playback-grants', { assetId })).json()) as typeof grant;
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A page of the edge with a video element and hls.js, and the paths that it asks for. */
async function openPage(edge: string): Promise<{ page: Page; asked: string[] }> {
  const page = await browser.newPage();
  await page.goto(`${edge}/health`);
  await page.setContent('<video muted>');
  await page.addScriptTag({ path: HLS_JS });
  const asked: string[] = [];
  page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
  return { page, asked };
}

/** What the pages work with; they are typed here, for no types of a browser are loaded. */
interface Window {
  readonly Hls: { new (): Hls };
  readonly isSecureContext: boolean;
  readonly document: { querySelector(selector: string): Video };
}

interface Video {
  currentTime: number;
  readonly buffered: { readonly length: number; start(at: number): number; end(at: number): number };
  getVideoPlaybackQuality(): { readonly totalVideoFrames: number };
  play(): Promise<void>;
}

interface Hls {
  loadSource(url: string): void;
  attachMedia(video: Video): void;
  destroy(): void;
  on(
    event: 'hlsError',
    then: (event: string, data: { details: string; fatal: boolean; response?: { code: number } }) => void,
  ): void;
}

test('hls.js plays an encrypted film by its signed URL and on from a seek, and asks for the key once', async () => {
  const { page, asked } = await openPage(server.run.edge);
  const played = await page.evaluate(playHls, { url: grant.url, seekTo: 9 });
  expect(played).toMatchObject({ errors: [], isSecure: true, ranges: 1 });
  expect(played.atSeconds).toBeGreaterThan(10);
  expect(played.frames).toBeGreaterThan(24);
  const keys = asked.filter((path) => path.endsWith('/key'));
  expect(keys).toHaveLength(1);
  expect(keys[0]).toMatch(new RegExp(`^/t/[^/]+/assets/${assetId}/v1/key$`));
  await page.close();
});

test('where the browser gives pages no cryptography, plain http from another machine, it plays all the same', async () => {
  const edge = server.run.edge.replace('127.0.0.1', PLAIN_HOST);
  const { page } = await openPage(edge);
  const url = grant.pathUrl.replace('127.0.0.1', PLAIN_HOST);
  const played = await page.evaluate(playHls, { url, seekTo: 9 });
  expect(played).toMatchObject({ errors: [], isSecure: false, ranges: 1 });
  expect(played.atSeconds).toBeGreaterThan(10);
  await page.close();
});

test('without a grant not even the playlist comes', async () => {
  const { page } = await openPage(server.run.edge);
  const url = `${server.run.edge}/assets/${assetId}/master.m3u8`;
  expect(await page.evaluate(failOf, url)).toEqual({ details: 'manifestLoadError', status: 403, frames: 0 });
  await page.close();
});

test('whoever has all of the segments and no grant for the key sees no picture', async () => {
  const { page, asked } = await openPage(server.run.edge);
  // The real edge answers, to the request as somebody without a grant would send it.
  await page.route('**/v1/key', (route) => route.continue({ url: `${server.run.edge}/assets/${assetId}/v1/key` }));
  expect(await page.evaluate(failOf, grant.url)).toEqual({ details: 'keyLoadError', status: 403, frames: 0 });
  expect(asked.filter((path) => path.endsWith('/key')).length).toBeGreaterThan(0);
  await page.close();
});

test('the console plays it with its badge, and uploads encrypted what is to be', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(await server.signInUrl());
  await page.getByTestId('asset-card').getByTestId('asset-encryption').waitFor();
  await page.goto(`${server.run.control}/#/watch/${assetId}`);
  await page.getByTestId('watch').getByTestId('asset-encryption').waitFor();
  const now = () => page.getByTestId('video').evaluate((video) => (video as unknown as Video).currentTime);
  await page.getByTestId('video').evaluate((video) => (video as unknown as Video).play());
  await expect.poll(now, { timeout: 30_000 }).toBeGreaterThan(1);

  await page.goto(`${server.run.control}/#/`);
  await page.getByTestId('pull-open').click();
  await page.getByTestId('encrypt').check();
  await page.keyboard.press('Escape');
  await page.getByTestId('upload-input').setInputFiles(join(folder, 'clip.mp4'));
  await expect.poll(() => page.getByTestId('asset-encryption').count(), { timeout: 30_000 }).toBe(2);
  await page.close();
});

/** In the page: plays from the start, seeks, and plays on for a second and a half. */
async function playHls({ url, seekTo }: { url: string; seekTo: number }) {
  const { Hls, document, isSecureContext } = globalThis as unknown as Window;
  const video = document.querySelector('video');
  const hls = new Hls();
  const errors: string[] = [];
  hls.on('hlsError', (_event, { details }) => void errors.push(details));
  hls.loadSource(url);
  hls.attachMedia(video);
  const until = async (seconds: number) => {
    while (errors.length === 0 && video.currentTime < seconds) await new Promise((next) => setTimeout(next, 20));
  };
  await video.play();
  await until(1);
  video.currentTime = seekTo;
  await until(seekTo + 1.5);
  const { buffered, currentTime } = video;
  let ranges = 0;
  for (let at = 0; at < buffered.length; at += 1) if (buffered.end(at) > seekTo) ranges += 1;
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  hls.destroy();
  return { errors, isSecure: isSecureContext, atSeconds: currentTime, ranges, frames };
}

/** In the page: how playing comes to its end before it begins. */
async function failOf(url: string) {
  const { Hls, document } = globalThis as unknown as Window;
  const video = document.querySelector('video');
  const hls = new Hls();
  const failed = new Promise<{ details: string; status: number | undefined }>((resolve) => {
    hls.on('hlsError', (_event, { details, fatal, response }) => {
      if (fatal) resolve({ details, status: response?.code });
    });
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  const { details, status } = await failed;
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  hls.destroy();
  return { details, status, frames };
}
