import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loopClip, placeClip } from '../harness/clip.ts';
import { RunningCommand } from '../harness/frontrow.ts';
import { TestServer } from '../harness/server.ts';
import { median, type Table, worst } from './measure.ts';

const run = promisify(execFile);

const GOAL_BYTES = 10_000_000_000;
const SAMPLE_MS = 250;

/**
 * Resident memory of the whole server (control, ingest, worker, origin and edge in one process, without its encoders)
 * while a large film arrives by the command line's resumable upload.
 */
export async function benchMemory(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  try {
    const film = await makeFilm(folder);
    const { size } = await stat(film);
    const server = await TestServer.start({ environment: { FRONTROW_SOURCE_MAX_HOURS: '1000' } });
    try {
      const before = residentMib(server.run.pid);
      const samples = await sampleDuring(server.run.pid, upload(server, film));
      const third = Math.floor(samples.length / 3);
      const row = [
        `${(size / 1e9).toFixed(1)} GB`,
        ...[before, median(samples.slice(0, third)), median(samples.slice(-third)), worst(samples)].map(mib),
      ];
      const head = ['upload', 'before', 'first third, median', 'last third, median', 'most'];
      return [{ title: 'Resident memory of the server while a film arrives', head, rows: [row] }];
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The clip at a bit rate that fills the goal in little more than an hour, repeated. */
async function makeFilm(folder: string): Promise<string> {
  const clip = join(folder, 'clip.mp4');
  const rich = join(folder, 'rich.mp4');
  const film = join(folder, 'film.mp4');
  await placeClip(clip);
  const rate = ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '20M', '-minrate', '20M', '-maxrate', '20M'];
  const filler = ['-bufsize', '2M', '-x264-params', 'nal-hrd=cbr:force-cfr=1', '-c:a', 'copy'];
  await run('ffmpeg', ['-v', 'error', '-y', '-i', clip, ...rate, ...filler, rich]);
  await loopClip(rich, film, Math.ceil(GOAL_BYTES / (await stat(rich)).size));
  return film;
}

async function upload(server: TestServer, film: string): Promise<void> {
  const command = new RunningCommand(['upload', film, '--api', server.run.control, '--token', server.run.adminToken]);
  const { status, stderr } = await command.ended();
  if (status !== 0) throw new Error(`the upload ended with ${status}: ${stderr}`);
}

async function sampleDuring(pid: number, work: Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(residentMib(pid)), SAMPLE_MS);
  try {
    await work;
    return samples;
  } finally {
    clearInterval(timer);
  }
}

function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}
