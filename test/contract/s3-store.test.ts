import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { LocalCopies } from '../../src/storage/local-copies.ts';
import { S3Store, type S3StoreOptions } from '../../src/storage/s3/store.ts';
import { freshBucket, type TestBucket } from '../harness/s3-bucket.ts';
import { S3Proxy } from '../harness/s3-proxy.ts';

const KEY = 'sources/as_aaaabbbbccccdddd/original';
const MIB = 1_048_576;
/** The least that S3 takes. */
const PART = 5 * MIB;

// The server is a whole OpenStack Swift beside everything else that is tested.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let folder: string;
let bucket: TestBucket;
let proxy: S3Proxy;
const open: S3Store[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-s3-store-'));
  bucket = await freshBucket();
  proxy = await S3Proxy.start(bucket.access.endpoint);
  for (const [name, value] of Object.entries(bucket.environment)) vi.stubEnv(name, value);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.stop()));
  proxy.stop();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function storeOn(name: string, more: Partial<S3StoreOptions> = {}): Promise<S3Store> {
  const store = new S3Store({
    place: { bucket: bucket.bucket, prefix: '', endpoint: proxy.endpoint, region: 'us-east-1', pathStyle: true },
    attempts: 2,
    timeoutMs: 5_000,
    folder: join(folder, name),
    copiesBytes: 100 * MIB,
    keepAdopted: true,
    log: silentLog,
    partBytes: PART,
    ...more,
  });
  open.push(store);
  await store.start();
  return store;
}

async function arrived(sizeBytes: number): Promise<{ file: string; bytes: Buffer }> {
  const file = join(folder, 'arrived');
  const bytes = randomBytes(sizeBytes);
  await writeFile(file, bytes);
  return { file, bytes };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The object as anybody else would read it. */
async function stored(): Promise<string> {
  const { Body } = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.bucket, Key: KEY }));
  return sha256((await Body?.transformToByteArray()) ?? new Uint8Array());
}

async function isThere(): Promise<boolean> {
  return bucket.client.send(new HeadObjectCommand({ Bucket: bucket.bucket, Key: KEY })).then(
    () => true,
    () => false,
  );
}

async function pending(): Promise<number> {
  const { Uploads } = await bucket.client.send(new ListMultipartUploadsCommand({ Bucket: bucket.bucket }));
  return Uploads?.length ?? 0;
}

/** Parts of the unfinished upload that the server has. */
async function kept(): Promise<number> {
  const { Uploads: [upload] = [] } = await bucket.client.send(
    new ListMultipartUploadsCommand({ Bucket: bucket.bucket }),
  );
  if (!upload) return 0;
  const which = { Bucket: bucket.bucket, Key: KEY, UploadId: upload.UploadId };
  return (await bucket.client.send(new ListPartsCommand(which))).Parts?.length ?? 0;
}

const parts = () => proxy.count('PUT', /partNumber=/);
const fetches = () => proxy.requests.filter(({ method, url }) => method === 'GET' && url.includes('/original'));
const downloads = () => fetches().length;

