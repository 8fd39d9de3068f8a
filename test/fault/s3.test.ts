import { createHash, randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { filmPrefix, sourceKey } from '../../src/kernel/film/paths.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { S3Store } from '../../src/storage/s3/store.ts';
import { generateClip } from '../harness/clip.ts';
import { startControl } from '../harness/control-server.ts';
import { freshFolder } from '../harness/folder.ts';
import { freshBucket, type TestBucket } from '../harness/s3-bucket.ts';
import { S3Proxy } from '../harness/s3-proxy.ts';
import { TestServer } from '../harness/server.ts';

const MIB = 1_048_576;
/** As src/storage/s3 cuts a source whose length is known and moderate. */
const PART = 8 * MIB;

let folder: string;
let bucket: TestBucket;
let proxy: S3Proxy;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await freshFolder();
  bucket = await freshBucket();
  proxy = await S3Proxy.start(bucket.access.endpoint);
});

afterEach(async () => {
  proxy.fate = () => 'pass';
  await server?.stop();
  server = undefined;
  proxy.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A server whose media rests in the bucket behind the proxy. */
async function start(more: Readonly<Record<string, string>> = {}, roles?: string): Promise<TestServer> {
  server = await TestServer.start({
    folder,
    ...(roles === undefined ? {} : { roles }),
    environment: {
      ...bucket.environment,
      FRONTROW_STORAGE: `s3://${bucket.bucket}/media?endpoint=${proxy.endpoint}`,
      FRONTROW_STORAGE_ATTEMPTS: '2',
      FRONTROW_LEASE_MS: '1500',
      ...more,
    },
  });
  return server;
}

test('an upload is in S3 moments after its last byte, since its parts went before', async () => {
  const control = await start({}, 'control');
  const film = randomBytes(3 * PART + MIB);
  const { location, id } = await create(control, film.length);
  await append(control, location, film, 0, 2 * PART + 17);
  await expect.poll(() => kept(id), { timeout: 60_000 }).toBe(2);
  expect(await isThere(id)).toBe(false);
  const before = partsSent();
  await append(control, location, film, 2 * PART + 17, film.length);
  await stored(control, id);
  expect(await sha256InBucket(id)).toBe(sha256(film));
  // The third whole part and the rest: nothing went twice.
  expect(partsSent() - before).toBe(2);
  expect(await pending()).toBe(0);
});

test('kill -9 in the middle of an upload costs no part that was sent, and the object is the file', async () => {
  const film = randomBytes(3 * PART + MIB);
  let control = await start({}, 'control');
  const { location, id } = await create(control, film.length);
  await append(control, location, film, 0, 2 * PART + 17);
  await expect.poll(() => kept(id), { timeout: 60_000 }).toBe(2);
  await control.kill();
  const before = partsSent();

  control = await start({}, 'control');
  const offset = await offsetOf(control, location);
  expect(offset).toBe(2 * PART + 17);
  await append(control, location, film, offset, film.length);
  await stored(control, id);
  expect(await sha256InBucket(id)).toBe(sha256(film));
  expect(partsSent() - before).toBe(2);
  expect(await pending()).toBe(0);
});

test('kill -9 while the parts become an object leaves the whole object or makes it again', async () => {
  const film = randomBytes(2 * PART + MIB);
  let control = await start({}, 'control');
  const { location, id } = await create(control, film.length);
  const never = Promise.withResolvers<void>();
  const completing = Promise.withResolvers<void>();
  proxy.fate = ({ method, url }) => {
    if (method !== 'POST' || !url.includes('uploadId=')) return 'pass';
    completing.resolve();
    return { hold: never.promise };
  };
  const answer = append(control, location, film, 0, film.length).catch(() => {});
  await completing.promise;
  await control.kill();
  await answer;

  proxy.fate = () => 'pass';
  control = await start({}, 'control');
  await stored(control, id);
  expect(await sha256InBucket(id)).toBe(sha256(film));
  expect(await pending()).toBe(0);
});

test('what was sent of an upload that its sender gives up is removed from S3', async () => {
  const control = await start({}, 'control');
  const film = randomBytes(3 * PART);
  const { location, id } = await create(control, film.length);
  await append(control, location, film, 0, PART + 17);
  await expect.poll(() => kept(id), { timeout: 60_000 }).toBe(1);
  const gone = await fetch(control.run.control + location, { method: 'DELETE', headers: headersOf(control) });
  expect(gone.status).toBe(204);
  expect(await pending()).toBe(0);
});

test('what was sent of an upload that nobody goes on with is removed from S3 when its time is over', async () => {
  for (const [name, value] of Object.entries(bucket.environment)) vi.stubEnv(name, value);
  const store = new S3Store({
    place: { bucket: bucket.bucket, prefix: 'media/', endpoint: proxy.endpoint, region: 'us-east-1', pathStyle: true },
    attempts: 2,
    timeoutMs: 5_000,
    folder: `${folder}/s3`,
    copiesBytes: 0,
    keepAdopted: false,
    log: silentLog,
  });
  await store.start();
  let nowMs = Date.now();
  const control = await startControl({
    folder,
    store,
    clock: { now: () => nowMs },
    settings: { uploadExpireHours: 1 },
  });
  try {
    const headers = { 'tus-resumable': '1.0.0' };
    const made = await control.call('/v1/uploads', {
      method: 'POST',
      headers: { ...headers, 'upload-length': `${3 * PART}` },
    });
    const location = new URL(made.headers.get('location') ?? '').pathname;
    await control.call(location, {
      method: 'PATCH',
      headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      body: randomBytes(PART + 17),
    });
    await expect.poll(() => kept(location.split('/').at(-1) ?? ''), { timeout: 60_000 }).toBe(1);
    nowMs += 3_601_000;
    await control.ingest.sweep();
    expect(await pending()).toBe(0);
  } finally {
    await control.stop();
    await store.stop();
    vi.unstubAllEnvs();
  }
});

test('S3 answering 503 at the end of an upload loses nothing: the sender is done, the source comes later', async () => {
  const control = await start({}, 'control');
  const film = randomBytes(2 * PART + MIB);
  const { location, id } = await create(control, film.length);
  await append(control, location, film, 0, PART + 17);
  await expect.poll(() => kept(id), { timeout: 60_000 }).toBe(1);
  proxy.fate = () => 'busy';
  await append(control, location, film, PART + 17, film.length);
  expect((await control.asset(id)).status).toBe('uploading');
  expect(await offsetOf(control, location)).toBe(film.length);
  expect(await isThere(id)).toBe(false);
  proxy.fate = () => 'pass';
  await stored(control, id);
  expect(await sha256InBucket(id)).toBe(sha256(film));
  expect(await pending()).toBe(0);
});

test('S3 answering 503 for a while during an encode costs no attempt: the film is whole, nothing lost or doubled', async () => {
  // One attempt: the first failure that counted would be the film's end.
  const whole = await start({ FRONTROW_CHUNK_ATTEMPTS: '1', FRONTROW_CHUNK_SEGMENTS: '2' });
  const clip = `${folder}-clip.mp4`;
  await generateClip(clip, { seconds: 40, size: '426x240', rate: '24' });
  const { assetId } = await whole.upload(new Uint8Array(await readFile(clip)), 'film.mp4');
  await rm(clip);
  await whole.until(assetId, ({ progress }) => progress.segmentsDone >= 3);
  proxy.fate = () => 'busy';
  const before = proxy.requests.length;
  await expect.poll(() => proxy.requests.length - before, { timeout: 30_000 }).toBeGreaterThan(20);
  const during = await whole.asset(assetId);
  expect(during.error).toBeUndefined();
  expect(['playable', 'queued']).toContain(during.status);
  proxy.fate = () => 'pass';

  const asset = await whole.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  expect(asset.error).toBeUndefined();
  const listed = await listedBy(asset.playbackUrl);
  const segments = (await keys(filmPrefix(assetId))).filter((key) => key.endsWith('.m4s'));
  expect(segments).toHaveLength(asset.progress.segmentsTotal);
  expect(segments.sort()).toEqual(listed.sort());
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const keyOf = (id: string) => `media/${sourceKey(id)}`;
const partsSent = () => proxy.count('PUT', /partNumber=/);

async function sha256InBucket(id: string): Promise<string> {
  const { Body } = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.bucket, Key: keyOf(id) }));
  return sha256((await Body?.transformToByteArray()) ?? new Uint8Array());
}

async function isThere(id: string): Promise<boolean> {
  return bucket.client.send(new HeadObjectCommand({ Bucket: bucket.bucket, Key: keyOf(id) })).then(
    () => true,
    () => false,
  );
}

async function uploads() {
  return (await bucket.client.send(new ListMultipartUploadsCommand({ Bucket: bucket.bucket }))).Uploads ?? [];
}

async function pending(): Promise<number> {
  return (await uploads()).length;
}

/** Parts of an unfinished source that S3 has. */
async function kept(id: string): Promise<number> {
  const upload = (await uploads()).find(({ Key }) => Key === keyOf(id));
  if (!upload) return 0;
  const which = { Bucket: bucket.bucket, Key: keyOf(id), UploadId: upload.UploadId };
  return (await bucket.client.send(new ListPartsCommand(which))).Parts?.length ?? 0;
}

async function keys(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (let token: object = {}; ; ) {
    const page = await bucket.client.send(
      new ListObjectsV2Command({ Bucket: bucket.bucket, Prefix: `media/${prefix}`, ...token }),
    );
    for (const { Key = '' } of page.Contents ?? []) found.push(Key.slice('media/'.length));
    if (!page.NextContinuationToken) return found;
    token = { ContinuationToken: page.NextContinuationToken };
  }
}

/** Keys of every segment that a player would ask for, each of which the edge must answer. */
async function listedBy(master: string): Promise<string[]> {
  const text = await (await fetch(master)).text();
  const renditions = new Set([...uris(text), ...[...text.matchAll(/URI="([^"]+)"/g)].map(([, uri = '']) => uri)]);
  const found = new Set<string>();
  for (const rendition of renditions) {
    const url = new URL(rendition, master);
    for (const segment of uris(await (await fetch(url)).text())) found.add(new URL(segment, url).href);
  }
  for (const segment of found) expect([segment, (await fetch(segment)).status]).toEqual([segment, 200]);
  return [...found].map((url) => new URL(url).pathname.slice(1));
}

function uris(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function headersOf(control: TestServer): Record<string, string> {
  return { 'tus-resumable': '1.0.0', authorization: `Bearer ${control.run.adminToken}` };
}

async function create(control: TestServer, sizeBytes: number): Promise<{ location: string; id: string }> {
  const filename = Buffer.from('film.mp4').toString('base64');
  const created = await fetch(`${control.run.control}/v1/uploads`, {
    method: 'POST',
    headers: { ...headersOf(control), 'upload-length': `${sizeBytes}`, 'upload-metadata': `filename ${filename}` },
  });
  const location = new URL(created.headers.get('location') ?? '', control.run.control).pathname;
  return { location, id: location.split('/').at(-1) ?? '' };
}

async function append(control: TestServer, location: string, film: Buffer, from: number, to: number): Promise<void> {
  const answer = await fetch(control.run.control + location, {
    method: 'PATCH',
    headers: {
      ...headersOf(control),
      'upload-offset': `${from}`,
      'content-type': 'application/offset+octet-stream',
    },
    body: new Uint8Array(film.subarray(from, to)),
  });
  expect([answer.status, answer.headers.get('upload-offset')]).toEqual([204, `${to}`]);
}

async function offsetOf(control: TestServer, location: string): Promise<number> {
  const head = await fetch(control.run.control + location, { method: 'HEAD', headers: headersOf(control) });
  return Number(head.headers.get('upload-offset'));
}

async function stored(control: TestServer, id: string): Promise<void> {
  await control.until(id, ({ status }) => status === 'queued');
}
