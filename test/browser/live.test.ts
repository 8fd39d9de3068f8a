import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { delaySeconds, deliver, drag, LONG, plays, untilPlaying } from '../harness/live-page.ts';
import { TestServer } from '../harness/server.ts';

let server: TestServer;
let browser: Browser;
let studio: Page;
let viewer: Page;
let streamId: string;
/** Cuts the studio's line to the server. */
let cut = () => {};
let lines = 0;

beforeAll(async () => {
  server = await TestServer.start();
  browser = await launchBrowser('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream');
  studio = await newPage();
  await studio.routeWebSocket(/\/live\/ingest$/, (line) => {
    lines += 1;
    const beyond = line.connectToServer();
    cut = () => void Promise.all([line.close({ code: 4000 }), beyond.close({ code: 4000 })]);
  });
  await studio.goto(await server.signInUrl());
  await studio.getByTestId('library-empty').waitFor();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test('a stream is made, and its key is on the page when it is asked for and not before', async () => {
  await studio.goto(`${server.run.control}/#/live`);
  await studio.getByTestId('live-create').click();
  await studio.getByTestId('live-title').fill('Friday talks');
  await studio.getByTestId('live-submit').click();
  await studio.getByTestId('broadcast').waitFor();
  streamId = /ls_[a-z0-9]{16}/.exec(studio.url())?.[0] ?? '';
  await studio.getByTestId('from-encoder').click();
  const { streamKey, ingest } = (await (await server.api('GET', `/v1/live-streams/${streamId}`)).json()) as {
    streamKey: string;
    ingest: { rtmp: string };
  };
  expect(await studio.getByTestId('address-rtmp').textContent()).toBe(ingest.rtmp);
  expect(await studio.content()).not.toContain(streamKey);
  await studio.getByTestId('stream-key-show').click();
  await expect.poll(() => studio.getByTestId('stream-key').textContent()).toBe(streamKey);
  await studio.getByTestId('stream-key-show').click();
  expect(await studio.content()).not.toContain(streamKey);
});

test('a camera that is allowed after its page was left is off', async () => {
  await useCamera();
  await studio.getByTestId('from-browser').click();
  await studio.getByTestId('studio-camera').click();
  await studio.goto(`${server.run.control}/#/live`);
  await studio.getByTestId('stream-list').waitFor();
  await studio.evaluate('allow()');
  await expect.poll(() => studio.evaluate('camera.readyState')).toBe('ended');
});

test('a camera that is unplugged makes room for another picture, and says so', async () => {
  await studio.goto(`${server.run.control}/#/live/${streamId}`);
  await useCamera();
  await studio.getByTestId('studio-camera').click();
  await studio.evaluate('allow()');
  await studio.getByTestId('studio-go-live').waitFor();
  await studio.evaluate(`camera.stop(); camera.dispatchEvent(new Event('ended'))`);
  await studio.getByTestId('studio-problem').waitFor();
  await studio.getByTestId('studio-test').waitFor();
});

test('a page that waits begins to play by itself when somebody goes live from a browser', async () => {
  viewer = await newPage();
  const { playbackUrl } = (await (await server.api('GET', `/v1/live-streams/${streamId}`)).json()) as {
    playbackUrl: string;
  };
  await viewer.goto(`${server.run.control}/#/play?url=${encodeURIComponent(playbackUrl)}`);
  await viewer.getByTestId('live-waiting').waitFor();
  await goLive();
  await untilPlaying(viewer, 'll-hls');
  await expect.poll(() => delaySeconds(viewer), LONG).toBeLessThan(8);
  await expect.poll(() => studio.getByTestId('health-frame-rate').textContent(), LONG).toMatch(/\d/);
});

test('it plays by the channel as well, and is nearer to the publisher then', async () => {
  await watchFrames(viewer);
  await deliver(viewer, 'Channel');
  await untilPlaying(viewer, 'channel');
  expect(await badFrames(viewer)).toEqual([]);
  await expect.poll(() => delaySeconds(viewer), LONG).toBeLessThan(4);
  await expect.poll(() => viewer.getByTestId('go-live').getAttribute('data-lit'), LONG).toBe('true');
});

test('a line that drops is dialled again, and viewers go on', async () => {
  cut();
  await expect.poll(() => studio.locator('.line-facts').textContent(), LONG).toContain('Dropped lines1');
  await expect.poll(() => studio.getByTestId('on-air').getAttribute('data-phase'), LONG).toBe('live');
  await expect.poll(() => delaySeconds(viewer), LONG).toBeLessThan(4);
  await untilPlaying(viewer, 'channel');
});

test('what is paused is not called live, and a key leads back to the newest', async () => {
  const badge = viewer.getByTestId('live-badge');
  await badge.waitFor(LONG);
  await viewer.keyboard.press('k');
  await expect.poll(() => badge.count(), LONG).toBe(0);
  await expect.poll(() => viewer.getByTestId('live-latency').textContent(), LONG).toMatch(/^-0:0[3-9]/);
  await viewer.keyboard.press('End');
  await badge.waitFor(LONG);
  await untilPlaying(viewer, 'channel');
});

test('one goes back in the window, and returns to the newest', async () => {
  await expect.poll(() => viewer.getByTestId('dvr').getAttribute('max').then(Number), LONG).toBeGreaterThan(20);
  await watchFrames(viewer);
  await drag(viewer, 15);
  await untilPlaying(viewer, 'll-hls');
  expect(await badFrames(viewer)).toEqual([]);
  const goLiveButton = viewer.getByTestId('go-live');
  await expect.poll(() => goLiveButton.getAttribute('data-lit'), LONG).toBe('false');
  await expect.poll(() => delaySeconds(viewer), LONG).toBeGreaterThan(10);
  await viewer.getByTestId('live-player').hover();
  await goLiveButton.click();
  await expect.poll(() => goLiveButton.getAttribute('data-lit'), LONG).toBe('true');
  await expect.poll(() => delaySeconds(viewer), LONG).toBeLessThan(8);
  await expect.poll(() => barBehindSeconds(viewer), LONG).toBeLessThan(8);
});

test('a menu that is closed by a key gives the focus back to its button, however soon the key comes', async () => {
  await viewer.getByTestId('live-player').hover();
  // In the task that opens it, before anything is drawn: a hand that is slower comes later than that now and then.
  await viewer.evaluate(`(async () => {
    const button = document.querySelector('[data-testid="delivery-menu"]');
    button.focus();
    button.click();
    for (let turns = 0; turns < 100; turns += 1) await Promise.resolve();
    const key = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true });
    document.querySelector('[data-testid="delivery-option"]')?.getRootNode().activeElement.dispatchEvent(key);
  })()`);
  const focused = () => viewer.evaluate('document.activeElement.dataset.testid');
  await expect.poll(() => viewer.getByTestId('delivery-option').count(), LONG).toBe(0);
  await expect.poll(focused, LONG).toBe('delivery-menu');
});

test('what one viewer says another one reads, until the broadcaster takes it away', async () => {
  const other = await newPage();
  await other.goto(viewer.url());
  await other.getByTestId('chat-text').waitFor();
  await viewer.getByTestId('chat-name').fill('Ada');
  await viewer.getByTestId('chat-text').fill('Hello from Ockham');
  await viewer.getByTestId('chat-send').click();
  const message = other.getByTestId('chat-message');
  await expect.poll(() => message.allTextContents(), LONG).toEqual([expect.stringContaining('Hello from Ockham')]);
  await other.getByTestId('chat-name').fill('Grace');
  await other.getByTestId('chat-text').fill('Hello from New York');
  await other.getByTestId('chat-send').click();
  await expect.poll(() => viewer.getByTestId('chat-message').allTextContents(), LONG).toHaveLength(2);
  await studio.getByTestId('chat-message').first().hover();
  await studio.getByTestId('chat-delete').first().click();
  await expect.poll(() => message.allTextContents(), LONG).toEqual([expect.stringContaining('Hello from New York')]);
  await viewer.getByTestId('reaction').first().click();
  await expect.poll(() => other.getByTestId('shower').locator('span').count(), LONG).toBeGreaterThan(0);
  await other.context().close();
});

test('pages fit a phone: nothing is wider than the screen', async () => {
  const phone = await newPage({ width: 390, height: 844 });
  await phone.goto(await server.anotherSignInUrl());
  await phone.getByTestId('who').waitFor();
  for (const [hash, testId] of [
    ['#/live', 'stream-list'],
    [`#/live/${streamId}`, 'broadcast'],
    [`#/tune-in/${streamId}`, 'live-player'],
  ] as const) {
    await phone.goto(`${server.run.control}/${hash}`);
    await phone.getByTestId(testId).waitFor();
    expect(await phone.evaluate('document.documentElement.scrollWidth'), hash).toBeLessThanOrEqual(390);
  }
  await phone.getByTestId('go-live').waitFor(LONG);
  const right = (what: string) => phone.evaluate(`document.querySelector('${what}').getBoundingClientRect().right`);
  expect(await right('media-fullscreen-button')).toBeLessThanOrEqual(Number(await right('.player')));
  await phone.context().close();
});

test('viewers are told the end, and the broadcast is a film', async () => {
  await viewer.goto('about:blank');
  await viewer.goto(await server.anotherSignInUrl());
  await viewer.getByTestId('who').waitFor();
  await viewer.goto(`${server.run.control}/#/tune-in/${streamId}?by=channel`);
  await untilPlaying(viewer, 'channel');
  await studio.getByTestId('live-end').click();
  await studio.getByTestId('live-confirm').click();
  await viewer.getByTestId('live-ended').waitFor(LONG);
  await expect.poll(() => studio.getByTestId('on-air').getAttribute('data-phase'), LONG).toMatch(/refused|finished/);
  await viewer.getByTestId('watch-recording').click();
  await plays(viewer);
});

async function newPage(viewport = { width: 1_440, height: 900 }): Promise<Page> {
  const context: BrowserContext = await browser.newContext({ viewport });
  return context.newPage();
}

async function goLive(): Promise<void> {
  await studio.getByTestId('studio-test').click();
  await studio.getByTestId('studio-go-live').waitFor();
  await studio.evaluate(`for (const press of [1, 2]) document.querySelector('[data-testid="studio-go-live"]').click()`);
  await expect.poll(() => studio.getByTestId('on-air').getAttribute('data-phase'), LONG).toBe('live');
  expect(lines, 'pressed twice it is sent once').toBe(1);
}

/** One that is there once it is allowed. */
async function useCamera(): Promise<void> {
  await studio.evaluate(`
    [window.camera] = document.createElement('canvas').captureStream().getVideoTracks();
    navigator.mediaDevices.getUserMedia = () =>
      new Promise((resolve) => { window.allow = () => resolve(new MediaStream([camera])); });
  `);
}

/** Looks at every frame that the browser draws from now on. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(`
    window.badFrames = [];
    let front;
    const look = () => {
      const now = document.querySelector('video[slot="media"]');
      // One that seeks or has run dry shows its last picture.
      if (now.readyState < HTMLMediaElement.HAVE_CURRENT_DATA && !now.seeking) window.badFrames.push('no picture');
      if (now.paused) window.badFrames.push('held');
      if (front && now !== front && now.currentTime === 0) window.badFrames.push('too early');
      front = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  `);
}

/** What was wrong with them: no picture, one that is held, or another one before it has moved. */
async function badFrames(page: Page): Promise<unknown> {
  return page.evaluate('[...new Set(window.badFrames)]');
}

/** What the bar shows, which is not what is played while it is dragged. */
async function barBehindSeconds(page: Page): Promise<number> {
  const bar = page.getByTestId('dvr');
  return Number(await bar.getAttribute('max')) - Number(await bar.inputValue());
}
