import { once } from 'node:events';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { WebsocketDoor } from '../../src/live/doors/websocket/door.ts';
import { WhipDoor } from '../../src/live/doors/whip/door.ts';
import type { Publisher } from '../../src/live/seams.ts';
import { launchBrowser } from '../harness/browser.ts';
import { type OpenDoors, openDoors } from '../harness/ingest-listener.ts';
import { probe, STREAM_KEY, TestDesk } from '../harness/live-desk.ts';

let browser: Browser;
let page: Page;
let desk: TestDesk;
let opened: OpenDoors;

beforeAll(async () => {
  browser = await launchBrowser('--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns');
});

afterAll(() => browser.close());

beforeEach(async () => {
  desk = new TestDesk();
  const websocket = new WebsocketDoor({ publicUrl: '', desk, log: silentLog });
  const whip = new WhipDoor({ host: '127.0.0.1', desk, log: silentLog });
  opened = await openDoors([websocket, whip], (listener) => {
    listener.get('/', async (_request, reply) => reply.type('text/html').send('<!doctype html><title>live</title>'));
  });
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${opened.port}/`);
  await page.addScriptTag({ content: PAGE });
});

afterEach(async () => {
  await page.close();
  await opened.stop();
});

/** Runs in the page: a moving picture with a tone, and both ways of publishing it. */
const PAGE = `
const canvas = document.createElement('canvas');
[canvas.width, canvas.height] = [320, 180];
const pen = canvas.getContext('2d');
let at = 0;
let drawn = 0;
setInterval(() => {
  drawn += 1;
  at = (at + 4) % 320;
  pen.fillStyle = 'hsl(' + at + ' 80% 50%)';
  pen.fillRect(0, 0, 320, 180);
  pen.fillStyle = 'white';
  pen.fillRect(at, 60, 40, 40);
}, 33);
const audio = new AudioContext();
const hum = audio.createOscillator();
const sink = audio.createMediaStreamDestination();
hum.connect(sink);
hum.start();
const source = new MediaStream([...canvas.captureStream(30).getTracks(), ...sink.stream.getTracks()]);

async function publishByWhip(key, codec) {
  const peer = new RTCPeerConnection();
  for (const track of source.getTracks()) {
    const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [source] });
    if (track.kind !== 'video') continue;
    const isWanted = ({ mimeType }) => mimeType === 'video/' + codec;
    const { codecs } = RTCRtpSender.getCapabilities('video');
    transceiver.setCodecPreferences([...codecs.filter(isWanted), ...codecs.filter((each) => !isWanted(each))]);
  }
  await peer.setLocalDescription();
  while (peer.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
  const headers = { authorization: 'Bearer ' + key, 'content-type': 'application/sdp' };
  const answer = await fetch('/live/whip', { method: 'POST', headers, body: peer.localDescription.sdp });
  const sdp = await answer.text();
  if (answer.status === 201) await peer.setRemoteDescription({ type: 'answer', sdp });
  return { status: answer.status, location: answer.headers.get('location') };
}

let finish;
function publishByRecorder(key) {
  const mimeType = 'video/webm;codecs=vp8,opus';
  const socket = new WebSocket('ws://' + location.host + '/live/ingest');
  const recorder = new MediaRecorder(source, { mimeType, videoBitsPerSecond: 2_000_000 });
  recorder.ondataavailable = ({ data }) => socket.send(data);
  recorder.onstop = () => socket.send('{"type":"finished"}');
  finish = () => recorder.stop();
  socket.onopen = () => socket.send(JSON.stringify({ type: 'publish', streamKey: key, mimeType }));
  socket.onmessage = () => recorder.start(100);
}
`;

/** Reads until the page has drawn what is enough, however slow it is, and goes on reading. */
async function arrives(publisher: Publisher): Promise<{ readonly all: Promise<Uint8Array> }> {
  const arrived: Buffer[] = [];
  publisher.bytes.on('data', (bytes: Buffer) => arrived.push(bytes));
  const all = once(publisher.bytes, 'end').then(() => Buffer.concat(arrived));
  await expect.poll(() => arrived.length, LONG).toBeGreaterThan(0);
  const before = await page.evaluate<number>('drawn');
  await expect.poll(() => page.evaluate<number>('drawn'), LONG).toBeGreaterThan(before + ENOUGH);
  return { all };
}

/** Pictures in more than a second, of which no more than a third are left out. */
const ENOUGH = 60;
const LONG = { timeout: 60_000 };

test.each(['VP8', 'H264'])('a browser publishes %s by WHIP, and its DELETE is a goodbye', async (codec) => {
  const call = `publishByWhip('${STREAM_KEY}', '${codec}')`;
  const { status, location } = await page.evaluate<{ status: number; location: string }>(call);
  expect(status).toBe(201);
  const publisher = await desk.publisher();
  expect(publisher).toMatchObject({ door: 'whip', container: 'matroska', address: '127.0.0.1' });
  const { all } = await arrives(publisher);
  const ended = await page.evaluate(`fetch('${location}', { method: 'DELETE' }).then(({ status }) => status)`);
  expect(ended).toBe(200);
  const { codecs, frames, seconds } = await probe(await all, 'matroska');
  expect(codecs).toEqual([codec.toLowerCase(), 'opus'].sort());
  expect(frames).toBeGreaterThan(20);
  expect(seconds).toBeGreaterThan(1);
  expect(await publisher.gone).toBe('finished');
});

test('a browser publishes what its MediaRecorder writes', async () => {
  await page.evaluate(`publishByRecorder('${STREAM_KEY}')`);
  const publisher = await desk.publisher();
  const { all } = await arrives(publisher);
  await page.evaluate('finish()');
  const { codecs, frames } = await probe(await all, 'matroska');
  expect(codecs).toEqual(['opus', 'vp8']);
  expect(frames).toBeGreaterThan(20);
  expect(await publisher.gone).toBe('finished');
});
