import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { hasPartsOf, LiveServer, type TestStream } from '../harness/live.ts';
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

/** How much media a playlist lists. */
function secondsOf(playlist: string): number {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}

// biome-ignore format: options read in pairs
const SOUND_ENDS_SOONER = [
  '-re', '-t', '8', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30',
  '-re', '-t', '7.2', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100',
  '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p',
  '-c:a', 'aac',
];

test('a broadcast whose sound ends before its picture is played to its end', async () => {
  page = await browser.newPage();
  const stream = await live.createStream();
  live.publish(stream, { source: SOUND_ENDS_SOONER });
  await tuneIn(stream);
  await live.until(stream, 'b1/180p/index.m3u8', (playlist) => secondsOf(playlist) > 7.6);
  await live.server.api('POST', `/v1/live-streams/${stream.id}/end`);
  await isPlayedToItsEnd();
});
