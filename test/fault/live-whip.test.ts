import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { RTCPeerConnection } from 'werift';
import { silentLog } from '../../src/kernel/log.ts';
import { WhipDoor, type WhipDoorOptions } from '../../src/live/doors/whip/door.ts';
import { openDoors } from '../harness/ingest-listener.ts';
import { STREAM_KEY, TestDesk } from '../harness/live-desk.ts';

let desk: TestDesk;
/** The one that was opened last. */
let door: WhipDoor;

beforeEach(() => {
  desk = new TestDesk();
});

const PATIENCE = { timeout: 60_000 };

async function open(options: Partial<WhipDoorOptions> = {}): Promise<string> {
  door = new WhipDoor({ host: '127.0.0.1', desk, log: silentLog, ...options });
  const { port, stop } = await openDoors([door]);
  onTestFinished(stop);
  return `http://127.0.0.1:${port}/live/whip`;
}

async function offer(): Promise<string> {
  const peer = new RTCPeerConnection({ iceServers: [] });
  peer.addTransceiver('video', { direction: 'sendonly' });
  peer.addTransceiver('audio', { direction: 'sendonly' });
  await peer.setLocalDescription(await peer.createOffer());
  const sdp = peer.localDescription?.sdp ?? '';
  await peer.close();
  return sdp;
}

function post(url: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const all = { authorization: `Bearer ${STREAM_KEY}`, 'content-type': 'application/sdp', ...headers };
  return fetch(url, { method: 'POST', headers: all, body });
}

test('a publisher without a key, or with a wrong one, is refused before its offer is read', async () => {
  const url = await open();
  const without = await post(url, 'v=0', { authorization: '' });
  const wrong = await post(url, 'v=0', { authorization: 'Bearer sk_wrong' });
  expect([without.status, wrong.status]).toEqual([401, 401]);
  expect(desk.callers.map(({ streamKey }) => streamKey)).toEqual(['sk_wrong']);
});

const garbage: [string, string, number][] = [
  ['nothing', '', 415],
  ['text that is no description', 'hello', 415],
  ['a picture in a codec that is not read here', 'm=video 9 X 45\r\na=rtpmap:45 AV1/90000\r\n', 415],
  ['half a description', 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n', 400],
  [
    'a description of sixty kilobytes',
    `m=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\n${'a=candidate:x\r\n'.repeat(4_000)}`,
    400,
  ],
  ['a description above the limit', 'a'.repeat(100_000), 413],
];

test.each(garbage)('%s in place of an offer is refused, and the place given back', async (_, body, status) => {
  const answer = await post(await open(), body);
  expect(answer.status).toBe(status);
  expect(desk.left).toBe(desk.callers.length);
});

const reserved: [string, string, string][] = [
  ...['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'].map((method): [string, string, string] => [method, '', 'POST, OPTIONS']),
  ...['GET', 'HEAD', 'PUT', 'PATCH', 'POST'].map((method): [string, string, string] => [
    method,
    '/x',
    'DELETE, OPTIONS',
  ]),
];

test.each(reserved)('%s of the address%s is not allowed, and told what is', async (method, path, allowed) => {
  const type = { 'content-type': 'application/trickle-ice-sdpfrag' };
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const answer = await fetch(`${await open()}${path}`, { method, headers: type, ...(hasBody ? { body: 'a=x' } : {}) });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
});

test('OPTIONS tell a page of another origin what is taken, a refusal how to come in, and a full door when to come again', async () => {
  const url = await open({ limits: { everybody: 0, waiting: 5, waitingPerAddress: 5 } });
  const options = await fetch(url, { method: 'OPTIONS' });
  expect([options.status, options.headers.get('accept-post')]).toEqual([200, 'application/sdp']);
  expect(options.headers.get('access-control-allow-origin')).toBe('*');
  const without = await post(url, 'v=0', { authorization: '' });
  expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="frontrow"']);
  const full = await post(url, 'v=0');
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '2']);
});

test('another content type is refused', async () => {
  const answer = await post(await open(), '{}', { 'content-type': 'application/json' });
  expect(answer.status).toBe(415);
});

test('a publisher that never connects gives its place back', async () => {
  const url = await open({ connectMs: 200 });
  const answer = await post(url, await offer());
  expect(answer.status).toBe(201);
  await expect.poll(() => desk.left, PATIENCE).toBe(1);
  expect(desk.publishers).toEqual([]);
  const again = await fetch(new URL(answer.headers.get('location') ?? '', url), { method: 'DELETE' });
  expect(again.status).toBe(404);
});

test('a publisher who is still being let in when the door closes leaves nothing behind', async () => {
  const gate = Promise.withResolvers<void>();
  desk.gate = gate.promise;
  const url = await open();
  const response = post(url, await offer());
  await expect.poll(() => desk.callers.length, PATIENCE).toBe(1);
  door.stop();
  gate.resolve();
  expect((await response).status).toBe(503);
  expect(desk.left).toBe(1);
});

test('garbage at the port of media harms nobody', async () => {
  const url = await open({ connectMs: 3_000 });
  const sdp = await (await post(url, await offer())).text();
  const ports = [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)/gim)].map(([, port]) => Number(port));
  expect(ports.length).toBeGreaterThan(0);
  const socket = createSocket('udp4');
  for (const port of ports) {
    // By their first byte taken for STUN, DTLS and RTP (RFC 7983), and for nothing.
    for (const first of [0, 1, 20, 22, 23, 25, 128, 200, 255]) {
      for (let length = 1; length < 1_400; length += 61) {
        const packet = randomBytes(length);
        packet[0] = first;
        socket.send(packet, port, '127.0.0.1');
      }
    }
  }
  await expect.poll(() => desk.left, PATIENCE).toBe(1);
  socket.close();
  await once(socket, 'close');
  expect((await post(url, await offer())).status).toBe(201);
});

test('so many from one address wait, and the others are told to come later', async () => {
  const url = await open({ limits: { everybody: 10, waiting: 5, waitingPerAddress: 2 } });
  const gate = Promise.withResolvers<void>();
  desk.gate = gate.promise;
  const waiting = [post(url, 'v=0'), post(url, 'v=0')];
  await expect.poll(() => desk.callers.length, PATIENCE).toBe(2);
  expect((await post(url, 'v=0')).status).toBe(503);
  gate.resolve();
  await Promise.all(waiting);
  expect((await post(url, 'v=0')).status).toBe(415);
});
