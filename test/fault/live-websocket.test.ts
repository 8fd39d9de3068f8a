import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { LARGEST_CHUNK_BYTES } from '../../src/kernel/live/browser-ingest.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { WebsocketDoor, type WebsocketDoorOptions } from '../../src/live/doors/websocket/door.ts';
import { IngestClient } from '../harness/ingest-client.ts';
import { openDoors } from '../harness/ingest-listener.ts';
import { STREAM_KEY, TestDesk } from '../harness/live-desk.ts';

let desk: TestDesk;

beforeEach(() => {
  desk = new TestDesk();
});

async function open(options: Partial<WebsocketDoorOptions> = {}): Promise<number> {
  const door = new WebsocketDoor({ publicUrl: '', desk, log: silentLog, ...options });
  const { port, stop } = await openDoors([door]);
  onTestFinished(stop);
  return port;
}

const EBML = Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3);
const PATIENCE = { timeout: 60_000 };

test.each(['', '{', '[]', '{"type":"finish"}', '{"type":"publish"}'])(
  '%s in place of a greeting ends it',
  async (text) => {
    const client = new IngestClient(await open());
    client.socket.addEventListener('open', () => client.socket.send(text));
    expect(await client.closed).toBe(1008);
    expect(desk.callers).toEqual([]);
  },
);

test('media before the greeting ends it', async () => {
  const client = new IngestClient(await open());
  client.socket.addEventListener('open', () => client.socket.send(EBML));
  expect(await client.closed).toBe(1008);
});

test('media that is no Matroska is refused and never reaches an encoder', async () => {
  const client = new IngestClient(await open());
  await client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  client.socket.send(new TextEncoder().encode('#EXTM3U\nfile:///etc/passwd'));
  expect(await client.closed).toBe(1008);
  expect(client.said[1]).toMatchObject({ code: 'LIVE_MEDIA_REFUSED' });
  expect(await publisher.bytes.toArray()).toEqual([]);
});

test('a second greeting ends it', async () => {
  const client = new IngestClient(await open());
  await client.publish(STREAM_KEY);
  await client.publish('sk_other');
  expect(await client.closed).toBe(1008);
  expect(desk.callers).toHaveLength(1);
});

test('a message above the limit ends it, and the publisher is lost', async () => {
  const client = new IngestClient(await open());
  await client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  client.socket.send(new Uint8Array(LARGEST_CHUNK_BYTES + 1));
  expect(await publisher.gone).toBe('lost');
  expect(await client.closed).toBe(1009);
});

test('a flood of tiny messages ends it', async () => {
  const client = new IngestClient(await open());
  await client.publish(STREAM_KEY);
  client.socket.send(EBML);
  const publisher = await desk.publisher();
  for (let count = 0; count < 5_000; count += 1) client.socket.send(EBML);
  expect(await client.closed).toBe(1008);
  // Not since it fell silent at last.
  expect(Buffer.concat(await publisher.bytes.toArray()).length).toBeLessThan(5_000 * EBML.length);
});

test('whoever says nothing, and whoever falls silent, is sent away', async () => {
  const port = await open({ times: { introductionMs: 200, idleMs: 200 } });
  const silent = new IngestClient(port);
  expect(await silent.closed).toBe(1008);
  const publishing = new IngestClient(port);
  await publishing.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  publishing.socket.send(EBML);
  expect(await publisher.gone).toBe('lost');
});

test('an encoder that is behind holds the browser up, and nothing piles up', async () => {
  const client = new IngestClient(await open());
  await client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  client.socket.send(EBML);
  for (let count = 0; count < 100; count += 1) client.socket.send(new Uint8Array(500_000));
  await expect.poll(() => publisher.bytes.readableLength, PATIENCE).toBeGreaterThan(2_000_000);
  expect(publisher.bytes.readableLength).toBeLessThan(4_000_000);
  expect(client.socket.bufferedAmount).toBeGreaterThan(20_000_000);
  let arrived = 0;
  for await (const bytes of publisher.bytes) {
    arrived += bytes.length;
    if (arrived >= 50_000_004) break;
  }
  expect(await client.closed).toBe(1000);
});

test('too many from one address are turned away, and those inside stay', async () => {
  const port = await open({ limits: { everybody: 100, waiting: 20, waitingPerAddress: 5 } });
  const inside = new IngestClient(port);
  await inside.publish(STREAM_KEY);
  let gone = 0;
  const flood = Array.from({ length: 100 }, () => new IngestClient(port));
  for (const { closed } of flood) void closed.then(() => gone++);
  await expect.poll(() => gone, PATIENCE).toBe(95);
  expect(inside.socket.readyState).toBe(WebSocket.OPEN);
});
