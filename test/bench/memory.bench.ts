import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loopClip, placeClip } from '../harness/clip.ts';
import { RunningCommand } from '../harness/frontrow.ts';
import { PostgresServer } from '../harness/postgres.ts';
import { TestServer } from '../harness/server.ts';
import { median, type Table, worst } from './measure.ts';

const run = promisify(execFile);

const GOAL_BYTES = 10_000_000_000;
const SAMPLE_MS = 250;

/**
 * Resident memory of a server while a large film arrives by the command line's resumable upload: control (with origin and
 * edge) and worker in a process each, as in a fleet, and all of it in one. Encoders are not counted.
 */
export async function benchMemory(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const postgres = await PostgresServer.start({ durable: true });
  try {
    const film = await makeFilm(folder);
    const { size } = await stat(film);
    const fleet = {
      FRONTROW_DATABASE_URL: await postgres.freshDatabase(),
      FRONTROW_STORAGE: join(folder, 'media'),
    };
    const rows = [
      ...(await measure(film, fleet, ['control,origin,edge', 'worker'])),
      ...(await measure(film, {}, ['control,origin,worker,edge'])),
    ];
    const head = ['process', 'before', 'first third, median', 'last third, median', 'most'];
    return [{ title: `Resident memory while ${(size / 1e9).toFixed(1)} GB arrive`, head, rows }];
  } finally {
    await postgres.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A row for each process; the first one receives the film. */
async function measure(film: string, environment: Record<string, string>, processes: string[]): Promise<string[][]> {
  const servers: TestServer[] = [];
  try {
    for (const roles of processes) servers.push(await TestServer.start({ roles, environment }));
    const [control] = servers;
    if (!control) return [];
    const pids = servers.map(({ run: { pid } }) => pid);
    const before = pids.map(residentMib);
    const samples = await sampleDuring(pids, upload(control, film));
    const third = Math.floor(samples.length / 3);
    return processes.map((roles, at) => {
      const own = samples.map((each) => each[at] ?? 0);
      return [roles, ...[before[at] ?? 0, median(own.slice(0, third)), median(own.slice(-third)), worst(own)].map(mib)];
    });
  } finally {
    for (const server of servers.reverse()) await server.stop();
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

async function sampleDuring(pids: readonly number[], work: Promise<void>): Promise<number[][]> {
  const samples: number[][] = [];
  const timer = setInterval(() => samples.push(pids.map(residentMib)), SAMPLE_MS);
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
