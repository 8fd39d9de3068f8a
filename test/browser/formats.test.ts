import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';

/** Players as they come from their makers, on a page that is not ours, through the edge. */
const require = createRequire(import.meta.url);
const SHAKA = join(require.resolve('shaka-player/package.json'), '../dist/shaka-player.dash.js');
const HLS_JS = join(require.resolve('hls.js'), '../hls.js');

let server: TestServer;
let browser: Browser;
let folder: string;
let assetId: string;
let grant: { readonly url: string; readonly dashUrl: string };

beforeAll(async () => {
  server = await TestServer.start();
  browser = await launchBrowser();
  folder = await freshFolder();
  const clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: 14, size: '640x360', rate: '24' });
  ({ assetId } = await server.upload(new Uint8Array(await readFile(clip)), 'clip.mp4', 'signed'));
  await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  grant = await grantFor(assetId);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function grantFor(assetId: string): Promise<{ url: string; dashUrl: string }> {
  const answer = await server.api('POST', '/v1/playback-grants', { assetId });
  return (await answer.json()) as { url: string; dashUrl: string };
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
  readonly shaka: { readonly Player: { new (): ShakaPlayer } };
  readonly document: { querySelector(selector: string): Video };
}

interface Video {
  currentTime: number;
  readonly videoWidth: number;
  readonly readyState: number;
  readonly buffered: { readonly length: number; start(at: number): number; end(at: number): number };
  readonly textTracks: Iterable<{
    readonly mode: string;
    readonly activeCues: Iterable<{
      readonly text: string;
      readonly startTime: number;
      readonly endTime: number;
    }> | null;
  }>;
  play(): Promise<void>;
}

interface TextTrack {
  readonly language: string;
  readonly label: string | null;
  readonly kind: string | null;
}

interface ShakaPlayer {
  configure(key: string, value: unknown): void;
  attach(video: Video): Promise<void>;
  load(url: string): Promise<void>;
  getTextTracks(): TextTrack[];
  selectTextTrack(track: TextTrack): void;
  destroy(): Promise<void>;
  getVariantTracks(): { readonly height: number; readonly videoCodec: string; readonly audioCodec: string }[];
  addEventListener(type: 'error', then: (event: { detail: { code: number } }) => void): void;
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
  const shown = await page.evaluate(showKeyFrames, { url: grant.url, moments: [9, 6] });
  expect(shown).toEqual({ errors: [], streams: 2, pictures: [9, 6] });
  const media = asked.flatMap(({ pathname }, at) => (pathname.endsWith('.m4s') ? [`${ranges[at]} ${pathname}`] : []));
  expect(media.length).toBeGreaterThan(0);
  for (const each of media) expect(each).toMatch(/^bytes=24-\d+ \/t\/[^/]+\/assets\//);
  await page.close();
});

test('shaka plays the DASH manifest of a signed film, and on from a seek', async () => {
  const { page, asked } = await pageWith(SHAKA);
  const played = await page.evaluate(playDash, { url: grant.dashUrl, seekTo: 9 });
  expect(played.errors).toEqual([]);
  expect(played.tracks).toEqual([
    { height: 240, videoCodec: 'avc1.640015', audioCodec: 'mp4a.40.2' },
    { height: 360, videoCodec: 'avc1.64001e', audioCodec: 'mp4a.40.2' },
  ]);
  expect(played.atSeconds).toBeGreaterThan(10);
  expect(played.ranges).toBe(1);
  const media = asked.filter(({ pathname }) => pathname.endsWith('.m4s'));
  expect(media.length).toBeGreaterThan(2);
  expect(media.every(({ pathname }) => pathname.startsWith('/t/'))).toBe(true);
  await page.close();
});

test('shaka shows the subtitles of a signed film from the DASH manifest, and changes to another language and back', async () => {
  for (const [language, kind, text] of [
    ['en', 'subtitles', 'Good evening'],
    ['de', 'captions', '[music] Guten Abend'],
  ]) {
    const answer = await fetch(`${server.run.control}/v1/assets/${assetId}/subtitles/${language}?kind=${kind}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${server.run.adminToken}`, 'content-type': 'application/x-subrip' },
      body: `1\n00:00:00,500 --> 00:00:13,000\n${text}\n`,
    });
    expect(answer.status).toBe(200);
  }
  // Edges keep a manifest for two seconds.
  await expect
    .poll(async () => (await fetch(grant.dashUrl)).text(), { timeout: 30_000 })
    .toMatch(/text\/vtt.*text\/vtt/s);
  const { page, asked } = await pageWith(SHAKA);
  const shown = await page.evaluate(showTexts, { url: grant.dashUrl, languages: ['de', 'en', 'de'] });
  expect(shown.errors).toEqual([]);
  expect(shown.tracks).toEqual([
    { language: 'de', label: 'German (CC)', kind: 'caption' },
    { language: 'en', label: 'English', kind: 'subtitle' },
  ]);
  expect(shown.texts).toEqual([
    '[music] Guten Abend at 0.5 to 13',
    'Good evening at 0.5 to 13',
    '[music] Guten Abend at 0.5 to 13',
  ]);
  const files = asked.filter(({ pathname }) => pathname.endsWith('.vtt'));
  expect(files.length).toBeGreaterThan(1);
  for (const { pathname } of files)
    expect(pathname).toMatch(/^\/t\/[^/]+\/assets\/as_\w+\/subtitles\/[^/]+\/all\.vtt$/);
  await page.close();
});

