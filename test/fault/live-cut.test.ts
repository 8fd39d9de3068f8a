import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { TYPE } from '../../src/kernel/rtmp/message.ts';
import { RtmpDoor } from '../../src/live/doors/rtmp/door.ts';
import type { Publisher } from '../../src/live/seams.ts';
import { STREAM_KEY, startEncoder, TestDesk } from '../harness/live-desk.ts';
import { RtmpClient } from '../harness/rtmp-client.ts';

const PATIENCE = { timeout: 60_000 };
/** Whoever keeps a place of so few keeps everybody out before long. */
const LIMITS = { everybody: 6, waiting: 4, waitingPerAddress: 4 };

let desk: TestDesk;
let door: RtmpDoor;
let port: number;
/** All that a real encoder said, from its first byte to its goodbye. */
let said: Buffer;

beforeAll(async () => {
  desk = new TestDesk();
  door = new RtmpDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog, limits: LIMITS, introductionMs: 2_000 });
  port = await door.start();
  said = await recorded();
});

afterAll(() => door.stop());

/** An encoder's words, overheard on their way to the door. */
async function recorded(): Promise<Buffer> {
  const heard: Buffer[] = [];
  const wire = createServer((near: Socket) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('data', (bytes: Buffer) => heard.push(bytes));
    near.pipe(far).pipe(near);
  });
  wire.listen(0, '127.0.0.1');
  await once(wire, 'listening');
  const target = `rtmp://127.0.0.1:${(wire.address() as AddressInfo).port}/live/${STREAM_KEY}`;
  const encoder = startEncoder(1, ['-f', 'flv', target]);
  const publisher = await desk.publisher();
  publisher.bytes.resume();
  await Promise.all([publisher.gone, encoder.said]);
  wire.close();
  return Buffer.concat(heard);
}

/** Says so much of it, and is gone. */
async function cutAfter(bytes: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  await new Promise((resolve) => socket.write(said.subarray(0, bytes), resolve));
  socket.resetAndDestroy();
}

/** Somebody else comes as far as the door lets him without a key. */
async function getOn(): Promise<void> {
  const client = new RtmpClient(port);
  await Promise.race([client.connect(), client.closed]);
  await expect.poll(() => client.said, PATIENCE).toContain('NetConnection.Connect.Success');
  client.socket.destroy();
  await client.closed;
}

const isGone = (publisher: Publisher) => Promise.race([publisher.gone, pause(0, 'there')]);

test('an encoder that is cut off after any byte keeps no place, and the next one gets on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(said.length), async (bytes) => {
      await cutAfter(bytes);
      // The next one gets on when there is room, and there is only if nothing is left of those before.
      await getOn();
    }),
    { numRuns: 60 },
  );
  for (const publisher of desk.publishers) publisher.bytes.resume();
  const all = () => Promise.all(desk.publishers.map(isGone));
  await expect.poll(async () => (await all()).includes('there'), PATIENCE).toBe(false);
  expect(desk.publishers.length + desk.left).toBe(desk.callers.length);
  const before = desk.publishers.length;
  const encoder = startEncoder(1, ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${STREAM_KEY}`]);
  const publisher = await desk.publisher(before);
  publisher.bytes.resume();
  expect(await publisher.gone).toBe('finished');
  expect(await encoder.said).toBe('');
});

test('whoever drips a handshake is sent away no later than who says nothing', async () => {
  const client = new RtmpClient(port);
  const drip = setInterval(() => client.socket.write(Buffer.of(3)), 20);
  const began = performance.now();
  await client.closed;
  clearInterval(drip);
  expect(performance.now() - began).toBeLessThan(10_000);
});

const odd: [string, (client: RtmpClient) => void][] = [
  ['a value of a kind that no encoder sends', (client) => client.send(TYPE.command, [2, 0, 1, 0x61, 0x11])],
  ['a command that is cut off', (client) => client.send(TYPE.command, [2, 0, 200, 0x61])],
  ['objects in objects without end', (client) => client.send(TYPE.command, Array(900).fill([3, 0, 1, 0x61]).flat())],
  ['a chunk of no size', (client) => client.send(TYPE.setChunkSize, [0, 0, 0, 0])],
  ['a chunk size with its highest bit', (client) => client.send(TYPE.setChunkSize, [0xff, 0xff, 0xff, 0xff])],
  ['publish before connect, twice over', (client) => client.publish(STREAM_KEY)],
];

test.each(odd)('%s ends its connection and nothing else', async (_, say) => {
  const before = desk.callers.length;
  const client = new RtmpClient(port);
  await client.shake();
  say(client);
  await client.closed;
  await getOn();
  expect(desk.callers).toHaveLength(before);
});

test('a chunk as large as can be said is no way around the largest message', async () => {
  const client = new RtmpClient(port);
  await client.connect();
  client.send(TYPE.setChunkSize, [0x7f, 0xff, 0xff, 0xff]);
  client.socket.write(Buffer.of(4, 0, 0, 0, 0x80, 0, 1, TYPE.video, 1, 0, 0, 0));
  await client.closed;
});
