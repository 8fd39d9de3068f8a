import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderStore } from '../../src/storage/folder.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { STORES } from './stores.ts';

describe.each(STORES)('$name as an object store', ({ open }) => {
  let folder: string;
  let store: ObjectStore;
  let close: () => Promise<void>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frontrow-contract-'));
    ({ store, close } = await open(folder));
  });
  afterEach(async () => {
    await close();
    await rm(folder, { recursive: true, force: true });
  });

  const text = async (key: string, range?: { start: number; end: number }) => {
    const object = await store.open(key, range);
    return object && (await buffer(object.body)).toString();
  };
  const keys = async (prefix: string) => {
    const found: string[] = [];
    for await (const key of store.list(prefix)) found.push(key);
    return found.toSorted();
  };

  test('gives back what was put, whole and in part', async () => {
    await store.put('a/b/one.txt', Buffer.from('hello world'));
    expect(await text('a/b/one.txt')).toBe('hello world');
    expect(await text('a/b/one.txt', { start: 6, end: 11 })).toBe('world');
    expect(await text('a/b/one.txt', { start: 0, end: 1 })).toBe('h');
    expect(await text('a/b/one.txt', { start: 3, end: 3 })).toBe('');
    expect(await store.head('a/b/one.txt')).toMatchObject({ sizeBytes: 11 });
  });

  test('keeps what came first where it is to be put only if absent, and takes another once that is gone', async () => {
    for (const key of ['a/first', 'a/second']) {
      expect(await store.putIfAbsent(key, Buffer.from('early'))).toBe(true);
      const { etag } = (await store.head(key)) ?? {};
      expect(await store.putIfAbsent(key, Buffer.from('late!'))).toBe(false);
      expect([await text(key), (await store.head(key))?.etag]).toEqual(['early', etag]);
    }
    await store.deletePrefix('a/first');
    expect(await store.putIfAbsent('a/first', Buffer.from('anew'))).toBe(true);
    expect(await text('a/first')).toBe('anew');
    await store.put('a/first', Buffer.from('replaced'));
    expect(await store.putIfAbsent('a/first', Buffer.from('late!'))).toBe(false);
    expect(await text('a/first')).toBe('replaced');
  });

  test('copies an object, and either lives on when the other is replaced or gone', async () => {
    await store.put('a/from', Buffer.from('the same'));
    await store.put('a/third', Buffer.from('another'));
    for (const to of ['b/c/to', 'a/third', 'a/from']) expect(await store.copy('a/from', to)).toBe(true);
    expect([await text('b/c/to'), await text('a/third'), await text('a/from')]).toEqual(Array(3).fill('the same'));
    await store.put('a/from', Buffer.from('new'));
    expect([await text('b/c/to'), await text('a/from')]).toEqual(['the same', 'new']);
    await store.deletePrefix('b/');
    expect([await text('b/c/to'), await text('a/third')]).toEqual([undefined, 'the same']);
  });

  test('copies nothing where there is nothing, and leaves what was there', async () => {
    await store.put('to', Buffer.from('kept'));
    expect(await store.copy('a/nowhere', 'to')).toBe(false);
    expect(await text('to')).toBe('kept');
    await expect(store.copy('to', '../out')).rejects.toThrow(expect.objectContaining({ code: 'PATH_INVALID' }));
    await expect(store.copy('../in', 'to')).rejects.toThrow(expect.objectContaining({ code: 'PATH_INVALID' }));
  });

  test('keeps an empty object', async () => {
    await store.put('empty', new Uint8Array());
    expect(await text('empty')).toBe('');
    expect(await store.head('empty')).toMatchObject({ sizeBytes: 0 });
  });

  test('has a strong validator that changes with the bytes and only then', async () => {
    await store.put('k', Buffer.from('one'));
    const first = await store.head('k');
    expect(first?.etag).toMatch(/^"[^"]+"$/);
    expect((await store.head('k'))?.etag).toBe(first?.etag);
    const opened = await store.open('k');
    opened?.body.destroy();
    expect(opened?.etag).toBe(first?.etag);
    await store.put('k', Buffer.from('two'));
    expect((await store.head('k'))?.etag).not.toBe(first?.etag);
  });

  test('shows a reader the whole old object or the whole new one while it is replaced', async () => {
    const [old, young] = [Buffer.alloc(500_000, 'a'), Buffer.alloc(500_000, 'b')];
    await store.put('k', old);
    const reading = await store.open('k');
    await store.put('k', young);
    expect((await buffer(reading?.body ?? Readable.from([]))).equals(old)).toBe(true);
    expect((await text('k'))?.startsWith('bbb')).toBe(true);
  });

  test('takes over a finished file, which is then gone from its old place', async () => {
    const file = join(folder, 'arrived');
    await writeFile(file, 'film');
    await store.adopt('sources/x/original', file);
    expect(await text('sources/x/original')).toBe('film');
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  test('hands programs a local file with the bytes', async () => {
    await store.put('k', Buffer.from('film'));
    const local = await store.localFile('k');
    expect((await stat(local?.path ?? '')).size).toBe(4);
    await local?.release();
    expect(await store.localFile('none')).toBeUndefined();
  });

  test('has nothing under a key never put, nor under the folder of one', async () => {
    await store.put('a/b', Buffer.from('x'));
    for (const key of ['none', 'a', 'a/b/c', 'a/none']) {
      expect([key, await store.head(key), await store.open(key)]).toEqual([key, undefined, undefined]);
    }
  });

  test('lists and deletes by prefix, and nothing beside it', async () => {
    for (const key of ['assets/a/x', 'assets/a/v1/y', 'assets/ab/x', 'sources/a/x'])
      await store.put(key, Buffer.from(key));
    expect(await keys('assets/a/')).toEqual(['assets/a/v1/y', 'assets/a/x']);
    await store.deletePrefix('assets/a/');
    expect(await keys('assets/')).toEqual(['assets/ab/x']);
    await store.deletePrefix('sources/a/x');
    expect(await keys('sources/')).toEqual([]);
    await store.deletePrefix('never/there/');
    expect(await keys('never/')).toEqual([]);
  });

  test.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', '.aside/x', 'a/.hidden', '', 'a\u0000b', 'a\\..\\b'])(
    'refuses the key %j',
    async (key) => {
      for (const attempt of [
        () => store.put(key, Buffer.from('x')),
        () => store.putIfAbsent(key, Buffer.from('x')),
        () => store.head(key),
        () => store.open(key),
        () => store.deletePrefix(key),
        () => keys(key),
      ]) {
        await expect(attempt()).rejects.toThrow(expect.objectContaining({ code: 'PATH_INVALID' }));
      }
    },
  );

  test('many puts at once leave nothing aside', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, at) => store.put(`k/${at % 5}`, Buffer.from(String(at)))));
    expect(await keys('k/')).toHaveLength(5);
  });
});

