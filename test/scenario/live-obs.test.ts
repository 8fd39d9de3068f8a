import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FlashTag, flashTags } from '../harness/flash-tags.ts';
import { LiveServer, testSource } from '../harness/live.ts';
import { ObsClient } from '../harness/obs-client.ts';

let live: LiveServer;
let tags: FlashTag[];

beforeAll(async () => {
  live = await LiveServer.start();
  const source = testSource({ seconds: 5 }).filter((option) => option !== '-re');
  const encode = ['-v', 'error', ...source, '-f', 'flv', 'pipe:1'];
  const { stdout } = await promisify(execFile)('ffmpeg', encode, { encoding: 'buffer', maxBuffer: 16 * 1024 * 1024 });
  // OBS interleaves strictly by time, which ffmpeg does not.
  tags = flashTags(stdout).toSorted((one, other) => one.timestampMs - other.timestampMs);
});

afterAll(() => live.stop());

const PLAYLIST = 'b1/180p/index.m3u8';

function obs(): ObsClient {
  return new ObsClient(live.server.run.rtmp ?? '');
}

test('OBS goes live, and its Stop Streaming is a goodbye that waits for it to come back', async () => {
  const stream = await live.createStream({ reconnectSeconds: 5 });
  const first = obs();
  expect(await first.start(`${stream.streamKey}?bandwidthtest=false`)).toMatchObject({
    code: 'NetStream.Publish.Start',
  });
  await first.send(tags);
  await live.until(stream, PLAYLIST, (text) => text.split('#EXTINF').length > 2);
  first.stop();
  await first.closed;
  await live.untilStatus(stream, 'reconnecting');
  const second = obs();
  await second.start(stream.streamKey);
  await second.send(tags);
  second.stop();
  const ended = await live.untilStatus(stream, 'idle');
  expect(ended).toMatchObject({ broadcast: { number: 1, endReason: 'finished' } });
  const text = await live.until(stream, PLAYLIST);
  expect(text).toContain('#EXT-X-ENDLIST');
  expect(text.split('#EXT-X-DISCONTINUITY\n')).toHaveLength(2);
});

test('Stop Streaming ends a broadcast at once where nobody is waited for', async () => {
  const stream = await live.createStream({ reconnectSeconds: 0 });
  const client = obs();
  await client.start(stream.streamKey);
  await client.send(tags);
  client.stop();
  expect(await live.untilStatus(stream, 'idle')).toMatchObject({ broadcast: { endReason: 'finished' } });
});

test('OBS is told why its key is refused, and hung up on', async () => {
  const client = obs();
  const { code, description } = await client.start('lsk_wrongwrongwrongwrong');
  expect(code).toBe('NetStream.Publish.BadName');
  expect(description).toContain('STREAM_KEY_REFUSED');
  await client.closed;
});

test('OBS that is set to HEVC is told what to send in its place', async () => {
  const stream = await live.createStream();
  const client = obs();
  await client.start(stream.streamKey);
  const setUp = Buffer.concat([Buffer.of(0x90), Buffer.from('hvc1'), Buffer.alloc(23)]);
  const [announced] = tags;
  if (announced) await client.send([announced]);
  await client.send([{ type: 9, timestampMs: 0, body: setUp }]);
  const { code, description } = await client.status();
  expect(code).toBe('NetStream.Publish.BadName');
  expect(description).toMatch(/H\.264.*LIVE_MEDIA_REFUSED/);
  await client.closed;
});
