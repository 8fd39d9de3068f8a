import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { delaySeconds, LONG, plays, untilPlaying } from '../harness/live-page.ts';
import { TestServer } from '../harness/server.ts';

/** One broadcast from everything that can publish, as its maker and a visitor without an account see it, from the first click to the film. */

let server: TestServer;
let browser: Browser;
let context: BrowserContext;
let studio: Page;
let viewer: Page;
let streamId: string;
let ffmpeg: ChildProcess | undefined;

beforeAll(async () => {
  server = await TestServer.start();
  browser = await launchBrowser(
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--auto-select-desktop-capture-source=Entire screen',
  );
  context = await browser.newContext({ viewport: { width: 1_440, height: 900 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone']);
  studio = await context.newPage();
  await studio.goto(await server.signInUrl());
  await studio.getByTestId('library-empty').waitFor();
});

afterAll(async () => {
  await endFfmpeg();
  await browser?.close();
  await server?.stop();
});

test('one click on the page of streams puts the test picture on air, and its link plays it without an account', async () => {
  await studio.goto(`${server.run.control}/#/live`);
  await studio.getByTestId('quick-start').getByTestId('studio-test').click();
  await onAir();
  streamId = /ls_[a-z0-9]{16}/.exec(studio.url())?.[0] ?? '';
  await studio.getByTestId('studio-links').getByText('Copy viewers’ link').click();
  viewer = await (await browser.newContext()).newPage();
  await viewer.goto(await copied(/#\/play/));
  await untilPlaying(viewer, 'll-hls');
  await expect.poll(() => delaySeconds(viewer), LONG).toBeLessThan(20);
});

test('whoever is in the studio is no viewer', async () => {
  await expect.poll(() => studio.getByTestId('viewers').textContent(), LONG).toBe('1 watching');
});

test('a studio on air is not left by a slip', async () => {
  await studio.getByRole('link', { name: 'Library', exact: true }).click();
  await studio.getByText('Stay on air').click();
  expect(studio.url()).toContain(streamId);
  expect(await studio.getByTestId('on-air').getAttribute('data-phase')).toBe('live');
});

test.each(['camera', 'screen'])('the %s goes on air, and who watches sees it without doing anything', async (kind) => {
  await studio.getByTestId('studio-stop').click();
  await viewer.getByTestId('live-reconnecting').waitFor(LONG);
  await studio.getByTestId('studio-another').click();
  await studio.getByTestId(`studio-${kind}`).click();
  await studio.getByTestId('studio-go-live').click();
  await onAir();
  await expect.poll(() => viewer.getByTestId('live-reconnecting').count(), LONG).toBe(0);
  await untilPlaying(viewer, 'll-hls');
  // Only the test picture has a time code.
  await expect.poll(() => delaySeconds(viewer), LONG).toBeNaN();
});

test('the command for ffmpeg runs as it is pasted, and the health of what arrives is that of the source', async () => {
  await studio.getByTestId('studio-stop').click();
  await viewer.getByTestId('live-reconnecting').waitFor(LONG);
  // What was measured of a source that is gone says nothing.
  await expect.poll(() => studio.getByTestId('health').textContent(), LONG).toContain('Measuring');
  await studio.getByTestId('from-encoder').click();
  await studio.getByTestId('copy-ffmpeg').click();
  ffmpeg = spawn(await copied(/^ffmpeg /), { shell: true, detached: true, stdio: 'ignore' });
  await expect.poll(() => viewer.getByTestId('live-reconnecting').count(), LONG).toBe(0);
  await untilPlaying(viewer, 'll-hls');
  await expect.poll(() => studio.getByTestId('health').textContent(), LONG).toContain('Key frame every 2.0 s');
});

test('what was just on air is clipped while it goes on, and plays', async () => {
  await studio.getByTestId('clip-last').click();
  const link = studio.getByTestId('clip-link').first();
  await link.waitFor(LONG);
  const [film] = await Promise.all([context.waitForEvent('page'), link.click()]);
  await plays(film);
  await film.close();
});

test('a visitor without an account is led from the end to the recording', async () => {
  await server.api('POST', `/v1/live-streams/${streamId}/end`);
  await endFfmpeg();
  await viewer.getByTestId('live-ended').waitFor(LONG);
  await viewer.getByTestId('watch-recording').click(LONG);
  await plays(viewer);
});

test('a part of the recording becomes a film of its own', async () => {
  const { broadcast } = (await (await server.api('GET', `/v1/live-streams/${streamId}`)).json()) as {
    broadcast: { recordingId: string };
  };
  await studio.goto(`${server.run.control}/#/watch/${broadcast.recordingId}`);
  await studio.getByTestId('clip-open').click();
  await studio.getByTestId('clip-out').fill('0:03.5');
  await studio.getByTestId('clip-out').press('Enter');
  await studio.getByTestId('clip-title').fill('The beginning');
  await studio.getByTestId('clip-submit').click();
  const row = studio.getByTestId('clip-row');
  await expect.poll(() => row.textContent(), LONG).toMatch(/The beginning0:00\.0 to 0:0\d\.\d/);
  const [, end] = /to 0:(0\d\.\d)/.exec((await row.textContent()) ?? '') ?? [];
  expect(Math.abs(Number(end) - (await segmentEnd(broadcast.recordingId, 3.5)))).toBeLessThan(0.11);
  const [film] = await Promise.all([context.waitForEvent('page'), studio.getByTestId('clip-link').click()]);
  await plays(film);
  await film.close();
});

test.each([
  ['by URL', 'll-hls', 'url'],
  ['by URL', 'channel', 'url'],
  ['by cookies', 'll-hls', 'cookies'],
  ['by cookies', 'channel', 'cookies'],
])('a signed stream plays with a grant %s as %s', async (_, delivery, carrier) => {
  const signed = await signedStream();
  await studio.goto(`${server.run.control}/#/tune-in/${signed}?by=${delivery}&carrier=${carrier}`);
  await untilPlaying(studio, delivery);
  await studio.goto('about:blank');
});

/** Where the segment ends that is on at this moment of a recording: how long segments are is a matter of the browser's key frames. */
async function segmentEnd(recordingId: string, atSeconds: number): Promise<number> {
  const asset = await server.api('GET', `/v1/assets/${recordingId}`);
  const { playbackUrl } = (await asset.json()) as { playbackUrl: string };
  const master = await (await fetch(playbackUrl)).text();
  const uri = master.split('\n').find((line) => line.endsWith('.m3u8')) ?? '';
  const playlist = await (await fetch(new URL(uri, playbackUrl))).text();
  let end = 0;
  for (const [, seconds] of playlist.matchAll(/^#EXTINF:([\d.]+)/gm)) {
    end += Number(seconds);
    if (end >= atSeconds) break;
  }
  return end;
}

let signed: string | undefined;

/** On air by ffmpeg, from the first time on that it is asked for. */
async function signedStream(): Promise<string> {
  if (signed !== undefined) return signed;
  const made = await server.api('POST', '/v1/live-streams', { title: 'Members', policy: 'signed' });
  const body = (await made.json()) as { streamId: string; streamKey: string; ingest: { rtmp: string } };
  const inputs = '-re -f lavfi -i testsrc2=size=320x180:rate=25 -re -f lavfi -i sine=sample_rate=48000';
  const codecs = '-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac';
  const line = `ffmpeg ${inputs} ${codecs} -f flv "${body.ingest.rtmp}/${body.streamKey}"`;
  ffmpeg = spawn(line, { shell: true, detached: true, stdio: 'ignore' });
  signed = body.streamId;
  return signed;
}

async function endFfmpeg(): Promise<void> {
  const running = ffmpeg;
  ffmpeg = undefined;
  if (running?.pid === undefined || running.exitCode !== null) return;
  const gone = once(running, 'exit');
  // The shell's whole group: its child is what publishes.
  process.kill(-running.pid, 'SIGKILL');
  await gone;
}

async function onAir(): Promise<void> {
  await expect.poll(() => studio.getByTestId('on-air').getAttribute('data-phase'), LONG).toBe('live');
}

/** What is on the clipboard, once it is what was asked for. */
async function copied(wanted: RegExp): Promise<string> {
  const read = async () => String(await studio.evaluate('navigator.clipboard.readText()'));
  await expect.poll(read, LONG).toMatch(wanted);
  return read();
}
