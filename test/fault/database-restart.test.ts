import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openPostgres, pingDatabase } from '../../src/database/open.ts';
import { openNoticeLine } from '../../src/database/postgres.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { PostgresSignals } from '../../src/queue/postgres-signals.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { PostgresServer } from '../harness/postgres.ts';
import { TestServer } from '../harness/server.ts';

const FOR_EVER_MS = 3_600_000;

// A film is encoded twice over on a machine that may be busy.
vi.setConfig({ testTimeout: 240_000 });

let postgres: PostgresServer;
let url: string;
let clip: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  postgres = await PostgresServer.start({ durable: true });
  const clips = await freshFolder();
  await generateClip(join(clips, 'clip.mp4'), { seconds: 30, size: '640x360', rate: '25' });
  clip = new Uint8Array(await readFile(join(clips, 'clip.mp4')));
  await rm(clips, { recursive: true });
});
afterAll(() => postgres.remove());

beforeEach(async () => {
  url = await postgres.freshDatabase();
});

const ENDS = [
  ['stopped', () => postgres.stop()],
  ['ended by a crash', () => postgres.crash()],
] as const;

describe.each(ENDS)('a database that is %s and started again', (_, end) => {
  let folder: string;
  let server: TestServer;

  beforeEach(async () => {
    folder = await freshFolder();
    const environment = { FRONTROW_DATABASE_URL: url, FRONTROW_CHUNK_SEGMENTS: '2', FRONTROW_LEASE_MS: '3000' };
    server = await TestServer.start({ folder, environment });
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('in the middle of a film costs requests a 503, and the film nothing: it becomes ready, whole and once', async () => {
    const { assetId } = await server.upload(clip, 'film.mp4');
    const before = await server.until(assetId, ({ progress }) => progress.segmentsDone >= 3);
    expect(before.status).not.toBe('ready');
    expect((await fetch(before.playbackUrl)).status).toBe(200);
    await end();

    const ready = await fetch(`${server.run.control}/health/ready`);
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await ready.json()).toMatchObject({ code: 'UNAVAILABLE', detail: 'The database does not answer.' });
    const asked = await server.api('GET', `/v1/assets/${assetId}`);
    expect([asked.status, asked.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await asked.json()).toMatchObject({ code: 'UNAVAILABLE' });
    expect((await fetch(`${server.run.control}/health/live`)).status).toBe(200);
    expect((await fetch(before.playbackUrl)).status).toBe(200);
    // Chunks that are being encoded come to their ends meanwhile and find nobody to tell.
    await vi.waitFor(() => expect(server.said).toContain('store or database away'), { timeout: 60_000 });

    await postgres.startAgain();
    const asset = await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
    expect(asset.error).toBeUndefined();
    expect(asset.progress.segmentsDone).toBe(asset.progress.segmentsTotal);
    expect((await fetch(`${server.run.control}/health/ready`)).status).toBe(200);
    const files = await readdir(folder, { recursive: true });
    expect(files.filter((file) => /s\d+\.m4s$/.test(file)).length).toBe(asset.progress.segmentsTotal);
    expect(files.filter((file) => file.includes('.aside/') && file.split('.aside/')[1]?.includes('/'))).toEqual([]);
    await vi.waitFor(async () => expect(await jobsLeft()).toBe(0), { timeout: 30_000 });
    expect(server.said).not.toContain(new URL(url).password);
  });
});

test('connections and signals come back by themselves, and whoever waited looks again', async () => {
  const database = await openPostgres({ url, connections: 4, log: silentLog });
  const lines = [1, 2].map(() => new PostgresSignals((heard) => openNoticeLine(url, heard), silentLog));
  const [here, there] = lines;
  if (!here || !there) throw new Error('there are two');
  for (const line of lines) await line.start();
  await Promise.all(Array.from({ length: 4 }, () => pingDatabase(database)));

  const missed = there.next('said while nobody heard', FOR_EVER_MS);
  await postgres.stop();
  await expect(pingDatabase(database)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  here.notify('said while nobody heard');
  await postgres.startAgain();
  await pingDatabase(database);
  await missed;

  // Said again and again, since the other's line may be up a moment later than ours.
  const heard = there.next('a', FOR_EVER_MS);
  const again = setInterval(() => here.notify('a'), 20);
  await heard;
  clearInterval(again);
  for (const line of lines) await line.stop();
  await database.destroy();
});

test('a server that starts before its database waits for it', async () => {
  await postgres.stop();
  const opening = openPostgres({ url, connections: 2, log: silentLog });
  await postgres.startAgain();
  const database = await opening;
  await pingDatabase(database);
  await database.destroy();
  await postgres.stop();
  const inVain = openPostgres({ url, connections: 2, log: silentLog }, 200);
  await expect(inVain).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/cannot be used/) });
  await postgres.startAgain();
});

async function jobsLeft(): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ left: string }>('select count(*) as left from jobs');
    return Number(rows[0]?.left);
  } finally {
    await client.end();
  }
}
