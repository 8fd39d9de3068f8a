import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Load, LoadOptions } from './wrk.ts';

const run = promisify(execFile);

/** Streams that a connection has open at once: a player's picture and sound, and what comes next of both. */
const STREAMS = 4;

/** Loads one URL over HTTP/2 with h2load, on a core of its own. Throws when any answer was an error. */
export async function loadHttp2(options: LoadOptions): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-h2load-'));
  const log = join(folder, 'times');
  try {
    const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const amount = ['-t1', '-c', `${options.connections}`, '-m', `${STREAMS}`, '-D', `${options.seconds}`];
    const command = ['h2load', ...amount, '--log-file', log, ...headers, options.url];
    const { stdout } = await run('taskset', ['-c', `${options.core}`, ...command]);
    if (!/Application protocol: h2/.test(stdout)) throw new Error(`not HTTP/2:\n${stdout}`);
    // Start, status and duration in microseconds; a request that the end cut off has the status -1.
    const lines = (await readFile(log, 'utf8')).split('\n').map((line) => line.split('\t').map(Number));
    const whole = lines.filter(([, status]) => status === 200);
    const failed = lines.filter(([, status]) => status !== undefined && status !== 200 && status !== -1);
    if (failed.length > 0 || whole.length === 0) throw new Error(`the server failed under load:\n${stdout}`);
    const times = whole.map(([, , micros]) => (micros ?? 0) / 1_000).sort((one, other) => one - other);
    const bytes = Number(/traffic: [^(]*\((\d+)\) total/.exec(stdout)?.[1]);
    return {
      requests: whole.length,
      requestsPerSecond: whole.length / options.seconds,
      bytesPerSecond: bytes / options.seconds,
      p50Ms: times[Math.floor(times.length * 0.5)] ?? Number.NaN,
      p99Ms: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
