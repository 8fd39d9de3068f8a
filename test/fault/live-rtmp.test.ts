import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { writeAmf } from '../../src/kernel/rtmp/amf.ts';
import { TYPE, writeMessage } from '../../src/kernel/rtmp/message.ts';
import { RtmpDoor, type RtmpDoorOptions } from '../../src/live/doors/rtmp/door.ts';
import { allBytes, probe, STREAM_KEY, startEncoder, TestDesk } from '../harness/live-desk.ts';
import { RtmpClient } from '../harness/rtmp-client.ts';

let desk: TestDesk;
let doors: RtmpDoor[];

beforeEach(() => {
  desk = new TestDesk();
  doors = [];
});

afterEach(() => Promise.all(doors.map((door) => door.stop())));

async function open(options: Partial<RtmpDoorOptions> = {}): Promise<number> {
  const door = new RtmpDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog, ...options });
  doors.push(door);
  return door.start();
}

/** Conditions are waited for; machines with two busy cores are slow. */
const PATIENCE = { timeout: 60_000 };

async function isServed(port: number): Promise<boolean> {
  const client = new RtmpClient(port);
  const isServed = await Promise.race([client.shake().then(() => true), client.closed.then(() => false)]);
  client.socket.destroy();
  return isServed;
}

const HANDSHAKE_BYTES = 1 + 2 * 1_536;

function handshake(): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  bytes[0] = 3;
  return bytes;
}

