import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sourceKey, sourcePrefix, straightenedKey } from '../../src/kernel/film/paths.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { joinParts } from '../harness/joined-clip.ts';
import { PostgresServer } from '../harness/postgres.ts';
import { freshBucket, type TestBucket } from '../harness/s3-bucket.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { countFrames, ffmpegTool } from '../harness/transcode-scenario.ts';

// A worker that is gone in the middle of a film, and another with a disk of its own that goes on from what S3 has.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const SECONDS = 32;
const RATE = 25;

let folder: string;
let bucket: TestBucket;
let postgres: PostgresServer;
const servers: TestServer[] = [];

beforeAll(async () => {
  folder = await freshFolder();
  postgres = await PostgresServer.start();
  bucket = await freshBucket();
});

afterAll(async () => {
  for (const server of servers) await server.stop();
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
});

async function start(database: string, roles: string, data: string): Promise<TestServer> {
  await mkdir(join(folder, data), { recursive: true });
  const server = await TestServer.start({
    roles,
    folder: join(folder, data),
    environment: {
      ...bucket.environment,
      FRONTROW_DATABASE_URL: database,
      FRONTROW_STORAGE: `s3://${bucket.bucket}/media?endpoint=${bucket.access.endpoint}`,
      FRONTROW_API_TOKEN_SECRET: 'the-same-on-every-machine',
      FRONTROW_WORKERS: '1',
      FRONTROW_CHUNK_SEGMENTS: '1',
      FRONTROW_LEASE_MS: '1500',
    },
  });
  servers.push(server);
  return server;
}

test('a joined film on S3 that one worker straightened is finished by another, whole, and nothing is left of the copy', async () => {
  const database = await postgres.freshDatabase();
  const control = await start(database, 'control,origin,edge', 'control');
  const first = await start(database, 'worker', 'first');
  const { assetId } = await control.uploadFile(await joinedClip(), 'film.ts');
  await control.until(assetId, ({ progress }) => progress.segmentsDone >= 1);
  expect(await keys(sourcePrefix(assetId))).toEqual([sourceKey(assetId), straightenedKey(assetId, 1)]);
  await first.kill();
  servers.splice(servers.indexOf(first), 1);
  expect((await control.asset(assetId)).status).not.toBe('ready');

  await start(database, 'worker', 'second');
  const asset = await control.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  expect(asset.error).toBeUndefined();
  expect(await framesOf(asset)).toBe(SECONDS * RATE);
  await expect.poll(() => keys(sourcePrefix(assetId)), { timeout: 30_000 }).toEqual([sourceKey(assetId)]);
  const pending = await bucket.client.send(new ListMultipartUploadsCommand({ Bucket: bucket.bucket }));
  expect(pending.Uploads ?? []).toEqual([]);

  // What the killed one left on its disk it clears as it starts.
  await start(database, 'worker', 'first');
  for (const worker of ['first', 'second']) expect([worker, await temporary(worker)]).toEqual([worker, []]);
});

/** Two recordings, the second of which begins its clock anew and has its tracks under other numbers. */
async function joinedClip(): Promise<string> {
  const [plain, cut, joined] = [join(folder, 'plain.mp4'), join(folder, 'cut.ts'), join(folder, 'joined.ts')];
  await generateClip(plain, { seconds: SECONDS, size: '320x180', rate: `${RATE}` });
  await ffmpegTool('-i', plain, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-c:a', 'copy', cut);
  const second = { fromSeconds: SECONDS / 2, clockSeconds: 0, options: ['-mpegts_start_pid', '0x200'] };
  await joinParts(cut, joined, [{ fromSeconds: 0, clockSeconds: 0 }, second]);
  return joined;
}

/** Files that are no copies of objects, on a worker's own disk. */
async function temporary(data: string): Promise<string[]> {
  const found = await readdir(join(folder, data), { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return names.filter((name) => /straightening|\/sending\/|\.part$|\.aside/.test(name));
}

async function keys(prefix: string): Promise<string[]> {
  const found = await bucket.client.send(
    new ListObjectsV2Command({ Bucket: bucket.bucket, Prefix: `media/${prefix}` }),
  );
  return (found.Contents ?? []).map(({ Key = '' }) => Key.slice('media/'.length));
}

/** Pictures of the first rendition on the multivariant playlist, as a player gets them from the edge. */
async function framesOf({ playbackUrl }: AssetBody): Promise<number> {
  const [playlist = ''] = uris(await text(playbackUrl));
  const media = new URL(playlist, playbackUrl);
  const listed = await text(media);
  const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(listed)?.[1] ?? '';
  const parts = await Promise.all(
    [init, ...uris(listed)].map(async (uri) => (await fetch(new URL(uri, media))).bytes()),
  );
  const played = join(folder, 'played.mp4');
  await writeFile(played, Buffer.concat(parts));
  return countFrames(played);
}

async function text(url: string | URL): Promise<string> {
  return (await fetch(url)).text();
}

function uris(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
