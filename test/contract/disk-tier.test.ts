import { cpSync } from 'node:fs';
import {
  copyFile,
  cp,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CachedObject, VaryMarker } from '../../src/edge/cache/cached-object.ts';
import { DiskObject } from '../../src/edge/cache/disk/disk-object.ts';
import { DiskTier } from '../../src/edge/cache/disk/disk-tier.ts';
import { SLICE_BYTES } from '../../src/edge/cache/disk/record.ts';
import { Segment } from '../../src/edge/cache/disk/segment.ts';
import { MemoryTier } from '../../src/edge/cache/memory-tier.ts';
import { Representation } from '../../src/edge/cache/representation.ts';
import { BanList } from '../../src/edge/invalidation/ban-list.ts';
import { parseTarget, type Target } from '../../src/edge/invalidation/target.ts';
import { chanceFrom } from '../bench/eviction/traces.ts';
import { HandClock } from '../harness/edge-scenario.ts';
import { RecordingLog } from '../harness/recording-log.ts';

const MEBIBYTE = 1_048_576;
/** For those who start a tier on real files many times over. */
const PATIENCE_MS = 60_000;
const lifetime = { freshSeconds: 60, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };

/** For the folder and its copies. */
let root: string;
let folder: string;
let clock: HandClock;
let open_: DiskTier[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'frontrow-disk-tier-'));
  folder = join(root, 'cache');
  clock = new HandClock();
  open_ = [];
});

afterEach(async () => {
  await Promise.all(open_.map((tier) => tier.stop()));
  await rm(root, { recursive: true, force: true });
});

interface Opened {
  readonly disk: DiskTier;
  readonly memory: MemoryTier;
  readonly log: RecordingLog;
}

/** A disk tier on a folder; with little memory what is large stays on disk. */
async function tierOn(
  place: string,
  { limitBytes = 64 * MEBIBYTE, memoryBytes = 2 * MEBIBYTE, identity = 'http://origin', bans = new BanList() } = {},
): Promise<Opened> {
  const memory = new MemoryTier(memoryBytes, bans);
  const log = new RecordingLog();
  const disk = new DiskTier({ folder: place, limitBytes, identity, clock, log, memory, bans });
  memory.lower = disk;
  await disk.start();
  open_.push(disk);
  return { disk, memory, log };
}

function object(key: string, body: Buffer, extra: string[] = []): CachedObject {
  const fields = ['Content-Type', 'video/mp4', 'ETag', `"${key}"`, 'Date', 'Mon, 01 Jun 2026 12:00:00 GMT', ...extra];
  const head = new Representation({ status: 200, fields }, clock.now());
  return new CachedObject(key, head, body, { bornAtMs: clock.now(), lifetime });
}

/** Bytes that tell which key and which version they are of. */
function bytesOf(key: string, sizeBytes: number, version = 0): Buffer {
  const chance = chanceFrom([...`${key} ${version}`].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7));
  const word = Buffer.from(Array.from({ length: 256 }, () => Math.floor(chance() * 256)));
  return Buffer.alloc(sizeBytes, word);
}

async function bodyOf(disk: DiskTier, key: string): Promise<Buffer | undefined> {
  if (!disk.has(key)) return undefined;
  const found = await disk.read(key, { nowMs: clock.now(), whole: false });
  if (found?.kind === 'object') return found.body;
  return found instanceof DiskObject ? slicesOf(found) : undefined;
}

async function slicesOf(found: DiskObject): Promise<Buffer | undefined> {
  const slices: Buffer[] = [];
  for (let at = 0; at * SLICE_BYTES < found.bodyBytes; at += 1) {
    const slice = await found.readSlice(at, Buffer.alloc(SLICE_BYTES));
    if (!slice) return undefined;
    slices.push(slice);
  }
  found.close();
  return Buffer.concat(slices);
}

