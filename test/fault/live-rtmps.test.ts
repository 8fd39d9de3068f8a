import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RtmpDoor, type RtmpDoorOptions } from '../../src/live/doors/rtmp/door.ts';
import { layCertificate } from '../harness/certificate.ts';
import { STREAM_KEY, startEncoder, TestDesk } from '../harness/live-desk.ts';
import { RecordingLog } from '../harness/recording-log.ts';
import { RtmpClient } from '../harness/rtmp-client.ts';

let desk: TestDesk;
let doors: RtmpDoor[];
let sockets: Socket[];
let certificates: string;
let log: RecordingLog;

beforeEach(async () => {
  desk = new TestDesk();
  doors = [];
  sockets = [];
  log = new RecordingLog();
  certificates = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  await layCertificate(certificates, 'default', 'first.example');
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(doors.map((door) => door.stop()));
  await rm(certificates, { recursive: true });
});

/** Conditions are waited for; machines with two busy cores are slow. */
const PATIENCE = { timeout: 60_000 };

async function open(options: Partial<RtmpDoorOptions> = {}): Promise<number> {
  const door = new RtmpDoor({ host: '127.0.0.1', port: 0, desk, log, certificates, ...options });
  doors.push(door);
  return door.start();
}

/** A connection that says nothing by itself. */
async function plain(port: number): Promise<Socket> {
  const socket = connectPlain(port, '127.0.0.1').on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function secure(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket.on('error', () => {});
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.resume().closed) await once(socket, 'close');
}

const certifiedName = (socket: TLSSocket) => String(socket.getPeerCertificate().subject.CN);

test('an encoder that speaks RTMP without TLS is refused, and its key is never looked at', async () => {
  const port = await open();
  const encoder = startEncoder(60, ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${STREAM_KEY}`]);
  expect(await encoder.said).not.toBe('');
  const byHand = new RtmpClient(port);
  byHand.socket.write(Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1_536)]));
  await byHand.closed;
  expect(byHand.said.length).toBeLessThan(16); // an alert of TLS at most
  expect(desk.callers).toEqual([]);
});

test('whoever connects and says nothing is sent away, before the handshake and behind it', async () => {
  const port = await open({ introductionMs: 300 });
  const [silent, shaken] = [await plain(port), await secure(port)];
  await Promise.all([closed(silent), closed(shaken)]);
});

test('a handshake that comes in drops has no longer than another', async () => {
  const socket = await plain(await open({ introductionMs: 1_000 }));
  // The head of a record that is announced to be long.
  socket.write(Buffer.of(0x16, 3, 1, 0x10, 0, 1, 0, 0x0f, 0xfc, 3, 3));
  const drops = setInterval(() => socket.write(Buffer.of(0)), 50);
  await closed(socket);
  clearInterval(drops);
});

test('handshakes count against their address, and give their places back', async () => {
  const port = await open({ limits: { everybody: 100, waiting: 20, waitingPerAddress: 2 } });
  const [silent, garbling] = [await plain(port), await plain(port)];
  await closed(await plain(port));
  silent.destroy();
  garbling.write('GET / HTTP/1.1\r\n\r\n');
  await closed(garbling);
  const areServed = async () => {
    const both = await Promise.allSettled([secure(port), secure(port)]);
    for (const each of both) if (each.status === 'fulfilled') each.value.destroy();
    return both.map(({ status }) => status);
  };
  await expect.poll(areServed, PATIENCE).toEqual(['fulfilled', 'fulfilled']);
});

test('a publisher inside TLS is held to the same rules, and its key is in no log', async () => {
  const client = new RtmpClient(await secure(await open({ idleMs: 200 })));
  await client.connect();
  client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  expect(publisher).toMatchObject({ door: 'rtmp', address: '127.0.0.1' });
  expect(await publisher.gone).toBe('lost');
  await client.closed;
  await log.until('connection ended');
  expect(JSON.stringify(log.lines)).not.toContain(STREAM_KEY);
});

test('a wrong key is refused in the words of RTMP', async () => {
  const client = new RtmpClient(await secure(await open()));
  await client.connect();
  client.publish('sk_wrong');
  await client.closed;
  expect(client.said).toContain('STREAM_KEY_REFUSED');
});

test('a renewed certificate is in force without a restart, and who publishes goes on', async () => {
  const port = await open();
  const before = await secure(port);
  expect(certifiedName(before)).toBe('first.example');
  const client = new RtmpClient(before);
  await client.connect();
  client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  await layCertificate(certificates, 'default', 'second.example');
  await log.until('certificates read again');
  expect(certifiedName(await secure(port))).toBe('second.example');
  client.command('FCUnpublish', 4, null, STREAM_KEY);
  expect(await publisher.gone).toBe('finished');
});

test('a door that closes does not wait for handshakes', async () => {
  const port = await open({ introductionMs: 600_000 });
  const silent = await plain(port);
  await secure(port);
  await doors[0]?.stop();
  await closed(silent);
});
