import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { renditionNames, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { generateClip } from '../harness/clip.ts';
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

async function startProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, scenario.folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function encoders(): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes('ffmpeg') && line.includes(scenario.folder)).length;
}

test('a worker killed in the middle leaves no encoder running and loses no published segment', async () => {
  const clip = join(clips, 'clip.mp4');
  await generateClip(clip, { seconds: 26, size: '640x360', rate: '25' });
  running = await startProcess();
  const id = await scenario.ingest(clip);
  const before = await scenario.until(id, ({ segmentsDone }) => segmentsDone >= 3);
  expect(before.status).not.toBe('ready');
  const killed = once(running, 'exit');
  running.kill('SIGKILL');
  await killed;
  // Its sockets are gone with it: ffmpeg learns that at its next write, a segment away at most.
  await vi.waitFor(async () => expect(await encoders()).toBe(0), { timeout: 15_000, interval: 100 });
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