describe('the folder', () => {
  let folder: string;
  let root: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frontrow-contract-'));
    root = join(folder, 'store');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const asideOf = async () => join(root, '.aside', (await readdir(join(root, '.aside')))[0] ?? '');

  test('stores one of many that are put at once only if absent, whole, and leaves nothing aside', async () => {
    const stores = [new FolderStore(root, { owner: 'one' }), new FolderStore(root, { owner: 'two' })];
    for (const store of stores) await store.start();
    const bodies = Array.from({ length: 40 }, (_, at) => Buffer.alloc(50_000, at));
    const stored = await Promise.all(bodies.map((body, at) => stores[at % 2]?.putIfAbsent('a/k', body)));
    expect(stored.filter(Boolean)).toHaveLength(1);
    expect(await readFile(join(root, 'a/k'))).toEqual(bodies[stored.indexOf(true)]);
    const aside = await readdir(join(root, '.aside'), { recursive: true, withFileTypes: true });
    expect(aside.filter((entry) => entry.isFile())).toEqual([]);
  });

  test("keeps a film's folder until the last of its versions is deleted", async () => {
    const store = new FolderStore(root);
    await store.start();
    for (const version of [1, 2]) await store.put(`assets/as_x/v${version}/240p/init.mp4`, Buffer.from('init'));
    await store.deletePrefix('assets/as_x/v1/');
    expect(await readdir(join(root, 'assets'))).toEqual(['as_x']);
    await store.deletePrefix('assets/as_x/v2/');
    expect(await readdir(join(root, 'assets'))).toEqual([]);
  });

  test('clears at its start what a crash left aside, and only that', async () => {
    const store = new FolderStore(root);
    await store.start();
    await store.put('k', Buffer.from('kept'));
    const aside = await asideOf();
    await writeFile(join(aside, 'half'), 'ha');
    await new FolderStore(root).start();
    expect(await readdir(aside)).toEqual([]);
    expect(await store.head('k')).toMatchObject({ sizeBytes: 4 });
  });

  test('leaves alone what another machine writes aside, unless it has lain there for more than a day', async () => {
    await new FolderStore(root, { owner: join(folder, 'one') }).start();
    const aside = await asideOf();
    await writeFile(join(aside, 'young'), 'under way');
    await writeFile(join(aside, 'old'), 'left over');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(aside, 'old'), longAgo, longAgo);
    await new FolderStore(root, { owner: join(folder, 'two') }).start();
    expect(await readdir(aside)).toEqual(['young']);
  });

  test.runIf(areApart('/dev/shm', tmpdir()))('takes over a file from another file system', async () => {
    const elsewhere = await mkdtemp('/dev/shm/frontrow-contract-');
    const file = join(elsewhere, 'arrived');
    await writeFile(file, 'film');
    const store = new FolderStore(root);
    await store.start();
    await store.adopt('sources/x/original', file);
    expect(await readFile(join(root, 'sources/x/original'), 'utf8')).toBe('film');
    expect(await readdir(elsewhere)).toEqual([]);
    expect(await readdir(await asideOf())).toEqual([]);
    await rm(elsewhere, { recursive: true });
  });
});

function areApart(one: string, other: string): boolean {
  return existsSync(one) && statSync(one).dev !== statSync(other).dev;
}
