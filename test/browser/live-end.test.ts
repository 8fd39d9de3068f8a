import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { hasPartsOf, LiveServer, secondsOf, soundEndsSooner, type TestStream } from '../harness/live.ts';
import { LONG, untilPlaying } from '../harness/live-page.ts';

let live: LiveServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  live = await LiveServer.start();
  browser = await launchBrowser();
});

afterEach(() => page.close());

afterAll(async () => {
  await browser?.close();
  await live?.stop();
});

async function tuneIn(stream: TestStream): Promise<void> {
  await live.until(stream, 'b1/180p/index.m3u8', hasPartsOf(1));
  const url = `${live.server.run.edge}/live/${stream.id}/master.m3u8`;
  await page.goto(`${live.server.run.control}/#/play?url=${encodeURIComponent(url)}`);
  await untilPlaying(page, 'll-hls');
}

async function isPlayedToItsEnd(): Promise<void> {
  await expect.poll(() => page.evaluate('window.__frontrowLive?.video.ended'), LONG).toBe(true);
  await page.getByTestId('live-ended').waitFor(LONG);
}

test('a broadcast whose sound ends before its picture is played to its end', async () => {
  page = await browser.newPage();
  const stream = await live.createStream();
  live.publish(stream, { source: soundEndsSooner(8) });
  await tuneIn(stream);
  await live.until(stream, 'b1/180p/index.m3u8', (playlist) => secondsOf(playlist) > 7.9);
  await live.server.api('POST', `/v1/live-streams/${stream.id}/end`);
  await isPlayedToItsEnd();
});
