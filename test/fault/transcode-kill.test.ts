import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renditionNames, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { generateClip } from '../harness/clip.ts';
import { encodersBelow, stopEncoderBelow } from '../harness/encoders.ts';
import { TranscodeScenario } from '../harness/transcode-scenario.ts';

const PROGRAM = fileURLToPath(new URL('../harness/transcode-process.ts', import.meta.url));

let clips: string;
let scenario: TranscodeScenario;
let running: ChildProcess | undefined;

beforeEach(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-kill-'));
  scenario = await TranscodeScenario.open({ chunkSegments: 2 });
});

afterEach(async () => {
  running?.kill('SIGKILL');
  await scenario.close();
  await rm(clips, { recursive: true, force: true });
});

async function startProcess(env: NodeJS.ProcessEnv = process.env): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, scenario.folder], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('a worker killed in the middle leaves no encoder running and loses no published segment', async () => {
  const clip = join(clips, 'clip.mp4');
  await generateClip(clip, { seconds: 26, size: '640x360', rate: '25' });
  running = await startProcess();
  const id = await scenario.ingest(clip);
  const before = await scenario.until(id, ({ segmentsDone }) => segmentsDone >= 3);
  expect(before.status).not.toBe('ready');
  await killed(running);
  await encodersGone();
  const published = await scenario.assets.segments(id, 1);
  const files = await scenario.files(id);
  for (const { rendition, segment } of published) {
    expect(files).toContain(`v1/${rendition}/s${String(segment).padStart(5, '0')}.m4s`);
  }

  // The next process finds its own earlier leases by its name, and does not wait for them to run out.
  running = await startProcess();
  const asset = await scenario.until(id, ({ status }) => status === 'ready');
  const { film } = asset;
  if (!film) throw new Error('the film is not planned');
  for (const name of renditionNames(film)) {
    const { facts } = await scenario.rendition(id, name);
    const planned = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, name, index));
    expect(facts.map(({ startTicks }) => startTicks)).toEqual(planned.map((each) => each?.startTicks));
  }
});

/** The kernel ends them with their worker, in any state: there is nothing to wait for but the kernel. */
async function encodersGone(): Promise<void> {
  await vi.waitFor(async () => expect(await encodersBelow(scenario.folder)).toEqual([]), { timeout: 10_000 });
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const hasSetpriv = await has('setpriv');

describe('an encoder that stands still, and so never learns that nobody reads what it writes', () => {
  let clip: string;

  beforeEach(async () => {
    clip = join(clips, 'clip.mp4');
    await generateClip(clip, { seconds: 26, size: '640x360', rate: '25' });
  });

  async function standing(): Promise<number> {
    return vi.waitUntil(() => stopEncoderBelow(scenario.folder), { timeout: 30_000, interval: 2 });
  }

  test.skipIf(!hasSetpriv)('ends with a worker that is killed', async () => {
    running = await startProcess();
    await scenario.ingest(clip);
    await standing();
    await killed(running);
    await encodersGone();
  });

  test('is ended by the next worker where the system has no setpriv, and no other encoder is', async () => {
    running = await startProcess({ ...process.env, PATH: await pathWithoutSetpriv() });
    const id = await scenario.ingest(clip);
    const orphan = await standing();
    await killed(running);
    expect(await encodersBelow(scenario.folder)).toContain(orphan);

    const neighbour = await TranscodeScenario.open({ workers: 1 });
    try {
      await neighbour.start();
      await neighbour.ingest(clip);
      const other = await vi.waitUntil(() => stopEncoderBelow(neighbour.folder), { timeout: 30_000, interval: 2 });
      running = await startProcess();
      expect(await encodersBelow(scenario.folder)).not.toContain(orphan);
      expect(await encodersBelow(neighbour.folder)).toContain(other);
    } finally {
      await neighbour.close();
    }
    await scenario.until(id, ({ status }) => status === 'ready');
  });
});

async function has(program: string): Promise<boolean> {
  return (await pathOf(program)) !== undefined;
}

async function pathOf(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

async function pathWithoutSetpriv(): Promise<string> {
  for (const program of ['sh', 'nice', 'ffmpeg', 'ffprobe']) {
    const path = await pathOf(program);
    if (path !== undefined) await symlink(path, join(clips, program));
  }
  return clips;
}
