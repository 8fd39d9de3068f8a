import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { LOST_ATTEMPTS } from '../../src/queue/queue.ts';
import { generateClip } from '../harness/clip.ts';
import { encodersBelow } from '../harness/encoders.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { TranscodeScenario } from '../harness/transcode-scenario.ts';
import { expectWholeFilm, scratchOf } from '../harness/whole-film.ts';

const PROGRAM = fileURLToPath(new URL('../harness/transcode-process.ts', import.meta.url));

let clips: string;
let clip: string;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-storm-'));
  clip = join(clips, 'clip.mp4');
  await generateClip(clip, { seconds: 20, size: '320x180', rate: '25' });
});

afterAll(() => rm(clips, { recursive: true, force: true }));

let scenario: TranscodeScenario;
let running: ChildProcess | undefined;

async function startProcess(env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
  const given = { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] as const };
  const child = spawn(process.execPath, [PROGRAM, scenario.folder], { ...given, stdio: [...given.stdio] });
  running = child;
  await once(child.stdout ?? child, 'data');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Stops a process at a moment when it does not hold the database: one that stood still in a write would stop everybody. */
async function freeze(child: ChildProcess): Promise<void> {
  for (;;) {
    child.kill('SIGSTOP');
    await vi.waitFor(async () => expect(await readFile(`/proc/${child.pid}/stat`, 'utf8')).toContain(') T '));
    if (isWritable()) return;
    child.kill('SIGCONT');
    await pause(5);
  }
}