async function bytesOn(place: string): Promise<number> {
  const names = (await readdir(place)).filter((name) => /^\d/.test(name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(place, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

test.each([0, 1, 1_000, SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 1, 1_500_000])(
  'a body of %i bytes and its head come back as they were, from the next process too',
  async (sizeBytes) => {
    const first = await tierOn(folder);
    const stored = object('/a', bytesOf('/a', sizeBytes), ['X-Odd', 'caf\u00e9 "quoted"', 'Via', '1.1 far']);
    first.disk.put(stored);
    await first.disk.stop();
    const { disk } = await tierOn(folder);
    const found = await disk.read('/a', { nowMs: clock.now(), whole: true });
    if (found?.kind === 'object') expect(found.body.equals(stored.body)).toBe(true);
    else expect((await slicesOf(found as DiskObject))?.equals(stored.body)).toBe(true);
    expect((found as CachedObject).head).toEqual(stored.head);
    expect((found as CachedObject).age).toMatchObject(stored.age);
  },
);

test('where the variants of a resource are comes back too', async () => {
  const first = await tierOn(folder);
  const marker = new VaryMarker('/v', ['accept-language']);
  first.disk.put(marker);
  await first.disk.stop();
  const { disk, memory } = await tierOn(folder);
  const found = await disk.read('/v', { nowMs: clock.now(), whole: false });
  expect(found).toEqual(marker);
  expect(memory.get('/v')).toBe(found);
});

test('what waits to be written is there already', async () => {
  const { disk } = await tierOn(folder);
  disk.put(object('/a', bytesOf('/a', 5_000)));
  expect(await bodyOf(disk, '/a')).toEqual(bytesOf('/a', 5_000));
});

test('the limit holds whatever is stored, and what is asked for again outlives what is not', async () => {
  const limitBytes = 8 * MEBIBYTE;
  const { disk } = await tierOn(folder, { limitBytes, memoryBytes: 200_000 });
  disk.put(object('/loved', bytesOf('/loved', 100_000)));
  for (let at = 0; at < 200; at += 1) {
    disk.put(object(`/${at}`, bytesOf(`/${at}`, 100_000)));
    disk.left(`/${at}`);
    await disk.idle();
    expect(disk.usage.bytes).toBeLessThanOrEqual(limitBytes);
    if (at % 10 === 0) expect(await bodyOf(disk, '/loved')).toEqual(bytesOf('/loved', 100_000));
  }
  expect(await bytesOn(folder)).toBeLessThanOrEqual(limitBytes);
  expect(await bytesOn(folder)).toBeGreaterThan(limitBytes * 0.8);
  expect([disk.has('/0'), disk.has('/199')]).toEqual([false, true]);
});

test('what memory holds is not lost to a restart for having been old', async () => {
  const { disk } = await tierOn(folder, { limitBytes: 8 * MEBIBYTE });
  disk.put(object('/held', bytesOf('/held', 100_000)));
  for (let at = 0; at < 200; at += 1) {
    disk.put(object(`/${at}`, bytesOf(`/${at}`, 100_000)));
    disk.left(`/${at}`);
    await disk.idle();
  }
  expect(await bodyOf(disk, '/held')).toEqual(bytesOf('/held', 100_000));
});

test('a smaller limit is kept from the next start on', async () => {
  const first = await tierOn(folder, { limitBytes: 8 * MEBIBYTE });
  for (let at = 0; at < 60; at += 1) {
    first.disk.put(object(`/${at}`, bytesOf(`/${at}`, 100_000)));
    await first.disk.idle();
  }
  await first.disk.stop();
  const { disk } = await tierOn(folder, { limitBytes: 3 * MEBIBYTE });
  expect(await bytesOn(folder)).toBeLessThanOrEqual(3 * MEBIBYTE);
  expect(await bodyOf(disk, '/59')).toEqual(bytesOf('/59', 100_000));
});

test('a renewed head is written without the body, and is what the next process finds', async () => {
  const first = await tierOn(folder);
  const stored = object('/a', bytesOf('/a', 400_000));
  first.disk.put(stored);
  await first.disk.idle();
  const before = await bytesOn(folder);
  clock.advance(90);
  const head = stored.head.refreshedBy({ status: 304, fields: ['X-New', 'yes'] }, clock.now());
  first.disk.put(new CachedObject('/a', head, stored.body, { bornAtMs: clock.now(), lifetime }));
  await first.disk.stop();
  expect((await bytesOn(folder)) - before).toBeLessThan(2_000);
  const { disk } = await tierOn(folder);
  const found = await disk.read('/a', { nowMs: clock.now(), whole: true });
  expect(found).toMatchObject({ age: { bornAtMs: clock.now() } });
  expect((found as DiskObject).head.fields).toContain('X-New');
  expect(await bodyOf(disk, '/a')).toEqual(stored.body);
});

test('viewers who ask at the same time for what goes to memory share one reading', async () => {
  const first = await tierOn(folder);
  first.disk.put(object('/a', bytesOf('/a', 200_000)));
  await first.disk.stop();
  const { disk } = await tierOn(folder);
  const how = { nowMs: clock.now(), whole: true };
  const [one, other] = await Promise.all([disk.read('/a', how), disk.read('/a', how)]);
  expect(one).toBeInstanceOf(CachedObject);
  expect(other).toBe(one);
});

test('a large body stays on disk at its first use where memory is full, and comes to memory at its second', async () => {
  const first = await tierOn(folder);
  first.disk.put(object('/a', bytesOf('/a', 200_000)));
  await first.disk.stop();
  const { disk, memory } = await tierOn(folder);
  for (let at = 0; at < 20; at += 1) memory.lift(object(`/m${at}`, Buffer.alloc(100_000)));
  const how = { nowMs: clock.now(), whole: false };
  const once = await disk.read('/a', how);
  expect(once).toBeInstanceOf(DiskObject);
  (once as DiskObject).close();
  expect(await disk.read('/a', how)).toBeInstanceOf(CachedObject);
  expect(memory.has('/a')).toBe(true);
});

test('what is deleted is gone, also for a process that starts on what a kill -9 left at that moment', async () => {
  const { disk } = await tierOn(folder);
  for (const version of [1, 2]) {
    disk.put(object('/a', bytesOf('/a', 50_000, version)));
    await disk.idle();
  }
  disk.put(object('/b', bytesOf('/b', 50_000)));
  await disk.idle();
  disk.delete('/a');
  await cp(folder, `${folder}-left`, { recursive: true });
  const left = await tierOn(`${folder}-left`);
  expect([disk.has('/a'), await bodyOf(left.disk, '/a')]).toEqual([false, undefined]);
  expect(await bodyOf(left.disk, '/b')).toEqual(bytesOf('/b', 50_000));
  await left.disk.stop();
  await rm(`${folder}-left`, { recursive: true });
});

test('what is deleted on its way to the disk does not arrive there', async () => {
  const first = await tierOn(folder);
  first.disk.put(object('/first', bytesOf('/first', 1_000)));
  await first.disk.idle();
  // So many turns later: before it is begun, in the middle of it, and after it.
  for (let turns = 0; turns < 12; turns += 1) {
    first.disk.put(object(`/${turns}`, bytesOf(`/${turns}`, 1_500_000)));
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    first.disk.delete(`/${turns}`);
    await first.disk.idle();
  }
  await first.disk.stop();
  const { disk } = await tierOn(folder);
  for (let turns = 0; turns < 12; turns += 1) expect(await bodyOf(disk, `/${turns}`)).toBeUndefined();
  expect(await bodyOf(disk, '/first')).toEqual(bytesOf('/first', 1_000));
});

test.each([
  ['another version of Frontrow', async () => writeFile(join(folder, 'cache.json'), '{"format":0}')],
  ['nobody knows whom', async () => rm(join(folder, 'cache.json'))],
])('a folder written by %s is emptied, and only of what is ours', async (_name, change) => {
  const first = await tierOn(folder);
  first.disk.put(object('/a', bytesOf('/a', 50_000)));
  await first.disk.stop();
  await change();
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const { disk } = await tierOn(folder);
  expect([disk.has('/a'), await bytesOn(folder)]).toEqual([false, 0]);
  expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
});

test('answers of one origin are never served for another', async () => {
  const first = await tierOn(folder, { identity: 'http://one' });
  first.disk.put(object('/a', bytesOf('/a', 50_000)));
  await first.disk.stop();
  const { disk } = await tierOn(folder, { identity: 'http://other' });
  expect(await bodyOf(disk, '/a')).toBeUndefined();
});

test('of two on one folder the second goes without, and says so once', async () => {
  const first = await tierOn(folder);
  const second = await tierOn(folder);
  second.disk.put(object('/a', bytesOf('/a', 1_000)));
  expect(second.disk.has('/a')).toBe(false);
  expect(second.log.lines.map(({ says }) => says)).toEqual(['the disk cache is off: another process has its folder']);
  first.disk.put(object('/a', bytesOf('/a', 1_000)));
  await first.disk.idle();
  expect(await bodyOf(first.disk, '/a')).toEqual(bytesOf('/a', 1_000));
});

test.skipIf(process.platform !== 'linux')(
  'a disk that cannot be read is left alone for a while, and said so once',
  async () => {
    const first = await tierOn(folder);
    first.disk.put(object('/a', bytesOf('/a', 50_000)));
    await first.disk.stop();
    // Reading the first page of a process's memory is EIO, as reading a bad sector is.
    await rename(join(folder, '00000001.segment'), join(folder, 'aside'));
    await symlink('/proc/self/mem', join(folder, '00000001.segment'));
    const { disk, log } = await tierOn(folder);
    expect([disk.has('/a'), await bodyOf(disk, '/a'), disk.has('/a')]).toEqual([true, undefined, false]);
    clock.advance(61);
    expect([disk.has('/a'), await bodyOf(disk, '/a'), disk.has('/a')]).toEqual([true, undefined, false]);
    expect(log.lines.map(({ says }) => says)).toEqual(['the disk cache cannot be read and rests']);
    await disk.stop();
    await rename(join(folder, 'aside'), join(folder, '00000001.segment'));
    const next = await tierOn(folder);
    expect(await bodyOf(next.disk, '/a')).toEqual(bytesOf('/a', 50_000));
  },
);

test('more than may wait is not written, and nothing older comes back in its place', async () => {
  const { disk } = await tierOn(folder, { limitBytes: 4_096 * MEBIBYTE });
  disk.put(object('/a', bytesOf('/a', MEBIBYTE, 1)));
  await disk.idle();
  for (let at = 0; at < 40; at += 1) disk.put(object(`/${at}`, bytesOf(`/${at}`, MEBIBYTE)));
  disk.put(object('/a', bytesOf('/a', MEBIBYTE, 2)));
  expect(disk.usage.queuedBytes).toBeLessThanOrEqual(32 * MEBIBYTE);
  expect(disk.counts.dropped).toBeGreaterThan(0);
  await disk.stop();
  const next = await tierOn(folder);
  const found = await bodyOf(next.disk, '/a');
  expect(found).toBeUndefined();
});

test(
  'a bit turned anywhere in the files costs a miss and never shows',
  async () => {
    const sizes = [300, 40_000, 300_000];
    const first = await tierOn(folder);
    for (const size of sizes) first.disk.put(object(`/${size}`, bytesOf(`/${size}`, size)));
    await first.disk.stop();
    const files = (await readdir(folder)).filter((name) => /^\d/.test(name)).map((name) => join(folder, name));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(7), async (which, place, bit) => {
        const file = files[which % files.length] ?? '';
        const undo = await flip(file, place, bit);
        const { disk } = await tierOn(folder);
        for (const size of sizes) {
          const body = await bodyOf(disk, `/${size}`);
          expect(body === undefined || body.equals(bytesOf(`/${size}`, size))).toBe(true);
        }
        await disk.stop();
        await undo();
      }),
      { numRuns: 40 },
    );
  },
  PATIENCE_MS,
);

/** Turns a bit; how to restore all files. */
async function flip(file: string, place: number, bit: number): Promise<() => Promise<void>> {
  await cp(folder, `${folder}-whole`, { recursive: true });
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, place % size);
  byte[0] = (byte[0] ?? 0) ^ (1 << bit);
  await handle.write(byte, 0, 1, place % size);
  await handle.close();
  return async () => {
    await rm(folder, { recursive: true });
    await cp(`${folder}-whole`, folder, { recursive: true });
    await rm(`${folder}-whole`, { recursive: true });
  };
}

const key = fc.integer({ min: 0, max: 8 }).map((at) => `/${at}`);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('put' as const), key, bytes: fc.integer({ min: 0, max: 150_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('idle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);

test(
  'whatever happens, kill -9 in the middle of a write included, what is read was stored under that key and not deleted since',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        let place = await mkdtemp(join(root, 'run-'));
        const options = { limitBytes: 3 * MEBIBYTE, memoryBytes: 400_000 };
        let tier = await tierOn(place, options);
        /** Bodies that may be found under a key: the newest, and after a crash older ones that it replaced. */
        const may = new Map<string, Buffer[]>();
        /** Deleted while they were perhaps being written: a kill at that moment may bring them back. */
        const ghosts = new Map<string, Buffer[]>();
        const settle = async () => {
          await tier.disk.idle();
          ghosts.clear();
          unsettled.clear();
        };
        const unsettled = new Set<string>();
        let version = 0;
        for (const each of steps) {
          if (each.do === 'put') {
            version += 1;
            const body = bytesOf(each.key, each.bytes, version);
            tier.disk.put(object(each.key, body));
            may.set(each.key, [...(may.get(each.key) ?? []), body]);
            unsettled.add(each.key);
          } else if (each.do === 'delete') {
            tier.disk.delete(each.key);
            if (unsettled.has(each.key)) ghosts.set(each.key, may.get(each.key) ?? []);
            may.delete(each.key);
          } else if (each.do === 'read') {
            const body = await bodyOf(tier.disk, each.key);
            const newest = may.get(each.key)?.at(-1);
            if (body) expect(may.get(each.key)?.some((one) => one.equals(body))).toBe(true);
            if (body && newest && body.equals(newest)) may.set(each.key, [newest]);
          } else if (each.do === 'idle') {
            await settle();
          } else {
            if (each.do === 'restart') await settle();
            const next = await mkdtemp(join(root, 'run-'));
            await copyAsItIs(place, next);
            for (const [known, bodies] of ghosts) may.set(known, [...bodies, ...(may.get(known) ?? [])]);
            await tier.disk.stop();
            ghosts.clear();
            unsettled.clear();
            place = next;
            tier = await tierOn(place, options);
          }
          expect(tier.disk.usage.bytes).toBeLessThanOrEqual(options.limitBytes);
        }
        await tier.disk.stop();
      }),
      { numRuns: 30 },
    );
  },
  PATIENCE_MS,
);

