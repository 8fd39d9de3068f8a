import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';
import { ffmpegTool } from '../harness/transcode-scenario.ts';

/** What the player page lays open for tests, and what hls.js complained of. */
interface PlayerWindow {
  readonly troubles?: string[];
  readonly __frontrowPlayer?: {
    readonly video: { currentTime: number; muted: boolean; readonly buffered: Ranges; play(): Promise<void> };
    readonly hls: {
      nextLevel: number;
      on(event: string, heard: (name: string, data: { details: string }) => void): void;
      readonly currentLevel: number;
      readonly levels: readonly { url: string[] }[];
    };
  };
}

interface Ranges {
  readonly length: number;
  start(at: number): number;
  end(at: number): number;
}

let server: TestServer;
let browser: Browser;
let page: Page;
let folder: string;

beforeAll(async () => {
  folder = await freshFolder();
  server = await TestServer.start();
  browser = await launchBrowser();
  page = await browser.newPage();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('the player changes between the source itself and encoded rungs without a gap, there and back', async () => {
  const clip = join(folder, 'clip.mp4');
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=426x240:rate=30000/1001:duration=24'];
  const tone = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=24'];
  const picture = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '3', '-g', '60'];
  await ffmpegTool(...inputs, ...tone, ...picture, '-sc_threshold', '0', '-c:a', 'aac', clip);
  const { assetId, playbackUrl } = await server.upload(new Uint8Array(await readFile(clip)), 'clip.mp4');
  const asset = await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  expect(asset.renditions?.map(({ name }) => name)).toEqual(['240p', 'source', 'audio']);

  await page.goto(`${server.run.control}/#/play?url=${encodeURIComponent(playbackUrl)}`);
  await page.getByTestId('video').waitFor();
  // Not before the playlist has been read: a rung that is not known yet would be no choice at all.
  await page.waitForFunction(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer?.hls.levels.length === 2);
  await page.evaluate(() => {
    const { __frontrowPlayer: player, troubles = [] } = globalThis as unknown as PlayerWindow;
    (globalThis as unknown as { troubles: string[] }).troubles = troubles;
    player?.hls.on('hlsError', (_, { details }) => troubles.push(details));
    if (player) player.video.muted = true;
    return player?.video.play();
  });
  const seen: string[] = [];
  // A change takes hold with the next segment, some four seconds on at the most: each is looked at well behind that.
  for (const [name, until] of [
    ['240p', 6],
    ['source', 10],
    ['240p', 14],
    ['source', 19],
  ] as const) {
    await page.evaluate((wanted) => {
      const hls = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.hls;
      if (hls) hls.nextLevel = hls.levels.findIndex(({ url }) => url[0]?.includes(`/${wanted}/`));
    }, name);
    await expect.poll(async () => (await readPlayer()).atSeconds, { timeout: 60_000 }).toBeGreaterThan(until);
    const player = await readPlayer();
    expect(player.buffered).toHaveLength(1);
    seen.push(player.level);
  }
  expect(seen).toEqual(['240p', 'source', '240p', 'source']);
  // A hole that was stepped over, a picture that could not be appended: nothing of the kind.
  const troubles = await page.evaluate(() => (globalThis as unknown as PlayerWindow).troubles);
  expect(troubles?.filter((details) => /Hole|Append|Parsing|Nudge/.test(details))).toEqual([]);
});

async function readPlayer() {
  return page.evaluate(() => {
    const player = (globalThis as unknown as PlayerWindow).__frontrowPlayer;
    const { buffered } = player?.video ?? {};
    const url = player?.hls.levels[player.hls.currentLevel]?.url[0] ?? '';
    return {
      atSeconds: player?.video.currentTime ?? 0,
      buffered: Array.from({ length: buffered?.length ?? 0 }, (_, at) => [buffered?.start(at), buffered?.end(at)]),
      level: url.split('/').at(-2) ?? '',
    };
  });
}
