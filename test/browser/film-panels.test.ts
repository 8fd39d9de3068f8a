import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { generateClip } from '../harness/clip.ts';
import { TestServer } from '../harness/server.ts';

/** Subtitles are added to a film and it is encoded again, in the console and by hand, as far as a viewer can see it. */

// A film is encoded twice in here, and once by AV1.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What the player page lays open for tests. */
interface PlayerWindow {
  readonly __frontrowPlayer?: {
    readonly video: { muted: boolean; play(): Promise<void>; readonly currentTime: number };
  };
}

let server: TestServer;
let browser: Browser;
let page: Page;
let folder: string;
let assetId: string;
const requested: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-panels-'));
  await generateClip(join(folder, 'film.mp4'), { seconds: 13, size: '320x180', rate: '25' });
  await writeFile(join(folder, 'film.pt-BR.srt'), '1\n00:00:00,500 --> 00:00:12,000\nBoa noite\n');
  await writeFile(join(folder, 'plain.srt'), '1\n00:00:00,500 --> 00:00:12,000\nGuten Abend\n');
  server = await TestServer.start();
  ({ assetId } = await server.upload(new Uint8Array(await readFile(join(folder, 'film.mp4'))), 'film.mp4', 'signed'));
  await server.until(assetId, ({ status }) => status === 'ready');
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('request', (request) => void requested.push(new URL(request.url()).pathname));
  await page.goto(await server.signInUrl());
  await page.getByTestId('asset-card').waitFor();
  await watch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function watch(): Promise<void> {
  await page.goto(`${server.run.control}/#/watch/${assetId}`);
  await page.reload();
  await page.getByTestId('subtitles-panel').waitFor();
}

async function play(): Promise<void> {
  await page.waitForFunction(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer !== undefined);
  await page.evaluate(() => {
    const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
    if (video) video.muted = true;
    return video?.play();
  });
}

const rows = () =>
  page
    .getByTestId('subtitles-row')
    .evaluateAll((all) =>
      all.map((row) => [row.dataset.language, row.querySelector('strong')?.textContent, row.dataset.status]),
    );

test('subtitles are added from a file whose name tells the language, and a viewer can choose them', async () => {
  await page.getByTestId('subtitles-add').click();
  await page.getByTestId('subtitles-file').setInputFiles(join(folder, 'film.pt-BR.srt'));
  expect(await page.getByTestId('subtitles-language').inputValue()).toBe('pt-BR');
  await page.getByTestId('subtitles-name').fill('Brasil');
  await page.getByTestId('subtitles-submit').click();
  await expect.poll(rows, { timeout: 30_000 }).toEqual([['pt-BR', 'Brasil', 'published']]);
  await watch();
  await play();
  // The edge keeps the playlist of those who came before for some seconds.
  await expect
    .poll(
      async () => {
        await page.reload();
        await play();
        return page.getByTestId('subtitle-menu').isVisible();
      },
      { timeout: 40_000, interval: 2_000 },
    )
    .toBe(true);
  await page.getByTestId('subtitle-menu').click();
  const names = await page.getByTestId('subtitle-option').evaluateAll((all) => all.map((one) => one.dataset.choice));
  expect(names).toContain('Brasil');
  await page.keyboard.press('Escape');
});

test('those of a language are replaced by others, by its tag too, and a file that is none is refused in words', async () => {
  await page.getByTestId('subtitles-add').click();
  await page.getByTestId('subtitles-file').setInputFiles(join(folder, 'film.mp4'));
  await page.getByTestId('subtitles-language').selectOption('other');
  expect(await page.getByTestId('subtitles-submit').isDisabled()).toBe(true);
  await page.getByTestId('subtitles-tag').fill('gsw-CH');
  await page.getByTestId('subtitles-submit').click();
  await expect.poll(() => page.getByTestId('dialog-problem').textContent()).toContain('SUBTITLES_INVALID');
  await page.getByTestId('subtitles-file').setInputFiles(join(folder, 'plain.srt'));
  await page.getByTestId('subtitles-language').selectOption('pt-BR');
  expect(await page.getByTestId('subtitles-submit').textContent()).toBe('Replace');
  await page.getByTestId('subtitles-submit').click();
  await expect.poll(rows, { timeout: 30_000 }).toEqual([['pt-BR', 'Portuguese (Brazil)', 'published']]);
});