/** While it is written to; what goes away meanwhile is what a moment later would have found gone. */
async function copyAsItIs(place: string, to: string): Promise<void> {
  for (const name of await readdir(place)) {
    await copyFile(join(place, name), join(to, name)).catch((cause) => {
      if (cause.code !== 'ENOENT') throw cause;
    });
  }
}

test(
  'a file that ends anywhere, as a power cut may leave it, costs what stood behind and nothing else',
  async () => {
    const sizes = [300, 40_000, 300_000, 500];
    const first = await tierOn(folder);
    for (const size of sizes) {
      first.disk.put(object(`/${size}`, bytesOf(`/${size}`, size)));
      await first.disk.idle();
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(345_000), async (cut) => {
        const left = await mkdtemp(`${folder}-left-`);
        await cp(folder, left, { recursive: true });
        await truncate(join(left, '00000001.segment'), cut);
        const { disk } = await tierOn(left);
        let end = 0;
        for (const size of sizes) {
          end += size;
          const body = await bodyOf(disk, `/${size}`);
          if (cut > end + 2_000) expect(body).toEqual(bytesOf(`/${size}`, size));
          else expect(body === undefined || body.equals(bytesOf(`/${size}`, size))).toBe(true);
        }
        // What was not written to its end is no damage: it never was there.
        expect(disk.counts.damaged).toBe(0);
        await disk.stop();
        await rm(left, { recursive: true });
      }),
      { numRuns: 15 },
    );
  },
  PATIENCE_MS,
);

