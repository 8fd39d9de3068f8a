import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { PostgresServer } from '../harness/postgres.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';

// Several processes, each with a data folder of its own as on another machine, on one database and one store.

// Four processes on a machine that has other things to do as well.
vi.setConfig({ testTimeout: 180_000 });

let postgres: PostgresServer;
let shared: string;
let clip: Uint8Array<ArrayBuffer>;
let environment: Record<string, string>;
let servers: TestServer[];

beforeAll(async () => {
  postgres = await PostgresServer.start();
  shared = await freshFolder();
  await generateClip(join(shared, 'clip.mp4'), { seconds: 24, size: '426x240', rate: '25' });
  clip = new Uint8Array(await readFile(join(shared, 'clip.mp4')));
});
afterAll(async () => {
  await postgres.remove();
  await rm(shared, { recursive: true, force: true });
});

beforeEach(async () => {
  servers = [];
  environment = {
    FRONTROW_DATABASE_URL: await postgres.freshDatabase(),
    FRONTROW_STORAGE: join(shared, 'media'),
    FRONTROW_API_TOKEN_SECRET: 'the-same-on-every-machine',
    FRONTROW_WORKERS: '1',
    FRONTROW_CHUNK_SEGMENTS: '1',
  };
});
afterEach(async () => {
  for (const server of servers) await server.stop();
});

async function start(roles: string): Promise<TestServer> {
  const server = await TestServer.start({ roles, environment });
  servers.push(server);
  return server;
}

/** Who holds a lease at any moment until `over` is resolved. */
async function workersUntil(over: Promise<unknown>): Promise<Set<string>> {
  const client = new Client({ connectionString: environment.FRONTROW_DATABASE_URL });
  await client.connect();
  const seen = new Set<string>();
  let done = false;
  const ended = over.finally(() => {
    done = true;
  });
  while (!done) {
    // The database waits, so that looking costs next to nothing of what is looked at.
    const look =
      "with pause as materialized (select pg_sleep(0.02)) select leased_by from pause, jobs where state = 'leased'";
    const { rows } = await client.query<{ leased_by: string }>(look);
    for (const { leased_by } of rows) seen.add(leased_by);
  }
  await client.end();
  await ended;
  return seen;
}

test('a worker on another data folder adds capacity: a film is made by both, and plays whole', async () => {
  const first = await start('control,origin,worker,edge');
  await start('worker');
  const { assetId } = await first.upload(clip, 'film.mp4');
  const ready = first.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  const workers = await workersUntil(ready);
  const asset = await ready;
  expect(asset.error).toBeUndefined();
  expect([...workers].filter((name) => name.startsWith('worker-')).length).toBe(2);
  expect(await segmentsAt(asset)).toBe(asset.progress.segmentsTotal);
});

test('a second control leaves alone what the first is receiving, and takes its tokens', async () => {
  const first = await start('control');
  const headers = { authorization: `Bearer ${first.run.adminToken}`, 'tus-resumable': '1.0.0' };
  const created = await fetch(`${first.run.control}/v1/uploads`, {
    method: 'POST',
    headers: { ...headers, 'upload-length': `${clip.length}`, 'upload-metadata': `filename ${btoa('film.mp4')}` },
  });
  const upload = created.headers.get('location') ?? '';
  const append = (from: number, to: number) =>
    fetch(upload, {
      method: 'PATCH',
      headers: { ...headers, 'upload-offset': `${from}`, 'content-type': 'application/offset+octet-stream' },
      body: clip.subarray(from, to),
    });
  expect((await append(0, 1_000)).status).toBe(204);

  // Both recover what they left unfinished as they start.
  const second = await start('control');
  const assetId = upload.split('/').at(-1) ?? '';
  const seen = await fetch(`${second.run.control}/v1/assets/${assetId}`, { headers });
  expect([seen.status, ((await seen.json()) as AssetBody).status]).toEqual([200, 'uploading']);
  expect((await append(1_000, clip.length)).status).toBe(204);
  expect((await second.asset(assetId)).status).toBe('queued');
});

/** How many segments the edge answers of all that the film's playlists name. */
async function segmentsAt(asset: AssetBody): Promise<number> {
  const text = async (url: URL | string) => (await fetch(url)).text();
  const master = await text(asset.playbackUrl);
  const lists = [...uris(master), ...[...master.matchAll(/TYPE=AUDIO.*URI="([^"]+)"/g)].map((match) => match[1] ?? '')];
  let count = 0;
  for (const list of lists) {
    const url = new URL(list, asset.playbackUrl);
    for (const segment of uris(await text(url))) {
      const response = await fetch(new URL(segment, url));
      await response.arrayBuffer();
      if (response.status === 200) count += 1;
    }
  }
  return count;
}

function uris(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
