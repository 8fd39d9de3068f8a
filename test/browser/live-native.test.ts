import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { LiveServer, segmentsOf, type TestPublisher, type TestStream } from '../harness/live.ts';
import { drag, LONG, plays, untilPlaying } from '../harness/live-page.ts';

/**
 * Browsers as iPhones have them: without Media Source, and with the managed kind alone. Chromium plays HLS by itself too,
 * without a window to seek in for as long as a playlist grows: what needs one gets a playlist that is complete.
 */

const WITHOUT_MEDIA_SOURCE = 'delete window.MediaSource; delete window.ManagedMediaSource;';

/** As strict as Safari's, which opens only where nothing else can take the playback over. */
const MANAGED_ONLY = `
  const Plain = window.MediaSource;
  delete window.MediaSource;
  window.ManagedMediaSource = class extends Plain {
    constructor() {
      super();
      window.managed = this;
    }
    addSourceBuffer(type) {
      const videos = [...document.querySelectorAll('video')].filter(({ src }) => src.startsWith('blob:'));
      if (!videos.some(({ disableRemotePlayback }) => disableRemotePlayback)) throw new Error('remote playback');
      return super.addSourceBuffer(type);
    }
  };
`;

let live: LiveServer;
let browser: Browser;
let stream: TestStream;
let publisher: TestPublisher;
let playbackUrl: string;

beforeAll(async () => {
  live = await LiveServer.start();
  browser = await launchBrowser();
  stream = await live.createStream();
  publisher = live.publish(stream);
  await live.untilStatus(stream, 'live');
  const answer = await live.server.api('GET', `/v1/live-streams/${stream.id}`);
  ({ playbackUrl } = (await answer.json()) as { playbackUrl: string });
});

afterAll(async () => {
  await browser?.close();
  await live?.stop();
});

async function newPage(script: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } });
  await context.addInitScript(script);
  return context.newPage();
}

const typeOf = (message: string | Buffer) => (JSON.parse(String(message)) as { type: string }).type;

const shared = () => `${live.server.run.control}/#/play?url=${encodeURIComponent(playbackUrl)}`;

const pictureSeconds = (page: Page) => page.evaluate('__frontrowLive.video.currentTime') as Promise<number>;

describe('where there is managed Media Source alone', () => {
  let page: Page;
  const sent: string[] = [];
  beforeAll(async () => {
    page = await newPage(MANAGED_ONLY);
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(typeOf(payload))));
    await page.goto(await live.server.anotherSignInUrl());
    await page.getByTestId('who').waitFor();
    await page.goto(`${live.server.run.control}/#/tune-in/${stream.id}?by=channel`);
  });
  afterAll(() => page?.context().close());

  test('the channel plays by it', async () => {
    await untilPlaying(page, 'channel');
  });

  test('nothing is sent while the browser wants nothing, and the newest afterwards', async () => {
    const buffered = () =>
      page.evaluate(`(({ buffered }) => buffered.end(buffered.length - 1))(__frontrowLive.video)`) as Promise<number>;
    await page.evaluate(`managed.dispatchEvent(new Event('endstreaming'))`);
    await expect.poll(() => sent.at(-1), LONG).toBe('unsubscribe');
    // What was on its way has come, and it has run dry.
    await expect.poll(() => page.evaluate('__frontrowLive.video.readyState'), LONG).toBeLessThan(3);
    const end = await buffered();
    await page.evaluate(`managed.dispatchEvent(new Event('startstreaming'))`);
    await expect.poll(buffered, LONG).toBeGreaterThan(end + 1);
    await untilPlaying(page, 'channel');
  });
});