const ban = (bans: BanList, text: string, soft = false) => bans.add([parseTarget(text) as Target], soft, clock.now());

/** Goes on with the bans of another process. */
function inherited(bans: BanList): BanList {
  const next = new BanList();
  next.restore(bans.known);
  return next;
}

test.each([
  ['small, so that it goes to memory', 100],
  ['large, so that it stays on disk', 1_500_000],
])('what is banned is not read, before anybody has swept, nor by the next process: %s', async (_size, sizeBytes) => {
  const bans = new BanList();
  const first = await tierOn(folder, { bans });
  for (const key of ['/a', '/b', '/c']) {
    first.disk.put(object(key, bytesOf(key, sizeBytes), ['Cache-Tag', key === '/b' ? 'red' : 'blue']));
  }
  await first.disk.idle();
  ban(bans, '#red');
  expect(await bodyOf(first.disk, '/b')).toBeUndefined();
  ban(bans, '/a');
  await first.disk.stop();
  const { disk } = await tierOn(folder, { bans: inherited(bans) });
  for (const key of ['/a', '/b']) expect(await bodyOf(disk, key)).toBeUndefined();
  expect(await bodyOf(disk, '/c')).toBeDefined();
});

test('what waits to be written is banned too, and what it was to take the place of', async () => {
  const bans = new BanList();
  const first = await tierOn(folder, { bans });
  const old = object('/a', bytesOf('/a', 1_000));
  first.disk.put(old);
  await first.disk.idle();
  const newer = object('/a', bytesOf('/a', 1_000, 1));
  const id = ban(bans, '/a', true)[0]?.sequence ?? 0;
  newer.checked = id;
  first.disk.put(newer);
  for (const located of first.disk.located) await first.disk.recheck(located);
  // Killed before the newer one is written: what a copy of the folder at this moment holds.
  const copy = join(root, 'copy');
  cpSync(folder, copy, { recursive: true });
  const { disk } = await tierOn(copy);
  expect(await bodyOf(disk, '/a')).toBeUndefined();
  ban(bans, '/a');
  expect(await bodyOf(first.disk, '/a')).toBeUndefined();
});

