import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveServer } from '../harness/live.ts';

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
