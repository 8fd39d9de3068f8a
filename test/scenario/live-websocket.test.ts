import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { WebsocketDoor } from '../../src/live/doors/websocket/door.ts';
import { IngestClient, recordedWebm } from '../harness/ingest-client.ts';
import { type OpenDoors, openDoors } from '../harness/ingest-listener.ts';
import { allBytes, probe, STREAM_KEY, TestDesk } from '../harness/live-desk.ts';

let desk: TestDesk;
let opened: OpenDoors;
let port: number;

beforeEach(async () => {
  desk = new TestDesk();
  const door = new WebsocketDoor({ publicUrl: 'https://video.example', desk, log: silentLog });
  opened = await openDoors([door]);
  port = opened.port;
});

afterEach(() => opened.stop());

test('what a recorder hands out arrives whole, and its end is a goodbye', async () => {
  const client = new IngestClient(port, { origin: 'https://video.example' });
  expect(await client.publish(STREAM_KEY)).toEqual({ type: 'accepted' });
  const publisher = await desk.publisher();
  expect(publisher).toMatchObject({ door: 'websocket', container: 'matroska', address: '127.0.0.1' });
  const bytes = await recordedWebm(2);
  for (let at = 0; at < bytes.length; at += 10_000) client.socket.send(bytes.subarray(at, at + 10_000));
  await client.say({ type: 'finished' });
  const arrived = await allBytes(publisher);
  expect(arrived).toEqual(bytes);
  expect(await probe(arrived, 'matroska')).toMatchObject({ codecs: ['opus', 'vp8'], frames: 60 });
  expect(await publisher.gone).toBe('finished');
  expect(await client.closed).toBe(1000);
});

test('a browser that just goes is lost', async () => {
  const client = new IngestClient(port);
  await client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  client.socket.close();
  expect(await publisher.gone).toBe('lost');
});

test('a wrong key is refused by its code', async () => {
  const client = new IngestClient(port);
  expect(await client.publish('sk_wrong')).toMatchObject({ type: 'refused', code: 'STREAM_KEY_REFUSED' });
  expect(await client.closed).toBe(1008);
});

test('a publisher that is sent away is told why', async () => {
  const client = new IngestClient(port);
  await client.publish(STREAM_KEY);
  const publisher = await desk.publisher();
  publisher.close('LIVE_STREAM_DISABLED');
  expect(await client.closed).toBe(1008);
  expect(client.said[1]).toMatchObject({ type: 'refused', code: 'LIVE_STREAM_DISABLED' });
});

test('a page of another origin does not get as far as a key', async () => {
  const client = new IngestClient(port, { origin: 'https://evil.example' });
  await client.closed;
  expect(desk.callers).toEqual([]);
});

test('a recorder of MP4 is refused before it is asked for a key', async () => {
  const client = new IngestClient(port);
  expect(await client.publish(STREAM_KEY, 'video/mp4')).toMatchObject({ code: 'LIVE_MEDIA_REFUSED' });
  expect(desk.callers).toEqual([]);
});