test('a record that moves to the newest segment stays as stale as it was made', async () => {
  const bans = new BanList();
  const opened = await tierOn(folder, { bans, limitBytes: 32 * MEBIBYTE });
  opened.disk.put(object('/kept', bytesOf('/kept', 200_000)));
  await opened.disk.idle();
  ban(bans, '/kept', true);
  for (const located of opened.disk.located) await opened.disk.recheck(located);
  for (let at = 0; at < 60; at += 1) {
    // Asked for again and again, so that it moves each time.
    await opened.disk.read('/kept', { nowMs: clock.now() - 1_000, whole: false });
    for (let piece = 0; piece < 4; piece += 1) {
      const key = `/${at}/${piece}`;
      opened.disk.put(object(key, bytesOf(key, 190_000)));
    }
    await opened.disk.idle();
  }
  await opened.disk.stop();
  const { disk } = await tierOn(folder, { limitBytes: 32 * MEBIBYTE });
  const found = await disk.read('/kept', { nowMs: clock.now() - 1_000, whole: true });
  expect(found).toMatchObject({ key: '/kept', freshUntilMs: clock.now() });
});

test('a soft ban counts for what is just being written', async () => {
  const bans = new BanList();
  const first = await tierOn(folder, { bans });
  first.memory.put(object('/before', bytesOf('/before', 1_000)));
  await first.disk.idle();
  first.memory.put(object('/a', bytesOf('/a', 1_000)));
  // What is written of it has been made up by now, and is on its way.
  await new Promise(setImmediate);
  clock.advance(10);
  bans.add([parseTarget('/a') as Target], true, clock.ms);
  first.memory.get('/a');
  const [waiting] = [...first.disk.located].filter((each) => each.waiting);
  if (waiting) await first.disk.recheck(waiting);
  await first.disk.settle(bans.sequence);
  bans.finish(bans.sequence);
  const { known } = bans;
  await first.disk.stop();
  const later = new BanList();
  later.restore(known);
  const { disk } = await tierOn(folder, { bans: later });
  const found = await disk.read('/a', { nowMs: clock.now(), whole: true });
  expect([found?.kind, (found as CachedObject | undefined)?.isFresh(clock.now())]).toEqual(['object', false]);
});

test('where a record cannot be said to be gone, nothing older takes its place at the next start', async () => {
  const limitBytes = 4 * MEBIBYTE;
  const first = await tierOn(folder, { limitBytes });
  first.disk.put(object('/a', bytesOf('/a', 60_000, 1)));
  await first.disk.idle();
  // Into another segment.
  first.disk.put(object('/b', bytesOf('/b', 100_000)));
  first.disk.put(object('/a', bytesOf('/a', 60_000, 2)));
  await first.disk.idle();
  const mark = vi.spyOn(Segment.prototype, 'mark').mockImplementation(() => {
    throw Object.assign(new Error('a medium that fails'), { code: 'EIO' });
  });
  first.disk.delete('/a');
  mark.mockRestore();
  await first.disk.stop();
  const { disk } = await tierOn(folder, { limitBytes });
  expect(await bodyOf(disk, '/a')).toBeUndefined();
});
