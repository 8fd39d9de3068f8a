import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { placeClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';

/** What the player page lays open for tests. */
interface PlayerWindow {
  readonly __frontrowPlayer?: { readonly video: Video };
}

/** The part of an HTMLVideoElement that is looked at. */
interface Video {
  currentTime: number;
  muted: boolean;
  readonly duration: number;
  readonly videoWidth: number;
  readonly buffered: { readonly length: number; start(at: number): number; end(at: number): number };
  play(): Promise<void>;
}

interface Playback {
  readonly atSeconds: number;
  readonly durationSeconds: number;
  /** Buffered stretches as [start, end] in seconds. */
  readonly buffered: readonly (readonly [number, number])[];
  readonly width: number;
}

let server: TestServer;
let browser: Browser;
let page: Page;
let folder: string;
let clip: string;
let assetId: string;

beforeAll(async () => {
  folder = await freshFolder();
  clip = join(folder, 'big-buck-bunny.mp4');
  await mkdir(folder, { recursive: true });
  await placeClip(clip);
  server = await TestServer.start();
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('the printed link signs in, and a film dropped on the page is uploaded and encoded', async () => {
  await page.goto(await server.signInUrl());
  await page.getByTestId('library-empty').waitFor();
  await page.getByTestId('policy-signed').first().check({ force: true });
  await page.getByTestId('upload-input').setInputFiles(clip);

  const card = page.getByTestId('asset-card');
  await card.waitFor();
  const href = await card.getByTestId('asset-link').first().getAttribute('href');
  assetId = href?.split('/').at(-1) ?? '';
  const asset = await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  expect(asset.error).toBeUndefined();
  await expect.poll(() => card.getByTestId('asset-status').textContent()).toMatch(/ready/i);
});

test('it plays under a signed URL through the edge, and after a seek to the last third goes on with one buffered range', async () => {
  await watch('url');
  const playing = await untilPlaying(1);
  expect(playing.durationSeconds).toBeCloseTo(30, 0);
  await seekAndPlayOn(playing.durationSeconds * 0.7);
});

test('a jump begins at the lowest rung where answers are slow, and at a higher one where they are not', async () => {
  const parts: string[] = [];
  const visitor = await (await browser.newContext()).newPage();
  visitor.on('request', (request) => void parts.push(/v1\/(\d+p\/s\d+)\.m4s/.exec(request.url())?.[1] ?? ''));
  let slowMs = 0;
  // As long as each part takes that is encoded while it is waited for. The player gives up some of them.
  await visitor.route(/\/\d+p\/s\d+\.m4s/, async (route) => {
    await new Promise((later) => setTimeout(later, slowMs));
    await route.continue().catch(() => {});
  });
  const jump = async (answerMs: number): Promise<string | undefined> => {
    slowMs = answerMs;
    await visitor.goto('about:blank');
    parts.length = 0;
    await visitor.goto(`${server.run.control}/#/play?url=${encodeURIComponent(await signedUrl())}`);
    await startPlaying(visitor);
    await untilPlaying(0.1, visitor);
    await visitor.evaluate(() => {
      const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
      if (video) video.currentTime = 25;
    });
    await expect.poll(() => parts.some((part) => part.endsWith('s00006'))).toBe(true);
    return parts.find((part) => part.endsWith('s00006'));
  };
  expect(await jump(1_500)).toBe('240p/s00006');
  expect(await jump(0)).not.toBe('240p/s00006');
  await visitor.context().close();
});

test('it plays under signed cookies, with addresses that carry no grant', async () => {
  const requested: string[] = [];
  page.on('request', (request) => void requested.push(request.url()));
  await watch('cookies');
  await untilPlaying(1);
  await seekAndPlayOn(21);
  const media = requested.filter((url) => /\.(m3u8|m4s|mp4)/.test(url));
  expect(media.length).toBeGreaterThan(3);
  expect(media.filter((url) => /Signature=|token=|\/t\//.test(url))).toEqual([]);
});

test('without Media Source the browser plays it by itself, under signed cookies too', async () => {
  const phone = await browser.newPage();
  await phone.addInitScript('delete window.MediaSource; delete window.ManagedMediaSource;');
  await phone.goto(await server.anotherSignInUrl());
  await phone.getByTestId('asset-card').waitFor();
  await phone.goto(`${server.run.control}/#/watch/${assetId}?carrier=cookies`);
  await startPlaying(phone);
  await untilPlaying(1, phone);
  await phone.close();
});

test('it plays under a token', async () => {
  await watch('token');
  await untilPlaying(1);
});

test('the signed link plays for somebody who is not signed in, and whose browser keeps nothing', async () => {
  const url = await signedUrl();
  const visitor = await (await browser.newContext()).newPage();
  // As a browser that lets no page keep anything.
  await visitor.addInitScript(`
    const get = () => { throw new DOMException('no', 'SecurityError'); };
    for (const storage of ['localStorage', 'sessionStorage']) Object.defineProperty(window, storage, { get });
  `);
  await visitor.goto(`${server.run.control}/#/play?url=${encodeURIComponent(url)}`);
  await startPlaying(visitor);
  await untilPlaying(1, visitor);
  await visitor.context().close();
});

test('without a grant the player is refused and says so', async () => {
  const visitor = await (await browser.newContext()).newPage();
  const bare = `${server.run.edge}/assets/${assetId}/master.m3u8`;
  const refusal = visitor.waitForResponse((response) => response.url() === bare);
  await visitor.goto(`${server.run.control}/#/play?url=${encodeURIComponent(bare)}`);
  expect((await refusal).status()).toBe(403);
  await visitor.getByTestId('playback-error').waitFor();
  expect(await visitor.getByTestId('player').getAttribute('data-state')).toBe('error');
  await visitor.context().close();
});

test('the page that signs shows a URL that works and code for a Node backend', async () => {
  await page.goto(`${server.run.control}/#/sign/${assetId}`);
  await page.getByTestId('sign-issue').click();
  const url = (await page.getByTestId('sign-url-output').textContent()) ?? '';
  expect((await fetch(url.trim())).status).toBe(200);
  expect(await page.getByTestId('sign-code').textContent()).toContain('@aws-sdk/cloudfront-signer');
});

test('pages fit a phone: nothing is wider than the screen', async () => {
  const phone = await browser.newPage({ viewport: { width: 390, height: 844 } });
  await phone.goto(await server.anotherSignInUrl());
  await phone.getByTestId('asset-card').waitFor();
  for (const hash of ['#/', `#/watch/${assetId}`, `#/sign/${assetId}`, '#/keys']) {
    await phone.goto(`${server.run.control}/${hash}`);
    await phone.getByRole('main').waitFor();
    expect(await phone.evaluate('document.documentElement.scrollWidth'), hash).toBeLessThanOrEqual(390);
  }
  await phone.close();
});

async function signedUrl(): Promise<string> {
  const answer = await server.api('POST', '/v1/playback-grants', { assetId });
  return ((await answer.json()) as { url: string }).url;
}

async function watch(carrier: 'url' | 'cookies' | 'token'): Promise<void> {
  // A changed hash alone would keep the page, and with it the player of the test before.
  await page.goto('about:blank');
  await page.goto(`${server.run.control}/#/watch/${assetId}?carrier=${carrier}`);
  await startPlaying(page);
}

async function startPlaying(on: Page): Promise<void> {
  await on.getByTestId('video').waitFor();
  await on.waitForFunction(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer !== undefined);
  await on.evaluate(() => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    if (video) video.muted = true;
    return video?.play();
  });
}

/** Waits until the picture has moved on to `seconds`. */
async function untilPlaying(seconds: number, on: Page = page): Promise<Playback> {
  await expect.poll(async () => (await readPlayback(on)).atSeconds, { timeout: 30_000 }).toBeGreaterThan(seconds);
  const playback = await readPlayback(on);
  expect(playback.width).toBeGreaterThan(0);
  return playback;
}

async function seekAndPlayOn(toSeconds: number): Promise<void> {
  await page.evaluate((to) => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    if (video) video.currentTime = to;
  }, toSeconds);
  const { atSeconds, buffered } = await untilPlaying(toSeconds + 1.5);
  const around = buffered.filter(([start, end]) => start <= atSeconds && atSeconds <= end);
  expect(around).toHaveLength(1);
  // No hole between where the seek landed and the end of what is loaded: one range holds it all.
  expect(buffered.filter(([, end]) => end >= toSeconds)).toHaveLength(1);
}

async function readPlayback(on: Page): Promise<Playback> {
  return on.evaluate(() => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    const ranges = video?.buffered;
    return {
      atSeconds: video?.currentTime ?? 0,
      durationSeconds: video?.duration ?? 0,
      buffered: Array.from({ length: ranges?.length ?? 0 }, (_, at): [number, number] => [
        ranges?.start(at) ?? 0,
        ranges?.end(at) ?? 0,
      ]),
      width: video?.videoWidth ?? 0,
    };
  });
}