test('subtitles are removed', async () => {
  await page.getByTestId('subtitles-remove').click();
  await expect.poll(rows, { timeout: 30_000 }).toEqual([]);
  const listed = await (await server.api('GET', `/v1/assets/${assetId}/subtitles`)).json();
  expect(listed).toEqual({ items: [] });
});

test('the film is encoded again as chosen in the dialog, and the page says which version viewers have', async () => {
  const panel = page.getByTestId('encoding-panel');
  expect(await page.getByTestId('version-served').textContent()).toContain('Version 1is what viewers get');
  await page.getByTestId('encode-again').click();
  await page.locator('[data-testid=ladder-choice][data-ladder=av1]').click();
  await page.getByTestId('encode-dialog').getByTestId('loudness').selectOption('-16');
  await page.getByTestId('version-encrypted').click();
  await page.getByTestId('encode-submit').click();
  await expect.poll(() => panel.getAttribute('data-encoding')).toBe('running');
  expect(await page.getByTestId('version-coming').textContent()).toContain('viewers keep version 1');
  expect(await panel.getAttribute('data-version')).toBe('1');
  await expect.poll(() => panel.getAttribute('data-version'), { timeout: 90_000 }).toBe('2');
  expect(await page.getByTestId('version-served').textContent()).toMatch(/Version 2.*ladder av1/);
  const { encryption, loudness } = await server.until(assetId, ({ version }) => version === 2);
  expect({ encryption, target: loudness?.targetLufs }).toEqual({ encryption: 'aes-128', target: -16 });
});

test('the player goes on with the version it began, and plays the new one when asked to', async () => {
  const videoOf = (version: number) => () => requested.filter((path) => path.includes(`/v${version}/`)).length;
  expect(videoOf(1)()).toBeGreaterThan(0);
  expect(videoOf(2)()).toBe(0);
  await expect
    .poll(
      async () => {
        const newest = page.getByTestId('play-newest');
        if (await newest.isVisible()) await newest.click();
        else await page.reload();
        await page.getByTestId('encoding-panel').waitFor();
        await play();
        return videoOf(2)();
      },
      { timeout: 60_000, interval: 2_000 },
    )
    .toBeGreaterThan(0);
});

test('a film that no encoder came to an end with says so, and another ladder may be tried', async () => {
  // A picture of this size takes more than the encoder may have.
  const poor = await TestServer.start({
    environment: { FRONTROW_ENCODE_MEMORY_BYTES: `${1024 ** 3}`, FRONTROW_CHUNK_ATTEMPTS: '1' },
  });
  const visitor = await browser.newPage();
  try {
    const large = join(folder, 'large.mp4');
    await generateClip(large, { seconds: 2, size: '3840x2160', rate: '5' });
    const film = await poor.uploadFile(large, 'large.mp4');
    await poor.until(film.assetId, ({ status }) => status === 'errored');
    await visitor.goto(await poor.signInUrl());
    await visitor.getByTestId('asset-card').waitFor();
    await visitor.goto(`${poor.run.control}/#/watch/${film.assetId}`);
    const panel = visitor.getByTestId('encoding-panel');
    expect(await panel.textContent()).toContain('Nothing plays yet. Another ladder may do.');
    await visitor.getByTestId('encode-again').click();
    await visitor.locator('[data-testid=ladder-choice][data-ladder=av1]').click();
    await visitor.getByTestId('encode-submit').click();
    await expect.poll(() => panel.getAttribute('data-encoding')).toBe('running');
    expect(await visitor.getByTestId('version-coming').textContent()).toContain('nothing plays until it is whole');
  } finally {
    await visitor.close();
    await poor.stop();
  }
});