describe('a large file', () => {
  test('becomes one object out of parts, and stays here as its copy', async () => {
    const store = await storeOn('one');
    const { file, bytes } = await arrived(2 * PART + MIB);
    await store.adopt(KEY, file);
    expect(await stored()).toBe(sha256(bytes));
    expect(parts()).toBe(3);
    expect(await pending()).toBe(0);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    const local = await store.localFile(KEY);
    expect(sha256(await readFile(local?.path ?? ''))).toBe(sha256(bytes));
    expect(downloads()).toBe(0);
    await local?.release();
  });

  test('is sent while it grows, seen only when it is whole, and its end is all that is left to send', async () => {
    const store = await storeOn('one');
    const { file, bytes } = await arrived(3 * PART + MIB);
    store.sendAhead(KEY, file, 2 * PART + 1, bytes.length);
    await expect.poll(kept, { timeout: 20_000 }).toBe(2);
    expect(await isThere()).toBe(false);
    await store.adopt(KEY, file);
    expect(parts()).toBe(4);
    expect(await stored()).toBe(sha256(bytes));
    expect(await pending()).toBe(0);
  });

  test('that was half sent when its process died is gone on with by the next one', async () => {
    const store = await storeOn('one');
    const { file, bytes } = await arrived(3 * PART + MIB);
    store.sendAhead(KEY, file, 2 * PART, bytes.length);
    await expect.poll(kept, { timeout: 20_000 }).toBe(2);
    await store.stop();
    const next = await storeOn('one');
    await next.adopt(KEY, file);
    expect(parts()).toBe(4);
    expect(await stored()).toBe(sha256(bytes));
    expect(await pending()).toBe(0);
  });

  test('whose upload the server forgot is sent anew', async () => {
    const store = await storeOn('one');
    const { file, bytes } = await arrived(2 * PART + MIB);
    store.sendAhead(KEY, file, PART, bytes.length);
    await expect.poll(kept, { timeout: 20_000 }).toBe(1);
    await storeOn('another machine').then((other) => other.deletePrefix('sources/as_aaaabbbbccccdddd/'));
    expect(await pending()).toBe(0);
    await store.adopt(KEY, file);
    expect(await stored()).toBe(sha256(bytes));
    expect(await pending()).toBe(0);
  });

  test('leaves no upload behind when it is deleted before it is whole, also by a later process', async () => {
    const store = await storeOn('one');
    const { file, bytes } = await arrived(3 * PART);
    store.sendAhead(KEY, file, PART, bytes.length);
    await expect.poll(kept, { timeout: 20_000 }).toBe(1);
    expect(await pending()).toBe(1);
    await store.stop();
    const next = await storeOn('one');
    await next.deletePrefix('sources/as_aaaabbbbccccdddd/');
    expect(await pending()).toBe(0);
    expect(await readdir(join(folder, 'one', 'sending'))).toEqual([]);
  });

  test('that is gone when its part is due leaves no upload behind', async () => {
    const store = await storeOn('one');
    store.sendAhead(KEY, join(folder, 'gone'), 2 * PART, 4 * PART);
    await expect.poll(() => proxy.count('DELETE', /uploadId=/), { timeout: 20_000 }).toBe(1);
    await expect.poll(pending).toBe(0);
  });

  test('whose last answer was lost is known to be there all the same', async () => {
    const store = await storeOn('one', { attempts: 3 });
    const { file, bytes } = await arrived(2 * PART + MIB);
    let lost = 0;
    proxy.fate = ({ method, url }) => {
      if (method !== 'POST' || !url.includes('uploadId=') || lost > 0) return 'pass';
      lost += 1;
      return { cutAfterBytes: 0 };
    };
    await store.adopt(KEY, file);
    expect(lost).toBe(1);
    expect(await stored()).toBe(sha256(bytes));
    expect(parts()).toBe(3);
  });
});

describe('reading', () => {
  test('goes on by range where the connection breaks, and the bytes are the same', async () => {
    const store = await storeOn('one');
    const bytes = randomBytes(4 * MIB);
    await store.put(KEY, bytes);
    let broken = 0;
    proxy.fate = ({ method }) => (method === 'GET' && broken++ < 2 ? { cutAfterBytes: MIB + 7 } : 'pass');
    const object = await store.open(KEY, { start: 5, end: 4 * MIB - 5 });
    const read = object && (await buffer(object.body));
    expect(read?.equals(bytes.subarray(5, 4 * MIB - 5))).toBe(true);
    expect(fetches().map(({ headers }) => headers.range)).toEqual([
      `bytes=5-${4 * MIB - 6}`,
      `bytes=${MIB + 12}-${4 * MIB - 6}`,
      `bytes=${2 * MIB + 19}-${4 * MIB - 6}`,
    ]);
  });

  test('fails rather than going on in another object', async () => {
    const store = await storeOn('one');
    await store.put(KEY, randomBytes(4 * MIB));
    proxy.fate = ({ method }) => (method === 'GET' ? { cutAfterBytes: MIB } : 'pass');
    const object = await store.open(KEY);
    await store.put(KEY, randomBytes(4 * MIB));
    await expect(object && buffer(object.body)).rejects.toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  });

  test('holds no more than the reader takes, and lets the server go when the reader leaves', async () => {
    const store = await storeOn('one');
    await store.put(KEY, randomBytes(30 * MIB));
    const object = await store.open(KEY);
    const seen = fetches().at(-1);
    object?.body.once('readable', () => object.body.read());
    await expect.poll(() => seen?.sentBytes ?? 0).toBeGreaterThan(MIB / 4);
    object?.body.destroy();
    await seen?.ended;
    expect(seen?.sentBytes).toBeLessThan(20 * MIB);
  });
});

