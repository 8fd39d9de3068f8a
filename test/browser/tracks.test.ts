import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';

/** What the player page lays open for tests. */
interface PlayerWindow {
  readonly __frontrowPlayer?: { readonly video: Video };
}

/** The part of an HTMLVideoElement that is looked at. */
interface Video {
  muted: boolean;
  currentTime: number;
  readonly textTracks: Iterable<{
    readonly kind: string;
    readonly label: string;
    readonly mode: string;
    readonly activeCues: Iterable<{ readonly text: string; readonly startTime: number }> | null;
  }>;
  play(): Promise<void>;
}

const SECONDS = 40;

let server: TestServer;
let browser: Browser;
let page: Page;
let folder: string;
let film: string;
let assetId: string;
const requested: string[] = [];

beforeAll(async () => {
  folder = await freshFolder();
  const text = join(folder, 'words.srt');
  const second = `2\n00:00:25,000 --> 00:00:${SECONDS - 1},000\nGood night\n`;
  await writeFile(text, `1\n00:00:00,500 --> 00:00:24,000\nGood evening\n\n${second}`);
  const clip = join(folder, 'languages.mkv');
  const input = (source: string) => ['-f', 'lavfi', '-i', `${source}:duration=${SECONDS}`];
  const inputs = [...input('testsrc2=size=320x180:rate=25'), ...input('sine=400'), ...input('sine=1000'), '-i', text];
  const maps = ['-map', '0', '-map', '1', '-map', '2', '-map', '3'];
  const tags = [
    '-metadata:s:a:0',
    'language=eng',
    '-metadata:s:a:1',
    'language=ger',
    '-metadata:s:s:0',
    'language=eng',
  ];
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-c:s', 'srt'];
  // Nobody has asked for the subtitles yet.
  const quiet = ['-disposition:s:0', '0'];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...inputs, ...maps, ...tags, ...encode, ...quiet, clip]);
  film = clip;
  server = await TestServer.start();
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('request', (request) => void requested.push(new URL(request.url()).pathname));
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a film of two languages and with subtitles plays', async () => {
  ({ assetId } = await server.upload(new Uint8Array(await readFile(film)), 'languages.mkv', 'signed'));
  await server.until(assetId, ({ status }) => status === 'ready');
  const put = await fetch(`${server.run.control}/v1/assets/${assetId}/subtitles/de`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${server.run.adminToken}`, 'content-type': 'application/x-subrip' },
    body: `1\n00:00:00,700 --> 00:00:${SECONDS - 1},000\nGuten Abend\n`,
  });
  expect(put.status).toBe(200);
  const listed = async () => (await server.api('GET', `/v1/assets/${assetId}/subtitles`)).text();
  await expect.poll(listed, { timeout: 30_000 }).toMatch(/published.*published/);
  await page.goto(await server.signInUrl());
  await page.getByTestId('asset-card').waitFor();
  await page.goto(`${server.run.control}/#/watch/${assetId}`);
  await page.getByTestId('video').waitFor();
  await page.waitForFunction(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer !== undefined);
  await page.evaluate(() => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    if (video) video.muted = true;
    return video?.play();
  });
  await untilAt(1);
});

test('another language is chosen from the menu, and the film goes on with it', async () => {
  expect(await choices('audio')).toEqual(['English', 'German']);
  expect(requested.filter((path) => path.includes('/audio-2/'))).toEqual([]);
  await choose('audio', 'German');
  await expect.poll(() => requested.filter((path) => /\/audio-2\/s\d+\.m4s$/.test(path)).length).toBeGreaterThan(0);
  await expect.poll(() => page.getByTestId('audio-menu').getAttribute('aria-label')).toBe('Sound: German');
  await untilAt((await now()) + 2);
});

test('subtitles are shown when chosen, at their time, and C takes them away and brings them back', async () => {
  expect(await shown()).toEqual([]);
  await choose('subtitle', 'English');
  await expect.poll(shown).toEqual(['English: Good evening at 0.5']);
  await page.keyboard.press('c');
  await expect.poll(shown).toEqual([]);
  await page.keyboard.press('c');
  await expect.poll(shown).toEqual(['English: Good evening at 0.5']);
});

test('subtitles that were chosen before come back, however often the viewer changes between two', async () => {
  for (let round = 0; round < 2; round += 1) {
    await choose('subtitle', 'German');
    await expect.poll(shown, { message: `German, round ${round}` }).toEqual(['German: Guten Abend at 0.7']);
    await choose('subtitle', 'English');
    await expect.poll(shown, { message: `English, round ${round}` }).toEqual(['English: Good evening at 0.5']);
  }
  await page.evaluate(() => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    if (video) video.currentTime = 26;
  });
  await untilAt(26.5);
  expect(await shown()).toEqual(['English: Good night at 25']);
  await page.keyboard.press('c');
  await choose('subtitle', 'German');
  await expect.poll(shown).toEqual(['German: Guten Abend at 0.7']);
});

async function choices(menu: string): Promise<string[]> {
  await page.getByTestId(`${menu}-menu`).click();
  const names = await page
    .getByTestId(`${menu}-option`)
    .evaluateAll((all) => all.map((each) => each.dataset.choice ?? ''));
  await page.keyboard.press('Escape');
  return names;
}

async function choose(menu: string, name: string): Promise<void> {
  await page.getByTestId('player').hover();
  await page.getByTestId(`${menu}-menu`).click();
  await page.locator(`[data-testid=${menu}-option][data-choice="${name}"]`).click();
}

function now(): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video.currentTime ?? 0);
}

async function untilAt(seconds: number): Promise<void> {
  await expect.poll(now, { timeout: 30_000 }).toBeGreaterThan(seconds);
}

/** The words on the screen, with their track and the time they began. */
function shown(): Promise<string[]> {
  return page.evaluate(() => {
    const tracks = [...((globalThis as unknown as PlayerWindow).__frontrowPlayer?.video.textTracks ?? [])];
    return tracks
      .filter(({ kind, mode }) => kind !== 'metadata' && mode === 'showing')
      .flatMap(({ label, activeCues }) =>
        [...(activeCues ?? [])].map((cue) => `${label}: ${cue.text} at ${cue.startTime}`),
      );
  });
}