test('without Media Source one goes back in the window, and returns to the newest', async () => {
  const page = await newPage(WITHOUT_MEDIA_SOURCE);
  await live.until(stream, 'b1/180p/index.m3u8', (playlist) => segmentsOf(playlist) > 12);
  await page.route(/index\.m3u8/, async (route) => {
    const { range: _, ...headers } = await route.request().allHeaders();
    const response = await route.fetch({ headers });
    await route.fulfill({ response, body: `${await response.text()}#EXT-X-ENDLIST\n` });
  });
  await page.goto(shared());
  await untilPlaying(page, 'll-hls');
  await page.evaluate(`
    window.soughtBehind = [];
    const { video } = __frontrowLive;
    video.addEventListener('seeked', () => window.soughtBehind.push(Math.round(video.duration - video.currentTime)));
  `);
  const soughtBehind = () => page.evaluate('window.soughtBehind');
  await drag(page, 15);
  await expect.poll(soughtBehind, LONG).toEqual([15]);
  await untilPlaying(page, 'll-hls');
  await page.getByTestId('live-player').hover();
  await page.getByTestId('go-live').click();
  await expect.poll(soughtBehind, LONG).toEqual([15, 0]);
  await page.context().close();
});

describe('without Media Source', () => {
  let page: Page;
  beforeAll(async () => {
    page = await newPage(WITHOUT_MEDIA_SOURCE);
    await page.goto(shared());
  });
  afterAll(() => page?.context().close());

  test('the browser plays the playlist by itself, and there is nothing to choose', async () => {
    await untilPlaying(page, 'll-hls');
    expect(await page.evaluate('__frontrowLive.video.src')).toBe(playbackUrl);
    expect(await page.getByTestId('delivery-menu').count()).toBe(0);
    expect(await page.getByTestId('quality-menu').count()).toBe(0);
    await page.keyboard.press('i');
    expect(await page.getByTestId('stats-delivery').textContent()).toBe('HLS by the browser');
    await page.keyboard.press('i');
  });

  test('the channel still tells what is said', async () => {
    await page.getByTestId('chat-name').fill('Ada');
    await page.getByTestId('chat-text').fill('Hello from a phone');
    await page.getByTestId('chat-send').click();
    await expect
      .poll(() => page.getByTestId('chat-message').allTextContents(), LONG)
      .toEqual([expect.stringContaining('Hello from a phone')]);
  });

  test('a publisher that comes back is followed over the seam, by the same engine', async () => {
    await page.evaluate(`__frontrowLive.video.addEventListener('emptied', () => { window.isMadeAnew = true; })`);
    await publisher.kill();
    await page.getByTestId('live-reconnecting').waitFor(LONG);
    publisher = live.publish(stream);
    await expect.poll(() => page.getByTestId('live-reconnecting').count(), LONG).toBe(0);
    // Further than what was there of the first session.
    const held = 8;
    const seam = await pictureSeconds(page);
    await expect.poll(() => pictureSeconds(page), LONG).toBeGreaterThan(seam + held);
    expect(await page.evaluate('window.isMadeAnew')).toBeUndefined();
  });

  test('the end leads on to the recording, which plays', async () => {
    await live.server.api('POST', `/v1/live-streams/${stream.id}/end`);
    await page.getByTestId('live-ended').waitFor(LONG);
    await page.getByTestId('watch-recording').click(LONG);
    await plays(page);
    expect(await page.evaluate('Boolean(__frontrowPlayer.hls)')).toBe(false);
  });
});

test.each(['url', 'cookies'])('without Media Source a signed stream plays with a grant in %s', async (carrier) => {
  const members = await live.createStream({ policy: 'signed' });
  const broadcaster = live.publish(members);
  await live.untilStatus(members, 'live');
  const page = await newPage(WITHOUT_MEDIA_SOURCE);
  await page.goto(await live.server.anotherSignInUrl());
  await page.getByTestId('who').waitFor();
  // Whoever asks for the channel gets what the browser can.
  await page.goto(`${live.server.run.control}/#/tune-in/${members.id}?by=channel&carrier=${carrier}`);
  await untilPlaying(page, 'll-hls');
  await page.context().close();
  await broadcaster.stop();
});
