import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveServer, secondsOf, soundEndsSooner } from '../harness/live.ts';

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start();
});

afterAll(() => live.stop());

test('what is published by RTMP is a playlist at the edge within seconds, and ends with it', async () => {
  const stream = await live.createStream({ reconnectSeconds: 0 });
  const publisher = live.publish(stream);
  await live.until(stream, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-PART:'));
  expect(await live.renditions(stream)).toEqual(['audio', '180p']);
  await live.until(stream, 'b1/180p/index.m3u8', (text) => text.split('#EXTINF').length > 3);
  await publisher.stop();
  const ended = await live.until(stream, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-ENDLIST'));
  expect(ended).not.toContain('PRELOAD-HINT');
  expect(await live.untilStatus(stream, 'idle')).toMatchObject({ broadcast: { number: 1, endReason: 'finished' } });
});

test('every picture that was sent before a goodbye is listed', async () => {
  const stream = await live.createStream({ reconnectSeconds: 0 });
  const publisher = live.publish(stream, { source: soundEndsSooner(4) });
  await publisher.ended();
  const ended = await live.until(stream, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-ENDLIST'));
  // The publisher's clock begins with its sound, a fraction of a picture before its first picture.
  expect(Math.abs(secondsOf(ended) - 4)).toBeLessThan(0.04);
});

test('a source with regular key frames is its own top rung from the session after on', async () => {
  const stream = await live.createStream({ passthrough: 'auto', reconnectSeconds: 30 });
  const codecs = async (of: RegExp) => live.until(stream, 'master.m3u8', (text) => of.test(text));
  const options = { size: '640x360', keyFrameSeconds: 1 };
  const first = live.publish(stream, options);
  await live.until(stream, 'b1/360p/index.m3u8', (text) => text.split('#EXTINF').length > 4);
  // Encoded by us: High profile.
  await codecs(/avc1\.64[0-9a-f]{4}[^\n]*\n(.*\n)*b1\/360p/);
  await first.kill();
  const second = live.publish(stream, options);
  await live.until(stream, 'b1/360p/index.m3u8', (text) => /2\/s\d+\.m4s\n(.*\n)*.*2\/s\d+\.m4s\n/.test(text));
  await live.until(stream, 'b1/240p/index.m3u8', (text) => /2\/s\d+\.m4s\n/.test(text));
  // As the publisher sends it: Constrained Baseline.
  await codecs(/avc1\.42/);
  await second.stop();
});

test.each([
  ['RTMP', {}],
  ['SRT', { door: 'srt' }],
] as const)('what is promised to be regular is its own top rung from the first session on, by %s', async (_, door) => {
  const stream = await live.createStream({ passthrough: 'always', reconnectSeconds: 0 });
  const publisher = live.publish(stream, { size: '640x360', keyFrameSeconds: 1, ...door });
  await live.until(stream, 'master.m3u8', (text) => /avc1\.42[0-9a-f]{4}[^\n]*\n(.*\n)*b1\/360p/.test(text));
  await live.until(stream, 'b1/360p/index.m3u8', (text) => text.split('#EXTINF').length > 2);
  const files = ['1/init.mp4', '1/s00001.m4s'].map((name) => live.fetch(`/live/${stream.id}/b1/360p/${name}`));
  const bytes = await Promise.all(files.map(async (file) => Buffer.from(await (await file).arrayBuffer())));
  const decoder = ['-v', 'error', '-xerror', '-i', 'pipe:0', '-f', 'null', '-'];
  expect(spawnSync('ffmpeg', decoder, { input: Buffer.concat(bytes) })).toMatchObject({
    status: 0,
    stderr: Buffer.of(),
  });
  await publisher.stop();
});