describe('copies on the local disk', () => {
  test('are fetched once for all who ask at once', async () => {
    const store = await storeOn('one');
    const bytes = randomBytes(2 * MIB);
    await store.put(KEY, bytes);
    const files = await Promise.all(Array.from({ length: 5 }, () => store.localFile(KEY)));
    expect(new Set(files.map((file) => file?.path)).size).toBe(1);
    expect(await readFile(files[0]?.path ?? '')).toEqual(bytes);
    expect(downloads()).toBe(1);
    for (const file of files) await file?.release();
  });

  test('go on where a fetch broke off that was given up', async () => {
    const store = await storeOn('one');
    const bytes = randomBytes(4 * MIB);
    await store.put(KEY, bytes);
    let asked = 0;
    proxy.fate = ({ method }) => (method !== 'GET' ? 'pass' : asked++ === 0 ? { cutAfterBytes: MIB } : 'busy');
    await expect(store.localFile(KEY)).rejects.toThrow(expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }));
    proxy.fate = () => 'pass';
    const local = await store.localFile(KEY);
    expect(await readFile(local?.path ?? '')).toEqual(bytes);
    // What lay in buffers when it broke is fetched again, what was written is not.
    const from = Number(/^bytes=(\d+)-/.exec(fetches().at(-1)?.headers.range ?? '')?.[1]);
    expect(from).toBeGreaterThan(MIB / 2);
    await local?.release();
  });

  test('end their fetch when the last who waits gives up, and not before', async () => {
    const store = await storeOn('one');
    await store.put(KEY, randomBytes(MIB));
    const gate = Promise.withResolvers<void>();
    proxy.fate = ({ method }) => (method === 'GET' ? { hold: gate.promise } : 'pass');
    const one = new AbortController();
    const both = [store.localFile(KEY, one.signal), store.localFile(KEY)];
    await expect.poll(downloads).toBe(1);
    one.abort();
    await expect(both[0]).rejects.toThrow('aborted');
    gate.resolve();
    expect((await both[1])?.path).toContain('sources~');

    await store.deletePrefix('sources/as_aaaabbbbccccdddd/');
    await store.put(KEY, randomBytes(MIB));
    const never = Promise.withResolvers<void>();
    proxy.fate = ({ method }) => (method === 'GET' ? { hold: never.promise } : 'pass');
    const alone = new AbortController();
    const waiting = store.localFile(KEY, alone.signal);
    await expect.poll(downloads).toBe(2);
    alone.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await fetches().at(-1)?.ended;
  });

  test('give way to newer ones, the longest unused first, and never while in use', async () => {
    const store = await storeOn('one', { copiesBytes: 2 * MIB + 10 });
    for (const name of ['a', 'b', 'c']) await store.put(`sources/${name}`, randomBytes(MIB));
    const names = async () => (await readdir(join(folder, 'one', 'copies'))).map((name) => name.split('~')[1]).sort();
    const a = await store.localFile('sources/a');
    const b = await store.localFile('sources/b');
    await b?.release();
    const c = await store.localFile('sources/c');
    await c?.release();
    expect(await names()).toEqual(['a', 'c']);
    await a?.release();
    const bAgain = await store.localFile('sources/b');
    expect(await names()).toEqual(['a', 'b']);
    await bAgain?.release();
  });

  test('of a former run are used, what it left half fetched is not', async () => {
    const store = await storeOn('one');
    await store.put(KEY, randomBytes(MIB));
    await (await store.localFile(KEY))?.release();
    await store.stop();
    const copies = join(folder, 'one', 'copies');
    await writeFile(join(copies, 'sources~x~0000000000000000.part'), 'half');
    const next = await storeOn('one');
    expect((await readdir(copies)).filter((name) => name.endsWith('.part'))).toEqual([]);
    await (await next.localFile(KEY))?.release();
    expect(downloads()).toBe(1);
  });

  test('that the disk has no room for are STORAGE_FULL before a byte of them is fetched', async () => {
    const fetched: string[] = [];
    const copies = new LocalCopies({
      folder: join(folder, 'copies'),
      maxBytes: Number.MAX_SAFE_INTEGER,
      fetch: async (key, { sizeBytes }) => {
        fetched.push(key);
        return Readable.from([Buffer.alloc(sizeBytes)]);
      },
    });
    await copies.start();
    const head = { etag: '"e"', modifiedAtMs: 0 };
    await (await copies.get('sources/small', { ...head, sizeBytes: 10 })).release();
    const larger = copies.get('sources/large', { ...head, sizeBytes: 1e15 });
    await expect(larger).rejects.toThrow(expect.objectContaining({ code: 'STORAGE_FULL' }));
    expect(fetched).toEqual(['sources/small']);
    // What nobody uses had to go first.
    expect(await readdir(join(folder, 'copies'))).toEqual([]);
  });

  test('go with their object, those in use as soon as they are let go', async () => {
    const store = await storeOn('one');
    await store.put(KEY, randomBytes(MIB));
    const local = await store.localFile(KEY);
    await store.deletePrefix('sources/as_aaaabbbbccccdddd/');
    expect(await readdir(join(folder, 'one', 'copies'))).toHaveLength(1);
    await local?.release();
    expect(await readdir(join(folder, 'one', 'copies'))).toEqual([]);
    expect(await store.localFile(KEY)).toBeUndefined();
  });
});

