import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { LiveServer, waitFor } from '../harness/live.ts';

let live: LiveServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  // So that it is the connection which tells of a loss, and not that nothing comes.
  live = await LiveServer.start({ environment: { FRONTROW_LIVE_SILENCE_SECONDS: '120' } });
  browser = await launchBrowser(
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection',
    '--disable-features=WebRtcHideLocalIpsWithMdns',
  );
});

afterAll(async () => {
  await browser?.close();
  await live?.stop();
});

beforeEach(async () => {
  page = await browser.newPage();
  await page.goto(`${live.server.run.control}/`);
});

afterEach(() => page.close());

interface Published {
  readonly status: number;
  readonly location: string;
}

/** The browser's camera and microphone, published as any page would. */
function publish(key: string, codec: string): Promise<Published> {
  return page.evaluate<Published>(`(async () => {
    const source = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: true });
    const peer = (globalThis.peer = new RTCPeerConnection());
    for (const track of source.getTracks()) {
      const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [source] });
      if (track.kind !== 'video') continue;
      const { codecs } = RTCRtpSender.getCapabilities('video');
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === 'video/${codec}'));
    }
    await peer.setLocalDescription();
    while (peer.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
    const headers = { authorization: 'Bearer ${key}', 'content-type': 'application/sdp' };
    const answer = await fetch('/live/whip', { method: 'POST', headers, body: peer.localDescription.sdp });
    const sdp = await answer.text();
    if (answer.status === 201) await peer.setRemoteDescription({ type: 'answer', sdp });
    return { status: answer.status, location: answer.headers.get('location') ?? '' };
  })()`);
}

const segmentsOf = (text: string) => text.split('#EXTINF').length - 1;

test.each(['VP8', 'H264'])(
  "a browser's camera in %s is a broadcast with sound and picture until its DELETE",
  async (codec) => {
    const stream = await live.createStream({ reconnectSeconds: 0 });
    const { status, location } = await publish(stream.streamKey, codec);
    expect(status).toBe(201);
    await live.untilStatus(stream, 'live');
    const [sound, picture] = await live.renditions(stream);
    expect(sound).toBe('audio');
    for (const name of [sound, picture]) {
      await live.until(stream, `b1/${name}/index.m3u8`, (text) => segmentsOf(text) >= 3);
    }
    expect(await page.evaluate(`fetch('${location}', { method: 'DELETE' }).then(({ status }) => status)`)).toBe(200);
    await live.until(stream, `b1/${picture}/index.m3u8`, (text) => text.includes('#EXT-X-ENDLIST'));
    expect(await live.untilStatus(stream, 'idle')).toMatchObject({ broadcast: { endReason: 'finished' } });
  },
);

test('a browser that is gone without a word is a lost publisher', async () => {
  const stream = await live.createStream({ reconnectSeconds: 60 });
  await publish(stream.streamKey, 'VP8');
  await live.untilStatus(stream, 'live');
  await page.close();
  const isLost = async () => (await live.stream(stream)).status === 'reconnecting' || undefined;
  await waitFor('the loss to be seen', isLost, 90_000);
  page = await browser.newPage();
});

test('a browser with a wrong key is refused, late', async () => {
  const began = Date.now();
  expect(await publish('lsk_wrongwrongwrongwrong', 'VP8')).toMatchObject({ status: 401 });
  expect(Date.now() - began).toBeGreaterThan(500);
  expect(live.server.said).not.toContain('lsk_wrong');
});
