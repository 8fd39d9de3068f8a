import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { freePort } from '../bench/ports.ts';
import { freshFolder } from '../harness/folder.ts';
import { hasPartsOf, LiveServer } from '../harness/live.ts';

const PLAYLIST = 'b1/180p/index.m3u8';
const listed = (text: string) => [...text.matchAll(/^(\d+\/s\d+\.m4s)$/gm)].map(([, uri]) => uri ?? '');
const told = (text: string) => text.match(/#EXT-X-DATERANGE:.*/g) ?? [];
/** Of what came last before a crash, one rendition may have something and another nothing. */
const gaps = (text: string) => [...text.matchAll(/#EXT-X-GAP\n(?:#.*\n)*(\d+\/s\d+\.m4s)$/gm)].map(([, uri]) => uri);

test('a broadcast outlives a server that is killed, whole up to its last part', async () => {
  const folder = await freshFolder();
  // A node knows what it left by its address.
  const environment = { FRONTROW_ORIGIN_PORT: String(await freePort()) };
  const first = await LiveServer.start({ folder, environment });
  const stream = await first.createStream();
  first.publish(stream);
  await first.until(stream, PLAYLIST, (text) => listed(text).length >= 2);
  await first.tell(stream, { score: 1 });
  const before = await first.until(stream, PLAYLIST, (text) => told(text).length > 0);
  await first.kill();

  const second = await LiveServer.start({ folder, environment });
  expect((await second.stream(stream)).status).toBe('reconnecting');
  const kept = await second.until(stream, PLAYLIST);
  expect(listed(kept)).toEqual(expect.arrayContaining(listed(before)));
  expect(told(kept)).toEqual(told(before));
  const publisher = second.publish(stream);
  const after = await second.until(stream, PLAYLIST, hasPartsOf(2));
  expect(after).toContain('#EXT-X-DISCONTINUITY\n');
  for (const uri of listed(after)) {
    const { status } = await second.fetch(`/live/${stream.id}/b1/180p/${uri}`);
    expect({ uri, status }).toEqual({ uri, status: gaps(after).includes(uri) ? 404 : 200 });
  }
  // What was there before is there again.
  expect(gaps(after).filter((uri) => listed(before).includes(uri ?? ''))).toEqual(gaps(before));
  await publisher.stop();
  await second.untilStatus(stream, 'reconnecting');
  await second.stop();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

test('a server that is stopped under a publisher goes on with the broadcast when it is started again', async () => {
  const folder = await freshFolder();
  const environment = { FRONTROW_ORIGIN_PORT: String(await freePort()), FRONTROW_LIVE_STREAMS: '1' };
  const first = await LiveServer.start({ folder, environment });
  const stream = await first.createStream();
  const gone = first.publish(stream);
  await first.until(stream, PLAYLIST, (text) => listed(text).length >= 2);
  await first.tell(stream, { score: 1 });
  const before = await first.until(stream, PLAYLIST, (text) => told(text).length > 0);
  await first.server.stop();
  await gone.ended();

  const second = await LiveServer.start({ folder, environment });
  expect(listed(await second.until(stream, PLAYLIST))).toEqual(expect.arrayContaining(listed(before)));
  // It waits for its publisher, and is all that this server carries.
  const other = second.publish(await second.createStream());
  await other.ended();
  expect(other.said).toContain('LIVE_FULL');
  second.publish(stream);
  await second.until(stream, PLAYLIST, hasPartsOf(2));
  await second.tell(stream, { score: 2 });
  expect((await second.server.api('POST', `/v1/live-streams/${stream.id}/end`)).status).toBeLessThan(300);
  const { broadcast } = await second.untilStatus(stream, 'idle');
  expect(broadcast).toMatchObject({ number: 1, endReason: 'requested' });
  const recording = await second.server.api('GET', `/v1/assets/${broadcast?.recordingId}`);
  expect(await recording.json()).toMatchObject({ status: 'ready' });
  for (const rendition of ['180p', 'audio']) {
    const file = await second.fetch(`/assets/${broadcast?.recordingId}/v1/${rendition}/index.m3u8`);
    expect(told(await file.text())).toEqual([told(before)[0], expect.stringContaining('#EXT-X-DATERANGE:')]);
  }
  await second.stop();
  await rm(folder, { recursive: true, force: true });
}, 120_000);
