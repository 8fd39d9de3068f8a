import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { hasPartsOf, LiveServer, type TestPublisher, type TestStream } from '../harness/live.ts';
import { LONG, untilPlaying } from '../harness/live-page.ts';

/** More requests for playlists than hls.js makes of itself before it gives up, twice over. */
const MANY = 10;
/** Several times as long as hls.js tries by itself. */
const AWAY_MS = 25_000;
/** Twice as long as the player's own pause, in which one more would come. */
const QUIET_MS = 3_000;

let live: LiveServer;
let browser: Browser;
let stream: TestStream;
let publisher: TestPublisher;
let page: Page;
/** What becomes of all that hls.js asks for, if not what the edge says. */
let trouble: 'cut' | 503 | undefined;
let refused = 0;

beforeAll(async () => {
  live = await LiveServer.start();
  browser = await launchBrowser();
  stream = await live.createStream();
  publisher = live.publish(stream);
  await live.until(stream, 'b1/180p/index.m3u8', hasPartsOf(1));
});

afterAll(async () => {
  await browser?.close();
  await publisher?.kill();
  await live?.stop();
});

beforeEach(async () => {
  trouble = undefined;
  refused = 0;
  page = await browser.newPage();
  await page.route(/\/live\/ls_[a-z0-9]+\/.*(m3u8|m4s|mp4)/, (route) => {
    if (trouble === undefined) return route.continue();
    refused += 1;
    return trouble === 'cut' ? route.abort() : route.fulfill({ status: trouble });
  });
});

afterEach(() => page.close());

async function tuneIn(): Promise<void> {
  const url = `${live.server.run.edge}/live/${stream.id}/master.m3u8`;
  await page.goto(`${live.server.run.control}/#/play?url=${encodeURIComponent(url)}`);
}

test('a player asks for its first playlist for as long as there is none, and plays when it comes', async () => {
  trouble = 503;
  await tuneIn();
  await expect.poll(() => refused, LONG).toBeGreaterThan(MANY);
  trouble = undefined;
  await untilPlaying(page, 'll-hls');
});

test('a player whose line is gone for longer than hls.js waits goes on when it is back, at the newest', async () => {
  await tuneIn();
  await untilPlaying(page, 'll-hls');
  trouble = 'cut';
  await pause(AWAY_MS);
  expect(refused).toBeGreaterThan(MANY);
  expect(await page.evaluate('window.__frontrowLive?.video.videoWidth'), 'the last picture stands').toBeGreaterThan(0);
  const before = refused;
  await expect.poll(() => refused, LONG).toBeGreaterThan(before);
  trouble = undefined;
  await untilPlaying(page, 'll-hls');
  await expect.poll(() => page.getByTestId('go-live').getAttribute('data-lit'), LONG).toBe('true');
});

test('a player that is left while its line is gone asks for nothing more', async () => {
  await tuneIn();
  await untilPlaying(page, 'll-hls');
  trouble = 'cut';
  await expect.poll(() => refused, LONG).toBeGreaterThan(MANY);
  await page.evaluate(`location.hash = '#/live'`);
  await page.getByTestId('live-player').waitFor({ state: 'detached', ...LONG });
  const before = refused;
  await pause(QUIET_MS);
  expect(refused).toBe(before);
});