describe('a server in trouble', () => {
  test('is asked again before anything fails', async () => {
    const store = await storeOn('one', { attempts: 3 });
    for (const trouble of ['busy', 'reset'] as const) {
      let asked = 0;
      proxy.fate = () => (asked++ < 2 ? trouble : 'pass');
      await store.put(`k-${trouble}`, Buffer.from('x'));
      expect([trouble, asked]).toEqual([trouble, 3]);
    }
  });

  test('is STORAGE_UNAVAILABLE in the end, whatever was asked and however it fails', async () => {
    const store = await storeOn('one', { timeoutMs: 200 });
    const never = Promise.withResolvers<void>();
    for (const trouble of ['busy', 'reset', { hold: never.promise }] as const) {
      proxy.fate = () => trouble;
      for (const work of [
        () => store.put('k', Buffer.from('x')),
        () => store.head('k'),
        () => store.open('k'),
        () => store.localFile('k'),
        () => store.deletePrefix('k/'),
      ]) {
        await expect(work()).rejects.toThrow(expect.objectContaining({ code: 'STORAGE_UNAVAILABLE', status: 503 }));
      }
    }
  });

  test('that is not there, or wants other credentials, is said at the start', async () => {
    const place = { prefix: '', endpoint: proxy.endpoint, region: 'us-east-1', pathStyle: true };
    await expect(storeOn('x', { place: { ...place, bucket: 'no-such-bucket' } })).rejects.toThrow(
      expect.objectContaining({
        code: 'STORAGE_REFUSED',
        message: `The object store no-such-bucket at ${proxy.endpoint} cannot be used: there is no such bucket.`,
      }),
    );
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another');
    await expect(storeOn('y')).rejects.toThrow('the secret does not belong to the access key');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody:here');
    await expect(storeOn('z')).rejects.toThrow(expect.objectContaining({ code: 'STORAGE_REFUSED' }));
  });
});

test('a prefix of many pages is listed and deleted as a whole', async () => {
  const store = await storeOn('one', { pageKeys: 4 });
  const names = Array.from({ length: 11 }, (_, at) => `assets/a/${at}`);
  await Promise.all([...names, 'assets/ab'].map((key) => store.put(key, Buffer.from('x'))));
  const found: string[] = [];
  for await (const key of store.list('assets/a')) found.push(key);
  expect(found.sort()).toEqual(names.toSorted());
  await store.deletePrefix('assets/a/');
  for await (const key of store.list('assets/a/')) throw new Error(`${key} is left`);
  expect(await store.head('assets/ab')).toBeDefined();
  expect(proxy.count('POST', /\?delete/)).toBe(3);
});