/** A byte at a time, with as much time between two. */
async function* dripped(bytes: Uint8Array, everyMs = 0, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length && !signal?.aborted; at += 1) {
    yield bytes.subarray(at, at + 1);
    await setTimeout(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

const AAC_SET_UP = [0xaf, 0, 0x11, 0x90];
const AAC_FRAME = [0xaf, 1, 0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c];

/** A message of sound that says when it is of. */
function soundAt(ms: number, payload: readonly number[] = AAC_FRAME): Buffer {
  const time = [(ms >> 16) & 255, (ms >> 8) & 255, ms & 255];
  return Buffer.from([4, ...time, 0, 0, payload.length, TYPE.audio, 1, 0, 0, 0, ...payload]);
}

const H264_SET_UP = [0x17, 0, 0, 0, 0, 1, 0x42, 0, 0x1e, 0xff, 0xe0, 0];

test('garbage in place of a handshake ends the connection', async () => {
  const client = new RtmpClient(await open());
  client.socket.write('GET / HTTP/1.1\r\n\r\n');
  await client.closed;
  expect(client.said).toBe('');
});

test('garbage behind a handshake ends the connection', async () => {
  const client = new RtmpClient(await open());
  await client.shake();
  client.socket.write(Buffer.concat([Buffer.of(0xff), randomBytes(100_000)]));
  await client.closed;
  expect(desk.callers).toEqual([]);
});

test('a message of 16 MB is refused by its header', async () => {
  const client = new RtmpClient(await open());
  await client.connect();
  client.socket.write(Buffer.of(4, 0, 0, 0, 0xff, 0xff, 0xff, TYPE.video, 1, 0, 0, 0));
  await client.closed;
});

test('whoever asks and never reads the answers is hung up on, and nothing piles up', async () => {
  const client = new RtmpClient(await open({ introductionMs: 600_000 }));
  await client.connect();
  client.socket.pause();
  const question = writeMessage({ type: TYPE.command, streamId: 0, payload: writeAmf(['FCPublish', 4, null, 'x']) });
  const questions = Buffer.concat(Array.from({ length: 2_000 }, () => question));
  const flood = setInterval(() => client.socket.writableLength === 0 && client.socket.write(questions), 1);
  await client.closed;
  clearInterval(flood);
});

test('whoever takes too long to begin is sent away', async () => {
  const port = await open({ introductionMs: 200 });
  const silent = new RtmpClient(port);
  const undecided = new RtmpClient(port);
  await undecided.connect();
  await Promise.all([silent.closed, undecided.closed]);
});

test('a handshake that comes byte by byte is one, and is answered once', async () => {
  const client = new RtmpClient(await open());
  for await (const byte of dripped(handshake())) client.socket.write(byte);
  await expect.poll(() => client.said.length, PATIENCE).toBe(HANDSHAKE_BYTES);
  client.command('connect', 1, { app: 'live' });
  client.publish(STREAM_KEY);
  await desk.publisher();
  expect(client.said.startsWith('\u0003')).toBe(true);
  client.socket.destroy();
});

test('whoever drips a handshake, or what stands behind it, is sent away as if silent', async () => {
  const port = await open({ introductionMs: 500 });
  const began = performance.now();
  const [early, late] = [new RtmpClient(port), new RtmpClient(port)];
  await late.shake();
  const drops = [
    [early, handshake()],
    [late, writeMessage({ type: TYPE.command, streamId: 0, payload: new Uint8Array(3_000) })],
  ] as const;
  await Promise.all(
    drops.map(async ([client, bytes]) => {
      const ended = new AbortController();
      void client.closed.then(() => ended.abort());
      for await (const byte of dripped(bytes, 50, ended.signal)) client.socket.write(byte);
      await client.closed;
    }),
  );
  expect(performance.now() - began).toBeLessThan(15_000); // of two and a half minutes that they would take
  expect(desk.callers).toEqual([]);
});

test('whoever drips a handshake keeps nobody out who does not', async () => {
  const port = await open({
    limits: { everybody: 1_000, waiting: 20, waitingPerAddress: 10 },
    introductionMs: 600_000,
  });
  const dripping = Array.from({ length: 10 }, () => new RtmpClient(port, '127.0.0.2'));
  for (const { socket } of dripping) socket.write(Buffer.of(3));
  await Promise.all(dripping.map(({ socket }) => once(socket, 'connect')));
  await expect.poll(() => isServed(port), PATIENCE).toBe(true);
  const oneMore = new RtmpClient(port, '127.0.0.2');
  await oneMore.closed;
  for (const { socket } of dripping) socket.destroy();
});

test('a publisher that falls silent is lost', async () => {
  const client = new RtmpClient(await open({ idleMs: 200 }));
  await client.connect();
  client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  client.send(TYPE.video, H264_SET_UP);
  expect(await publisher.gone).toBe('lost');
  await client.closed;
});

test('a flood from one address keeps nobody else out, and those inside in', async () => {
  const limits = { everybody: 1_000, waiting: 20, waitingPerAddress: 10 };
  const port = await open({ limits });
  const inside = startEncoder(60, ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${STREAM_KEY}`]);
  const publisher = await desk.publisher();
  publisher.bytes.resume();
  let refused = 0;
  const flood: RtmpClient[] = [];
  // In waves that fit the backlog: the kernel forgets those beyond it, and tells the client nothing.
  for (let wave = 0; wave < 5; wave += 1) {
    for (let index = 0; index < 400; index += 1) flood.push(new RtmpClient(port));
    for (const { closed } of flood.slice(-400)) void closed.then(() => refused++);
    await expect.poll(() => refused, PATIENCE).toBe(flood.length - limits.waitingPerAddress);
  }
  expect(inside.process.exitCode).toBeNull();
  for (const { socket } of flood) socket.destroy();
  await expect.poll(() => isServed(port), PATIENCE).toBe(true);
  inside.process.kill('SIGKILL');
  expect(await publisher.gone).toBe('lost');
});

test('a second publish on one connection ends it', async () => {
  const client = new RtmpClient(await open());
  await client.connect();
  client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  client.publish('sk_other');
  await client.closed;
  expect(await publisher.gone).toBe('lost');
  expect(desk.callers).toHaveLength(1);
});

test('a publisher without a key never reaches the desk', async () => {
  const client = new RtmpClient(await open());
  await client.connect();
  client.publish('');
  await client.closed;
  expect(client.said).toContain('NetStream.Publish.BadName');
  expect(desk.callers).toEqual([]);
});

test('a caller that leaves while the desk decides gives its place back', async () => {
  const gate = Promise.withResolvers<void>();
  desk.gate = gate.promise;
  const door = new RtmpDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog });
  const client = new RtmpClient(await door.start());
  await client.connect();
  client.publish(STREAM_KEY);
  await expect.poll(() => desk.callers.length, PATIENCE).toBe(1);
  await door.stop();
  gate.resolve();
  await expect.poll(() => desk.left, PATIENCE).toBe(1);
  expect(desk.publishers).toEqual([]);
});

test('what comes in one piece with the key waits for the desk, and is not lost', async () => {
  const gate = Promise.withResolvers<void>();
  desk.gate = gate.promise;
  const client = new RtmpClient(await open());
  await client.connect();
  client.socket.cork();
  client.publish(STREAM_KEY);
  client.send(TYPE.video, H264_SET_UP);
  client.command('FCUnpublish', 4, null, STREAM_KEY);
  client.socket.uncork();
  await expect.poll(() => desk.callers.length, PATIENCE).toBe(1);
  expect(desk.publishers).toEqual([]);
  gate.resolve();
  const publisher = await desk.publisher();
  expect(Buffer.from(await allBytes(publisher)).includes(Buffer.from(H264_SET_UP))).toBe(true);
  expect(await publisher.gone).toBe('finished');
});

test('nothing of a key is in what a refused publisher is told', async () => {
  const client = new RtmpClient(await open());
  await client.connect();
  client.publish('sk_wrongwrong');
  await client.closed;
  expect(client.said).toContain('STREAM_KEY_REFUSED');
  expect(client.said).not.toContain('sk_wrong');
});

test('a codec of Enhanced RTMP is refused by name', async () => {
  const client = new RtmpClient(await open());
  await client.connect();
  client.publish(STREAM_KEY);
  await desk.publisher();
  client.send(TYPE.video, [0x90, ...Buffer.from('hvc1')]);
  await client.closed;
  expect(client.said).toContain('LIVE_MEDIA_REFUSED');
});

test('an encoder that is behind holds the publisher up, and nothing piles up', async () => {
  const port = await open();
  const encoder = startEncoder(60, [
    '-b:v',
    '40M',
    '-minrate',
    '40M',
    '-f',
    'flv',
    `rtmp://127.0.0.1:${port}/live/${STREAM_KEY}`,
  ]);
  const publisher = await desk.publisher();
  await expect.poll(() => publisher.bytes.readableLength, PATIENCE).toBeGreaterThan(2_000_000);
  const held = publisher.bytes.readableLength;
  await setTimeout(1_000); // in which five megabytes would come
  expect(publisher.bytes.readableLength).toBeLessThan(held + 500_000);
  encoder.process.kill('SIGKILL');
  publisher.bytes.destroy();
});

test('whoever is further ahead of time than a few seconds is not read until that has passed', async () => {
  const client = new RtmpClient(await open());
  await client.connect();
  client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  const began = performance.now();
  const early = Array.from({ length: 9 * 50 }, (_, index) => soundAt(20 * index));
  client.socket.write(Buffer.concat([soundAt(0, AAC_SET_UP), ...early]));
  await expect.poll(() => publisher.bytes.readableLength, PATIENCE).toBeGreaterThan(9 * 50 * 8);
  client.command('FCUnpublish', 4, null, STREAM_KEY);
  expect(await publisher.gone).toBe('finished');
  expect(performance.now() - began).toBeGreaterThan(3_500); // of the four that it was too early
});

test('a clock that jumps an hour is a clock that goes on', async () => {
  const client = new RtmpClient(await open());
  await client.connect();
  client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  client.socket.write(soundAt(0, AAC_SET_UP));
  for (const ms of [0, 21, 43, 3_600_000, 3_600_021, 3_600_043, 64, 85]) client.socket.write(soundAt(ms));
  client.command('FCUnpublish', 4, null, STREAM_KEY);
  expect(await publisher.gone).toBe('finished');
  expect((await probe(await allBytes(publisher), 'flv')).seconds).toBeLessThan(2);
});
