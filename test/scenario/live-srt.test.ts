import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { SrtDoor } from '../../src/live/doors/srt/door.ts';
import { allBytes, probe, STREAM_KEY, startEncoder, TestDesk } from '../harness/live-desk.ts';
import { LossyRelay } from '../harness/lossy-relay.ts';

let desk: TestDesk;
let door: SrtDoor;
let port: number;

beforeEach(async () => {
  desk = new TestDesk();
  door = new SrtDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog });
  port = await door.start();
});

afterEach(() => door.stop());

/** A caller that leaves out nothing, late or last: on a busy machine a tenth of a second is soon over. */
const PATIENT = `streamid=${STREAM_KEY}&latency=1500000&linger=5`;

const publish = (seconds: number, query = `streamid=${STREAM_KEY}`, to = port) =>
  startEncoder(seconds, ['-f', 'mpegts', `srt://127.0.0.1:${to}?${query}`]);

test('a broadcast over SRT arrives whole to its last frame, and its end is a goodbye', async () => {
  const encoder = publish(3, PATIENT);
  const publisher = await desk.publisher();
  expect(publisher).toMatchObject({ door: 'srt', container: 'mpegts', address: '127.0.0.1' });
  expect(await probe(await allBytes(publisher), 'mpegts')).toMatchObject({ codecs: ['aac', 'h264'], frames: 90 });
  expect(await publisher.gone).toBe('finished');
  expect(await encoder.said).toBe('');
});

test('a line that loses every tenth packet costs not one frame', async () => {
  const line = await LossyRelay.start(port, 10);
  const encoder = publish(3, PATIENT, line.port);
  const publisher = await desk.publisher();
  expect(await probe(await allBytes(publisher), 'mpegts')).toMatchObject({ codecs: ['aac', 'h264'], frames: 90 });
  expect(line.lost).toBeGreaterThan(10);
  expect(await encoder.said).toBe('');
  line.stop();
});

const ACCESS_CONTROL = `#!::u=me,r=${STREAM_KEY},m=publish`;

test.each([ACCESS_CONTROL, encodeURIComponent(ACCESS_CONTROL)])('the key may come as %s', async (streamId) => {
  const encoder = publish(1, `streamid=${streamId}`);
  const publisher = await desk.publisher();
  expect((await allBytes(publisher)).length).toBeGreaterThan(0);
  await encoder.said;
});

test('two publishers are carried at once', async () => {
  const encoders = [publish(4, PATIENT)];
  const first = await desk.publisher(0);
  encoders.push(publish(4, PATIENT));
  const publishers = [first, await desk.publisher(1)];
  const arrived = await Promise.all(publishers.map(async (each) => probe(await allBytes(each), 'mpegts')));
  expect(arrived.map(({ frames }) => frames)).toEqual([120, 120]);
  await Promise.all(encoders.map(({ said }) => said));
});

const refused: [string, string, number][] = [
  ['with a wrong key', 'streamid=sk_wrong', 1],
  ['without a key', '', 0],
  ['that wants to watch', `streamid=${encodeURIComponent(`#!::r=${STREAM_KEY},m=request`)}`, 0],
  ['that would encrypt', `streamid=${STREAM_KEY}&passphrase=0123456789ab&pbkeylen=16`, 0],
];

test.each(refused)('a caller %s is refused at once', async (_, query, asked) => {
  const began = performance.now();
  expect(await publish(60, query).said).not.toBe('');
  expect(performance.now() - began).toBeLessThan(2_500);
  expect(desk.callers).toHaveLength(asked);
  expect(desk.publishers).toEqual([]);
});

test('an encoder that is killed is lost', async () => {
  const encoder = publish(60);
  const publisher = await desk.publisher();
  await once(publisher.bytes, 'readable');
  encoder.process.kill('SIGKILL');
  publisher.bytes.resume();
  expect(await publisher.gone).toBe('lost');
});

test('a publisher that is sent away stops', async () => {
  const encoder = publish(60);
  const publisher = await desk.publisher();
  publisher.close('LIVE_STREAM_DISABLED');
  await encoder.said;
  expect(await publisher.gone).toBe('lost');
});
