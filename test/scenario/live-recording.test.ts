import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Database } from '../../src/database/open.ts';
import { besideServer } from '../harness/broadcast-rows.ts';
import { freshFolder } from '../harness/folder.ts';
import { LiveServer, type TestStream, waitFor } from '../harness/live.ts';
import { placeRecorded } from '../harness/recorded-broadcast.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';

/** Broadcasts from a real encoder, and what is left of them. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start();
});

afterAll(() => live?.stop());

const recordingOf = async (stream: TestStream) => {
  const { broadcast } = await live.stream(stream);
  return { assetId: broadcast?.recordingId ?? '', endedAt: broadcast?.endedAt };
};

test('a broadcast in two sessions is a film right after its end, byte for byte what was live', async () => {
  const stream = await live.createStream({ reconnectSeconds: 10 });
  const isLong = (sessions: number) => (text: string) =>
    text.split('#EXT-X-DISCONTINUITY').length >= sessions && text.split('#EXTINF').length > 2 * sessions;
  const first = live.publish(stream);
  await live.until(stream, 'b1/180p/index.m3u8', isLong(1));
  await first.kill();
  const second = live.publish(stream);
  const renditions = await live.renditions(stream);
  expect(renditions).toEqual(expect.arrayContaining(['180p', 'audio']));
  const seen = new Map<string, Buffer>();
  for (const name of renditions) {
    const listed = await live.until(stream, `b1/${name}/index.m3u8`, isLong(2));
    for (const [, uri, file] of listed.matchAll(/^(\d+\/(s\d+\.m4s))$/gm)) {
      const response = await live.fetch(`/live/${stream.id}/b1/${name}/${uri}`);
      seen.set(`${name}/${file}`, Buffer.from(await response.arrayBuffer()));
    }
  }
  expect(seen.size).toBeGreaterThan(3 * renditions.length);
  const { assetId } = await recordingOf(stream);
  expect(await live.server.asset(assetId)).toMatchObject({ status: 'uploading', recording: { streamId: stream.id } });
  await second.stop();
  await live.server.api('POST', `/v1/live-streams/${stream.id}/end`);
  await waitFor('the end', async () => (await recordingOf(stream)).endedAt, 60_000);
  const asset = await live.server.until(assetId, ({ status }) => status === 'ready');

  for (const [name, bytes] of seen) {
    const stored = await fetch(asset.playbackUrl.replace('master.m3u8', `v1/${name}`));
    expect([name, Buffer.from(await stored.arrayBuffer()).equals(bytes)]).toEqual([name, true]);
  }
  const url = asset.playbackUrl.replace('master.m3u8', 'v1/180p/index.m3u8');
  expect((await (await fetch(url)).text()).split('#EXT-X-DISCONTINUITY')).toHaveLength(2);
  const { stderr } = await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', asset.playbackUrl, '-f', 'null', '-']);
  expect(stderr).toBe('');
  await live.server.until(assetId, ({ storyboardUrl }) => storyboardUrl !== undefined);
});

test('a broadcast is ready within a second of its end, by the server that has done both', async () => {
  const beside = await besideServer(live.server.folder);
  try {
    const took: number[] = [];
    // The least of some: a machine that does other things as well is slow now and then.
    for (const _ of [1, 2, 3]) {
      const stream = await live.createStream();
      const publisher = live.publish(stream);
      await live.until(stream, 'b1/180p/index.m3u8', (text) => text.split('#EXTINF').length > 3);
      const { assetId } = await recordingOf(stream);
      await live.server.api('POST', `/v1/live-streams/${stream.id}/end`);
      await live.server.until(assetId, ({ status }) => status === 'ready');
      await publisher.ended();
      took.push((await readyAtMs(beside.database, assetId)) - (await endedAtMs(beside.database, assetId)));
    }
    expect(Math.min(...took)).toBeLessThan(1_000);
  } finally {
    await beside.close();
  }
});

async function endedAtMs(database: Database, recordingId: string): Promise<number> {
  const query = database.selectFrom('broadcasts').select('ended_at').where('recording_id', '=', recordingId);
  return Number((await query.executeTakeFirstOrThrow()).ended_at);
}

/** When the asset became it: its row is changed again when its pictures are there. */
async function readyAtMs(database: Database, assetId: string): Promise<number> {
  const rows = await database.selectFrom('events').selectAll().where('type', '=', 'asset.ready').execute();
  return Number(rows.find(({ asset }) => asset?.includes(assetId))?.created_at);
}

test('what a kill left between the end of a broadcast and its asset is finished at the next start', async () => {
  const folder = await freshFolder();
  let server = await TestServer.start({ folder });
  const beside = await besideServer(folder);
  try {
    const placed = await placeRecorded(beside, [{ seconds: 4, beganAtMs: 1_000 }]);
    await server.kill();
    server = await TestServer.start({ folder });
    const asset: AssetBody = await server.until(placed.recordingId, ({ status }) => status === 'ready');
    expect(asset.durationSeconds).toBe(4);
    expect((await fetch(asset.playbackUrl)).status).toBe(200);
  } finally {
    await beside.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