function isWritable(): boolean {
  const database = new DatabaseSync(join(scenario.folder, 'frontrow.sqlite'), { timeout: 0 });
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

describe('a film survives', () => {
  beforeEach(async () => {
    scenario = await TranscodeScenario.open({ chunkSegments: 2 });
  });

  afterEach(async () => {
    running?.kill('SIGKILL');
    await scenario.close();
  });

  test('a worker that is killed at ten moments by chance', async () => {
    // The same moments in every run; FRONTROW_TEST_SEED tries others.
    const random = sequence(Number(process.env.FRONTROW_TEST_SEED ?? 20_261));
    const id = await scenario.ingest(clip);
    const pids: number[] = [];
    for (let kill = 0; kill < 10; kill += 1) {
      const child = await startProcess({ FRONTROW_TEST_ALONE: '1' });
      pids.push(child.pid ?? 0);
      // A moment is what is tried here: nothing could be waited for instead.
      await pause(random() * 1_500);
      await killed(child);
    }
    await startProcess({ FRONTROW_TEST_ALONE: '1' });
    await expectWholeFilm(scenario, await scenario.until(id, ({ status }) => status === 'ready'));
    expect(await scratchOf(pids)).toEqual([]);
    await vi.waitFor(async () => expect(await encodersBelow(scenario.folder)).toEqual([]), { timeout: 10_000 });
  }, 400_000);

  test('another film that kills every worker which takes it up, and which is given up for that', async () => {
    const poison = await scenario.ingest(clip);
    const env = { FFMPEG_PATH: await deadlyFfmpeg(poison), FRONTROW_TEST_ALONE: '1', FRONTROW_TEST_ATTEMPTS: '1' };
    let deaths = 0;
    const errorOf = async () => (await scenario.assets.find(poison))?.error;
    while (!(await errorOf())) {
      const child = await startProcess(env);
      const died = once(child, 'exit').then(() => true);
      if (!(await Promise.race([died, vi.waitUntil(errorOf, { timeout: 60_000 })]))) break;
      if (!(await errorOf())) deaths += 1;
    }
    expect(deaths).toBeGreaterThanOrEqual(LOST_ATTEMPTS);
    // Two of its jobs run at once, and one may die of the other.
    expect(deaths).toBeLessThanOrEqual(2 * LOST_ATTEMPTS);
    expect(await errorOf()).toEqual({ code: 'ENCODE_FAILED', says: 'The encoder gave up on this film.' });
    await vi.waitFor(async () => expect(await scenario.files(poison)).toEqual([]), { timeout: 10_000 });
    // The worker that gave it up lives on.
    await expectWholeFilm(scenario, await scenario.ready(clip));
  }, 300_000);

  test('a worker that was thought dead and comes back late: what it writes changes nothing', async () => {
    const id = await scenario.ingest(clip);
    const asleep = await startProcess();
    await scenario.until(id, ({ segmentsDone }) => segmentsDone >= 2);
    const encoders = await vi.waitUntil(async () => {
      const found = await encodersBelow(scenario.folder);
      return found.length > 0 && found;
    });
    // The worker and its encoders stand still in the middle of their chunks, and hold on to their leases.
    await freeze(asleep);
    for (const pid of encoders) signal(pid, 'SIGSTOP');
    await scenario.start();
    const asset = await scenario.until(id, ({ status }) => status === 'ready');
    await scenario.idle(id);
    const before = await identities(id);
    for (const pid of encoders) signal(pid, 'SIGCONT');
    asleep.kill('SIGCONT');
    await vi.waitFor(async () => expect(await encodersBelow(scenario.folder)).toEqual([]), { timeout: 30_000 });
    // The sleeper takes up new work once it has got rid of the old.
    const next = await scenario.ready(clip);
    expect(await identities(id)).toEqual(before);
    await expectWholeFilm(scenario, asset);
    await expectWholeFilm(scenario, next);
  });

  /** What changes whenever an object is written again. */
  async function identities(id: string): Promise<[string, string | undefined][]> {
    const segments = (await scenario.files(id)).filter((file) => file.endsWith('.m4s'));
    const heads = segments.map(async (file): Promise<[string, string | undefined]> => {
      return [file, (await scenario.store.head(`assets/${id}/${file}`))?.etag];
    });
    return Promise.all(heads);
  }
});

/** A program in ffmpeg's place that kills whoever started it, when it is to encode a certain film. */
async function deadlyFfmpeg(assetId: string): Promise<string> {
  const file = join(clips, 'deadly');
  const script = ['#!/bin/sh', 'case "$*" in', `*${assetId}*) kill -9 $PPID; exit 1 ;;`, 'esac', 'exec ffmpeg "$@"'];
  await writeFile(file, script.join('\n'), { mode: 0o755 });
  return file;
}

const noDisk = await SmallDisk.missing();

describe.skipIf(noDisk !== undefined)(`on a full disk${noDisk === undefined ? '' : ` (${noDisk})`} a film`, () => {
  let disk: SmallDisk;

  afterEach(async () => {
    running?.kill('SIGKILL');
    await scenario.stop();
    await disk.unmount();
    await scenario.close();
  });

  test('waits for room below the store, and is whole once there is some', async () => {
    scenario = await TranscodeScenario.open({ chunkSegments: 2, leaseMs: 1_500, chunkAttempts: 2 });
    disk = await SmallDisk.mount('size=64m', join(scenario.folder, 'media'));
    await scenario.store.start();
    const id = await scenario.ingest(clip);
    await scenario.start();
    await scenario.until(id, ({ segmentsDone }) => segmentsDone >= 2);
    const put = vi.spyOn(scenario.store, 'putIfAbsent');
    await leaveNoRoom(disk);
    // More often than a chunk may fail: what is no fault of the film costs it no attempt.
    const refused = async () =>
      (await Promise.allSettled(put.mock.results.map(({ value }) => value))).filter(isRefused);
    await vi.waitUntil(async () => (await refused()).length > 5, { timeout: 90_000, interval: 200 });
    expect((await scenario.assets.find(id))?.status).toMatch(/queued|playable/);
    await disk.resize('size=64m');
    await expectWholeFilm(scenario, await scenario.until(id, ({ status }) => status === 'ready'));
  });

  test('waits for room in the temporary folder, its poster too, and is whole once there is some', async () => {
    scenario = await TranscodeScenario.open({ chunkSegments: 2, chunkAttempts: 2 });
    disk = await SmallDisk.mount('size=64m,nr_inodes=1');
    const id = await scenario.ingest(clip);
    await startProcess({ TMPDIR: disk.folder, FRONTROW_TEST_LEASE_MS: '1500' });
    await scenario.until(id, ({ film }) => film !== undefined);
    // Room for sockets, none for a picture.
    await disk.resize('size=4k,nr_inodes=100');
    await scenario.until(id, ({ status }) => status === 'ready');
    expect(await scenario.files(id)).not.toContain('poster.jpg');
    await disk.resize('size=64m,nr_inodes=1000');
    await vi.waitFor(async () => expect(await scenario.files(id)).toContain('poster.jpg'), { timeout: 60_000 });
    await expectWholeFilm(scenario, await scenario.until(id, ({ status }) => status === 'ready'));
    expect(await scratchOf([running?.pid ?? 0], disk.folder)).toEqual([]);
  });
});

function isRefused(result: PromiseSettledResult<unknown>): boolean {
  return result.status === 'rejected' && (result.reason as { code?: unknown }).code === 'STORAGE_FULL';
}

/** Makes a disk as small as what is on it. The kernel refuses a size that a write has passed since it was looked at. */
async function leaveNoRoom(disk: SmallDisk): Promise<void> {
  for (;;) {
    const done = await disk.resize(`size=${await usedBytes(disk)}`).then(
      () => true,
      () => false,
    );
    if (done) return;
  }
}

async function usedBytes({ folder }: SmallDisk): Promise<number> {
  const { bsize, blocks, bfree } = await statfs(folder);
  return (blocks - bfree) * bsize;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Ended by itself before it could be stopped.
  }
}

/** Numbers from 0 to 1 that look like chance and are the same for the same seed (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
