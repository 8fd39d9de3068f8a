import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { fetchRung, steadyFilm } from '../harness/early-upload.ts';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';
import { countFrames } from '../harness/transcode-scenario.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** What the player page lays open for tests. */
interface PlayerWindow {
  readonly __frontrowPlayer?: { readonly video: { currentTime: number; muted: boolean; play(): Promise<void> } };
}

const SECONDS = 32;

let server: TestServer;
let browser: Browser;
let page: Page;
let folder: string;
let source: Buffer;

beforeAll(async () => {
  folder = await freshFolder();
  source = await steadyFilm(SECONDS, 'last');
  await writeFile(join(folder, 'film.mp4'), source);
  server = await TestServer.start({ environment: { FRONTROW_SEGMENT_HOLD_MS: '2000' } });
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a film with its index at the end plays while the page uploads it, waits for what has not come, and ends ready', async () => {
  await page.goto(await server.signInUrl());
  await page.getByTestId('library-empty').waitFor();
  const network = await page.context().newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 250_000 };
  await network.send('Network.emulateNetworkConditions', slow);
  await page.getByTestId('policy-public').first().check({ force: true });
  await page.getByTestId('upload-input').setInputFiles(join(folder, 'film.mp4'));

  const link = page.getByTestId('upload-watch');
  await link.waitFor({ timeout: 90_000 });
  const assetId = (await link.getAttribute('href'))?.split('/').at(-1) ?? '';
  expect(await page.getByTestId('asset-status').first().textContent()).toMatch(/uploading/i);
  await link.click();
  await play();
  await expect.poll(playedTo, { timeout: 30_000 }).toBeGreaterThan(1);
  expect(await page.getByTestId('encoding-status').textContent()).toMatch(/plays while it uploads/i);
  expect((await server.asset(assetId)).source.receivedBytes).toBeLessThan(source.length * 0.9);

  // Nothing of its last quarter has come: the viewer waits for it, for longer than one answer of the origin takes.
  const refused = page.waitForResponse((response) => response.url().endsWith('.m4s') && response.status() === 503);
  await seek(SECONDS - 6);
  await refused;
  expect((await server.asset(assetId)).source.receivedBytes).toBeLessThan(source.length * 0.75);
  await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 });
  await expect.poll(playedTo, { timeout: 120_000 }).toBeGreaterThan(SECONDS - 5);
  expect(await page.getByTestId('player').getAttribute('data-state')).not.toBe('error');

  const ready = await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  expect(ready.error).toBeUndefined();
  const whole = await server.until(assetId, ({ source: { sha256 } }) => sha256 !== undefined);
  expect(whole.source.sha256).toBe(createHash('sha256').update(source).digest('hex'));
  await writeFile(join(folder, 'joined.mp4'), await fetchRung(ready));
  expect(await countFrames(join(folder, 'joined.mp4'))).toBe(SECONDS * 25);
});

async function play(): Promise<void> {
  await page.waitForFunction(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer !== undefined);
  await page.evaluate(() => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    if (video) video.muted = true;
    return video?.play();
  });
}

async function seek(toSeconds: number): Promise<void> {
  await page.evaluate((to) => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    if (video) video.currentTime = to;
  }, toSeconds);
}

/** Where the picture is, once it moves. */
async function playedTo(): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video.currentTime ?? 0);
}
