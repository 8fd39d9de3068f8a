import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LiveServer, type TestStream } from '../harness/live.ts';
import { freshBucket, type TestBucket } from '../harness/s3-bucket.ts';
import { S3Proxy } from '../harness/s3-proxy.ts';
import type { AssetBody } from '../harness/server.ts';

/** From a real encoder into a bucket: what is live, what is left of it, and a part of that. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let bucket: TestBucket;
let proxy: S3Proxy;
let live: LiveServer;

beforeAll(async () => {
  bucket = await freshBucket();
  proxy = await S3Proxy.start(bucket.access.endpoint);
  live = await LiveServer.start({
    environment: {
      ...bucket.environment,
      FRONTROW_STORAGE: `s3://${bucket.bucket}/media?endpoint=${proxy.endpoint}`,
    },
  });
});

afterAll(async () => {
  await live?.stop();
  proxy?.stop();
});

const SEGMENT = /\/(180p|audio)\/s\d+\.m4s/;

/** What asked the bucket for segments, with the number of times: by method, `COPY` for a put of what is there already. */
function asked(assetId: string) {
  const own = proxy.requests.filter(({ url }) => url.includes(`/${assetId}/`) && SEGMENT.test(url));
  const isCopy = ({ headers }: (typeof own)[number]) => headers['x-amz-copy-source'] !== undefined;
  const count = (method: string) => own.filter((each) => (isCopy(each) ? 'COPY' : each.method) === method).length;
  return { copied: count('COPY'), put: count('PUT'), read: count('GET') };
}

/** Objects that there are of an asset, past everything of ours. */
async function stored(assetId: string): Promise<number> {
  const command = new ListObjectsV2Command({ Bucket: bucket.bucket, Prefix: `media/assets/${assetId}/` });
  return (await bucket.client.send(command)).KeyCount ?? 0;
}

async function bytesOf(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect([url, response.status]).toEqual([url, 200]);
  return Buffer.from(await response.arrayBuffer());
}

/** Segments of pictures and sound by name, as a viewer of the broadcast gets them. */
async function watched(stream: TestStream): Promise<Map<string, Buffer>> {
  const seen = new Map<string, Buffer>();
  for (const name of ['180p', 'audio']) {
    const list = await live.until(stream, `b1/${name}/index.m3u8`, (text) => text.split('#EXTINF').length > 4);
    for (const [, uri, file] of list.matchAll(/^(\d+\/(s\d+\.m4s))$/gm)) {
      seen.set(`${name}/${file}`, await bytesOf(`${live.server.run.edge}/live/${stream.id}/b1/${name}/${uri}`));
    }
  }
  return seen;
}

async function clip(assetId: string): Promise<AssetBody> {
  const response = await live.server.api('POST', `/v1/assets/${assetId}/clips`, { inSeconds: 1, outSeconds: 4 });
  expect(response.status).toBe(201);
  return (await response.json()) as AssetBody;
}

async function decodes({ playbackUrl }: AssetBody): Promise<void> {
  const { stderr } = await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', playbackUrl, '-f', 'null', '-']);
  expect(stderr).toBe('');
}

test('a broadcast in a bucket is a film at its end, and a part of it is copied by the server that has it', async () => {
  const stream = await live.createStream();
  const publisher = live.publish(stream);
  const seen = await watched(stream);
  expect(seen.size).toBeGreaterThan(5);
  const assetId = (await live.stream(stream)).broadcast?.recordingId ?? '';
  // Of what goes on: its segments are in the bucket a moment after they are listed.
  await expect.poll(() => asked(assetId).put, { timeout: 30_000 }).toBeGreaterThan(4);
  const early = await clip(assetId);
  await decodes(early);

  await publisher.stop();
  await live.server.api('POST', `/v1/live-streams/${stream.id}/end`);
  await live.untilStatus(stream, 'idle');
  const film = await live.server.until(assetId, ({ status }) => status === 'ready');
  const written = asked(assetId).put;
  for (const [name, bytes] of seen) {
    const stored = await bytesOf(film.playbackUrl.replace('master.m3u8', `v1/${name}`));
    expect([name, stored.equals(bytes)]).toEqual([name, true]);
  }
  expect(asked(assetId).read).toBeGreaterThan(0);
  await decodes(film);

  const late = await clip(assetId);
  for (const made of [early, late]) {
    const { copied, put } = asked(made.assetId);
    expect(copied).toBeGreaterThan(3);
    expect(put).toBe(0);
  }
  expect(await stored(assetId)).toBeGreaterThan(seen.size);
  const own = await bytesOf(late.playbackUrl.replace('master.m3u8', 'v1/180p/s00001.m4s'));
  expect(own.equals(seen.get('180p/s00001.m4s') ?? Buffer.alloc(0))).toBe(true);
  expect(asked(assetId).put).toBe(written);

  // It lives without the other.
  await live.server.api('DELETE', `/v1/assets/${assetId}`);
  await expect.poll(() => stored(assetId), { timeout: 30_000 }).toBe(0);
  await decodes(late);
});
