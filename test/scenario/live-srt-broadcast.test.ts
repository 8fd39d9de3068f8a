import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveServer } from '../harness/live.ts';

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start();
});

afterAll(() => live.stop());

const PLAYLIST = 'b1/180p/index.m3u8';
const segmentsOf = (text: string) => text.split('#EXTINF').length - 1;
const hasParts = (text: string) => text.includes('#EXT-X-PART:');

test('what is published by SRT is live with picture and sound, can be played, and ends with a goodbye', async () => {
  const stream = await live.createStream({ reconnectSeconds: 0 });
  const publisher = live.publish(stream, { door: 'srt' });
  await live.untilStatus(stream, 'live');
  await live.until(stream, 'b1/audio/index.m3u8', (text) => segmentsOf(text) >= 2);
  const text = await live.until(stream, PLAYLIST, (playlist) => segmentsOf(playlist) >= 2);
  expect(await live.renditions(stream)).toEqual(['audio', '180p']);
  const [segment = ''] = /1\/s\d+\.m4s/.exec(text) ?? [];
  const bytes = await (await live.fetch(`/live/${stream.id}/b1/180p/${segment}`)).bytes();
  expect(bytes.length).toBeGreaterThan(10_000);
  await publisher.stop();
  await live.until(stream, PLAYLIST, (playlist) => playlist.includes('#EXT-X-ENDLIST'));
  expect(await live.untilStatus(stream, 'idle')).toMatchObject({ broadcast: { number: 1, endReason: 'finished' } });
});

test('a caller with a wrong key is refused, late, and the key is in no log', async () => {
  const streamKey = 'lsk_wrongwrongwrongwrong';
  const began = Date.now();
  const publisher = live.publish({ streamKey }, { door: 'srt' });
  await publisher.ended();
  expect(publisher.process.exitCode).not.toBe(0);
  expect(Date.now() - began).toBeGreaterThan(500);
  expect(live.server.said).not.toContain(streamKey);
});

test('two streams come in by one port at once, each with its own picture', async () => {
  const [one, other] = [await live.createStream(), await live.createStream()];
  const publishers = [live.publish(one, { door: 'srt' }), live.publish(other, { door: 'srt', size: '426x240' })];
  await live.until(one, PLAYLIST, hasParts);
  await live.until(other, 'b1/240p/index.m3u8', hasParts);
  expect(await live.renditions(one)).not.toContain('240p');
  await Promise.all(publishers.map((publisher) => publisher.stop()));
});
