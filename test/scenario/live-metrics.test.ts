import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChannelClient } from '../harness/channel-client.ts';
import { hasPartsOf, LiveServer, type TestStream } from '../harness/live.ts';
import { RtmpClient } from '../harness/rtmp-client.ts';

const PLAYLIST = 'b1/180p/index.m3u8';
const CHANNEL_VIEWERS = 3;
const PATIENCE = { timeout: 30_000 };

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start({ environment: { FRONTROW_EDGE_CHANNEL_VIEWERS: String(CHANNEL_VIEWERS) } });
});

afterAll(() => live.stop());

/** The page, without its comments: a number for each series. */
async function metrics(): Promise<Readonly<Record<string, number>>> {
  const page = await (await live.server.api('GET', '/metrics')).text();
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

const speedOf = ({ id }: TestStream) => `frontrow_live_encoder_speed{stream="${id}"}`;
const metric = async (name: string) => (await metrics())[name];

test('broadcasts under way are counted, from their first source to their end, and no longer', async () => {
  const [one, other] = [await live.createStream(), await live.createStream()];
  expect(await metric('frontrow_live_streams')).toBe(0);
  const silent = new RtmpClient(Number(new URL(live.server.run.rtmp ?? '').port));
  await silent.connect();
  silent.publish((await live.createStream()).streamKey);
  await expect.poll(() => silent.said, PATIENCE).toContain('NetStream.Publish.Start');
  expect(await metric('frontrow_live_streams')).toBe(0);
  silent.socket.destroy();
  const first = live.publish(one);
  await live.until(one, PLAYLIST, hasPartsOf(1));
  expect(await metric('frontrow_live_streams')).toBe(1);
  const second = live.publish(other);
  await live.until(other, PLAYLIST, hasPartsOf(1));
  expect(await metric('frontrow_live_streams')).toBe(2);
  await first.kill();
  await live.untilStatus(one, 'reconnecting');
  expect(await metric('frontrow_live_streams')).toBe(2);
  expect((await live.server.api('POST', `/v1/live-streams/${one.id}/end`)).ok).toBe(true);
  await expect.poll(() => metric('frontrow_live_streams'), PATIENCE).toBe(1);
  await second.kill();
  expect((await live.server.api('POST', `/v1/live-streams/${other.id}/end`)).ok).toBe(true);
  await expect.poll(() => metric('frontrow_live_streams'), PATIENCE).toBe(0);
});

test('an encoder that keeps up has a speed of 1 for as long as it runs, and none of this counts as a fault', async () => {
  const before = await metrics();
  const stream = await live.createStream();
  const publisher = live.publish(stream);
  await live.until(stream, PLAYLIST, hasPartsOf(1));
  await expect.poll(() => metric(speedOf(stream)), PATIENCE).toBe(1);
  await publisher.kill();
  await expect.poll(() => metric(speedOf(stream)), PATIENCE).toBeUndefined();
  const second = live.publish(stream);
  await live.until(stream, PLAYLIST, hasPartsOf(2));
  await second.stop();
  const after = await metrics();
  for (const name of ['encoder_restarts', 'rungs_dropped', 'keys_refused'])
    expect(after[`frontrow_live_${name}_total`] ?? 0).toBe(before[`frontrow_live_${name}_total`] ?? 0);
});

test('each wrong key is counted once, and a right one not', async () => {
  const before = (await metric('frontrow_live_keys_refused_total')) ?? 0;
  for (const streamKey of ['lsk_wrongwrongwrongwrong', 'lsk_wrongwrongwrongwrung']) {
    const publisher = live.publish({ streamKey });
    await publisher.ended();
  }
  expect(await metric('frontrow_live_keys_refused_total')).toBe(before + 2);
});

test('viewers who wait for what is to come are counted while they do', async () => {
  const stream = await live.createStream();
  const publisher = live.publish(stream);
  const text = await live.until(stream, PLAYLIST, (playlist) => playlist.includes('#EXTINF'));
  const next = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]) + text.split('#EXTINF').length;
  publisher.freeze();
  const held = Array.from({ length: 2 }, () => live.fetch(`/live/${stream.id}/${PLAYLIST}?_HLS_msn=${next}`));
  await expect.poll(() => metric('frontrow_edge_live_waiting'), PATIENCE).toBe(2);
  publisher.thaw();
  await Promise.all(held);
  await expect.poll(() => metric('frontrow_edge_live_waiting'), PATIENCE).toBe(0);
  await publisher.kill();
});

test('viewers on channels, those who found no place, and their channels are counted', async () => {
  const [one, other] = [await live.createStream(), await live.createStream()];
  const join = ({ id }: TestStream) => new ChannelClient(`${live.server.run.edge}/live/${id}/channel`);
  const viewers = [join(one), join(one), join(other)];
  for (const viewer of viewers) await viewer.message('hello');
  const tooMany = [join(one), join(other)];
  for (const viewer of tooMany) expect([await viewer.ended, viewer.refusal]).toEqual([503, 'CHANNEL_FULL']);
  expect(await metrics()).toMatchObject({
    ...{ frontrow_edge_channel_viewers: CHANNEL_VIEWERS, frontrow_edge_channels: 2 },
    ...{ frontrow_edge_channel_refused_total: 2, frontrow_edge_channel_dropped_parts_total: 0 },
  });
  for (const viewer of viewers) viewer.close();
  await expect.poll(() => metric('frontrow_edge_channel_viewers'), PATIENCE).toBe(0);
  await expect.poll(() => metric('frontrow_edge_channels'), PATIENCE).toBe(0);
  expect(await metric('frontrow_edge_channel_refused_total')).toBe(2);
});

test.each([
  ['frontrow_live_', 'live.md'],
  ['frontrow_edge_channel', 'channel.md'],
])('all metrics that begin with %s are in docs/%s, and no others', async (prefix, file) => {
  const page = await (await live.server.api('GET', '/metrics')).text();
  const docs = await readFile(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
  const named = (text: string, before: string) =>
    [...new Set([...text.matchAll(new RegExp(`${before}(${prefix}\\w*)`, 'g'))].map(([, name]) => name))].toSorted();
  expect(named(docs, '')).toEqual(named(page, '# HELP '));
});
