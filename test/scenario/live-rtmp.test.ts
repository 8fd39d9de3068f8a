import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { RtmpDoor } from '../../src/live/doors/rtmp/door.ts';
import { allBytes, probe, STREAM_KEY, startEncoder, TestDesk } from '../harness/live-desk.ts';

let desk: TestDesk;
let door: RtmpDoor;
let port: number;

beforeEach(async () => {
  desk = new TestDesk();
  door = new RtmpDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog });
  port = await door.start();
});

afterEach(() => door.stop());

const publish = (seconds: number, key = STREAM_KEY) =>
  startEncoder(seconds, ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${key}`]);

test('a broadcast over RTMP arrives whole, and its end is a goodbye', async () => {
  const encoder = publish(3);
  const publisher = await desk.publisher();
  expect(publisher).toMatchObject({ door: 'rtmp', container: 'flv', address: '127.0.0.1' });
  expect(await probe(await allBytes(publisher), 'flv')).toMatchObject({ codecs: ['aac', 'h264'], frames: 90 });
  expect(await publisher.gone).toBe('finished');
  expect(await encoder.said).toBe('');
});

test('a wrong key is refused in words that the encoder shows', async () => {
  expect(await publish(5, 'sk_wrong').said).toContain('STREAM_KEY_REFUSED');
  expect(desk.callers.map(({ streamKey }) => streamKey)).toEqual(['sk_wrong']);
  expect(desk.publishers).toEqual([]);
});

test('an encoder that is killed is lost, and what it sent can be read to its end', async () => {
  const encoder = publish(60);
  const publisher = await desk.publisher();
  await once(publisher.bytes, 'readable');
  encoder.process.kill('SIGKILL');
  expect(await publisher.gone).toBe('lost');
  expect((await allBytes(publisher)).length).toBeGreaterThan(0);
});

test('a publisher that is sent away is told why', async () => {
  const encoder = publish(60);
  const publisher = await desk.publisher();
  publisher.bytes.resume();
  publisher.close('LIVE_STREAM_DISABLED');
  await encoder.said;
  expect(encoder.process.exitCode).not.toBe(0);
  expect(await publisher.gone).toBe('lost');
});

test('a reader that has had enough ends the connection', async () => {
  const encoder = publish(60);
  const publisher = await desk.publisher();
  publisher.bytes.destroy();
  await encoder.said;
  expect(await publisher.gone).toBe('lost');
});

test('whoever sends faster than time passes is read at the pace of time', async () => {
  const began = performance.now();
  const encoder = startEncoder(8, ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${STREAM_KEY}`], []);
  const publisher = await desk.publisher();
  const { frames } = await probe(await allBytes(publisher), 'flv');
  expect(frames).toBe(240);
  expect(performance.now() - began).toBeGreaterThan(2_500);
  expect(await encoder.said).toBe('');
});
