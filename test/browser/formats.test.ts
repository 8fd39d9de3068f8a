import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder, TestServer } from '../harness/server.ts';

/** Players as they come from their makers, on a page that is not ours, through the edge. */
const modules = createRequire(import.meta.url);
const HLS_JS = join(modules.resolve('hls.js'), '../hls.js');

let server: TestServer;
let browser: Browser;
let folder: string;
let signedUrl: string;

beforeAll(async () => {
  server = await TestServer.start();
  browser = await launchBrowser();
  folder = await freshFolder();
  const clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: 14, size: '640x360', rate: '24' });
  const { assetId } = await server.upload(new Uint8Array(await readFile(clip)), 'clip.mp4', 'signed');
  await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  signedUrl = await signed(assetId);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function signed(assetId: string): Promise<string> {
  const answer = await server.api('POST', '/v1/playback-grants', { assetId });
  return ((await answer.json()) as { url: string }).url;
}

/** A page with a video element, a player and nothing else, and what it asks of the edge. */
async function pageWith(player: string): Promise<{ page: Page; asked: URL[]; ranges: string[] }> {
  const page = await browser.newPage();
  // Chromium lets only a page from this machine talk to it.
  await page.goto(`${server.run.edge}/health`);
  await page.setContent('<video muted>');
  await page.addScriptTag({ path: player });
  const asked: URL[] = [];
  const ranges: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(server.run.edge)) return;
    asked.push(new URL(request.url()));
    ranges.push(request.headers().range ?? '');
  });
  return { page, asked, ranges };
}

/** What the pages work with; they are typed here, for no types of a browser are loaded. */
interface Window {
  readonly Hls: { new (): Hls };
  readonly document: { querySelector(selector: string): Video };
}

interface Video {
  currentTime: number;
  readonly videoWidth: number;
  readonly readyState: number;
  readonly buffered: { readonly length: number; start(at: number): number; end(at: number): number };
  play(): Promise<void>;
}

interface Hls {
  readonly iframeVariants: readonly unknown[];
  loadSource(url: string): void;
  attachMedia(video: Video): void;
  on(event: string, then: (event: string, data: { details?: string; fatal?: boolean }) => void): void;
  createIFramePlayer(): (Hls & { loadMediaAt(seconds: number): void }) | null;
}

test('hls.js shows the key frame of any moment from the playlist of key frames alone', async () => {
  const { page, asked, ranges } = await pageWith(HLS_JS);
  const shown = await page.evaluate(showKeyFrames, { url: signedUrl, moments: [9, 6] });
  expect(shown).toEqual({ errors: [], streams: 2, pictures: [9, 6] });
  const media = asked.flatMap(({ pathname }, at) => (pathname.endsWith('.m4s') ? [`${ranges[at]} ${pathname}`] : []));
  expect(media.length).toBeGreaterThan(0);
  for (const each of media) expect(each).toMatch(/^bytes=24-\d+ \/t\/[^/]+\/assets\//);
  await page.close();
});

/** In the page: opens the film without playing it, and has hls.js's player of key frames show some moments. */
async function showKeyFrames({ url, moments }: { url: string; moments: number[] }) {
  const { Hls, document } = globalThis as unknown as Window;
  const errors: string[] = [];
  const hls = new Hls();
  const parsed = new Promise<void>((resolve) => hls.on('hlsManifestParsed', () => resolve()));
  hls.loadSource(url);
  await parsed;
  const player = hls.createIFramePlayer();
  const video = document.querySelector('video');
  const pictures: number[] = [];
  if (player) {
    player.on('hlsError', (_event, { details }) => void errors.push(details ?? ''));
    player.attachMedia(video);
    for (const seconds of moments) {
      player.loadMediaAt(seconds);
      // A picture is there when the element has data for the moment it was moved to.
      while (errors.length === 0 && (video.currentTime !== seconds || video.readyState < 2)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      pictures.push(Math.round(video.currentTime));
    }
  }
  return { errors, streams: hls.iframeVariants.length, pictures };
}