test('ffmpeg reads every frame of picture and sound through the DASH manifest of a signed film', async () => {
  // 14 seconds at 24 frames a second, and AAC frames of 1024 samples to the end of the picture.
  for (const [stream, packets] of [
    ['v:0', 336],
    ['v:1', 336],
    ['a:0', 657],
  ] as const) {
    // One at a time: at the end of the first stream that ends, ffmpeg's demuxer ends the others too.
    const { stdout } = await promisify(execFile)('ffprobe', [
      ...['-v', 'error', '-count_packets', '-select_streams', stream, '-show_entries', 'stream=nb_read_packets'],
      ...['-of', 'csv=p=0', grant.dashUrl],
    ]);
    expect(Number.parseInt(stdout, 10), stream).toBe(packets);
  }
});

/** In the page: plays from the start, seeks, and plays on for a second. */
async function playDash({ url, seekTo }: { url: string; seekTo: number }) {
  const { shaka, document } = globalThis as unknown as Window;
  const video = document.querySelector('video');
  const player = new shaka.Player();
  const errors: number[] = [];
  player.addEventListener('error', ({ detail }) => void errors.push(detail.code));
  await player.attach(video);
  await player.load(url);
  await video.play();
  const until = async (seconds: number) => {
    while (errors.length === 0 && video.currentTime < seconds) await new Promise((next) => setTimeout(next, 20));
  };
  await until(1);
  video.currentTime = seekTo;
  await until(seekTo + 1.5);
  const tracks = player
    .getVariantTracks()
    .map(({ height, videoCodec, audioCodec }) => ({ height, videoCodec, audioCodec }))
    .sort((one, other) => one.height - other.height);
  const { buffered, currentTime } = video;
  let ranges = 0;
  for (let at = 0; at < buffered.length; at += 1) if (buffered.end(at) > seekTo) ranges += 1;
  return { errors, tracks, atSeconds: currentTime, ranges };
}

/** In the page: plays, and chooses one language after the other; what is on the screen then. */
async function showTexts({ url, languages }: { url: string; languages: string[] }) {
  const { shaka, document } = globalThis as unknown as Window;
  const video = document.querySelector('video');
  const player = new shaka.Player();
  const errors: number[] = [];
  player.addEventListener('error', ({ detail }) => void errors.push(detail.code));
  await player.attach(video);
  await player.load(url);
  await video.play();
  while (errors.length === 0 && video.currentTime < 1) await new Promise((next) => setTimeout(next, 20));
  const active = () =>
    [...video.textTracks]
      .filter(({ mode }) => mode === 'showing')
      .flatMap(({ activeCues }) => [...(activeCues ?? [])])
      .map(({ text, startTime, endTime }) => `${text} at ${startTime} to ${endTime}`);
  const texts: string[] = [];
  for (const language of languages) {
    const before = texts.at(-1);
    const track = player.getTextTracks().find((each) => each.language === language);
    if (track) player.selectTextTrack(track);
    while (errors.length === 0 && (active().length === 0 || active().join() === before)) {
      await new Promise((next) => setTimeout(next, 20));
    }
    texts.push(active().join());
  }
  const tracks = player
    .getTextTracks()
    .map(({ language, label, kind }) => ({ language, label, kind }))
    .sort((one, other) => one.language.localeCompare(other.language));
  await player.destroy();
  return { errors, tracks, texts };
}

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
      // A picture is there when the element has data for the moment it was moved to. Asked again meanwhile, as whoever
      // drags a handle does: hls.js may forget a wish that comes while it still opens its buffers.
      for (let looks = 0; errors.length === 0 && (video.currentTime !== seconds || video.readyState < 2); looks += 1) {
        if (looks % 50 === 0) player.loadMediaAt(seconds);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      pictures.push(Math.round(video.currentTime));
    }
  }
  return { errors, streams: hls.iframeVariants.length, pictures };
}
