import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasPartsOf, LiveServer, segmentsOf, waitFor } from '../harness/live.ts';

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start();
});

afterAll(() => live.stop());

const PLAYLIST = 'b1/180p/index.m3u8';
/** From one to the next, in what a test publishes. */
const KEY_FRAME_SECONDS = 1;
const discontinuities = (text: string) => text.split('#EXT-X-DISCONTINUITY\n').length - 1;

/** What the server has counted or measures, by the line that says so. */
async function metrics(): Promise<string> {
  return (await live.server.api('GET', '/metrics')).text();
}

/** Processes of ffmpeg that the server has started. */
async function encodersOf(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,ppid=,comm=', '-e']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, name]) => Number(parent) === pid && name === 'ffmpeg')
    .map(([own]) => Number(own));
}

test('a publisher that comes back goes on in the same broadcast, after a discontinuity', async () => {
  const stream = await live.createStream();
  const first = live.publish(stream);
  await live.until(stream, PLAYLIST, (text) => segmentsOf(text) >= 2);
  await first.kill();
  await live.untilStatus(stream, 'reconnecting');
  const open = await live.until(stream, PLAYLIST);
  expect(open).not.toContain('ENDLIST');
  const second = live.publish(stream);
  const text = await live.until(stream, PLAYLIST, hasPartsOf(2));
  expect(discontinuities(text)).toBe(1);
  await live.untilStatus(stream, 'live');
  await second.stop();
});

test('a broadcast ends when nobody comes back within its window', async () => {
  const stream = await live.createStream({ reconnectSeconds: 1 });
  const publisher = live.publish(stream);
  await live.until(stream, PLAYLIST, hasPartsOf(1));
  await publisher.kill();
  await live.until(stream, PLAYLIST, (text) => text.includes('#EXT-X-ENDLIST'));
  await live.untilStatus(stream, 'idle');
});

test('a backup takes over from a publisher that stands still, and a third is refused', async () => {
  const stream = await live.createStream();
  const first = live.publish(stream);
  await live.until(stream, PLAYLIST, hasPartsOf(1));
  const others = [live.publish(stream), live.publish(stream)];
  // One of the two stands by, and there is no room for the other.
  const refused = await Promise.race(others.map((other) => other.ended().then(() => other)));
  expect(refused.said).toContain('LIVE_STREAM_BUSY');
  const [backup = refused] = others.filter((other) => other !== refused);
  // It must have sent a key frame to be of use.
  await waitFor('a key frame', async () => backup.sentSeconds > KEY_FRAME_SECONDS || undefined);
  first.freeze();
  const began = Date.now();
  await live.until(stream, PLAYLIST, hasPartsOf(2));
  expect(Date.now() - began).toBeLessThan(8_000);
  expect((await live.stream(stream)).status).toBe('live');
  await backup.stop();
  first.thaw();
});

test('an encoder that is killed is replaced, and the publisher notices nothing', async () => {
  const stream = await live.createStream();
  const publisher = live.publish(stream);
  await live.until(stream, PLAYLIST, hasPartsOf(1));
  const before = await encodersOf(live.server.run.pid);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await live.until(stream, PLAYLIST, hasPartsOf(2));
  expect(publisher.process.exitCode).toBeNull();
  expect((await live.stream(stream)).status).toBe('live');
  const text = await metrics();
  expect(text).toMatch(/^frontrow_live_encoder_restarts_total [1-9]/m);
  expect(text).toMatch(new RegExp(`^frontrow_live_encoder_speed\\{stream="${stream.id}"\\} \\d`, 'm'));
  await publisher.stop();
});

test('a source without sound has silence, and one without a picture is a broadcast of sound', async () => {
  const [quiet, blind] = [await live.createStream(), await live.createStream()];
  const publishers = [live.publish(quiet, { sound: 'none' }), live.publish(blind, { picture: 'none' })];
  await live.until(quiet, PLAYLIST, hasPartsOf(1));
  await live.until(quiet, 'b1/audio/index.m3u8', hasPartsOf(1));
  expect(await live.renditions(quiet)).toEqual(['audio', '180p']);
  await live.until(blind, 'b1/audio/index.m3u8', hasPartsOf(1));
  expect(await live.renditions(blind)).toEqual(['audio']);
  await Promise.all(publishers.map((publisher) => publisher.stop()));
});

test('a source without a key frame for ten seconds goes on in one session', async () => {
  const stream = await live.createStream();
  const publisher = live.publish(stream, { keyFrameSeconds: 20 });
  const text = await live.until(stream, PLAYLIST, (playlist) => segmentsOf(playlist) >= 6);
  expect(discontinuities(text)).toBe(0);
  await publisher.stop();
});

test('a wrong key is refused, late, and is in no log', async () => {
  const streamKey = 'lsk_wrongwrongwrongwrong';
  const began = Date.now();
  const publisher = live.publish({ streamKey });
  await publisher.ended();
  expect(publisher.said).toContain('STREAM_KEY_REFUSED');
  expect(Date.now() - began).toBeGreaterThan(500);
  expect(live.server.said).not.toContain(streamKey);
  expect(await metrics()).toMatch(/^frontrow_live_keys_refused_total 1$/m);
});
