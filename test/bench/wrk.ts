import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The processor core the load comes from, apart from the server's. */
  readonly core: number;
}

/** Loads one URL with wrk on a core of its own. Throws when any answer was an error or a connection broke. */
export async function load(options: LoadOptions): Promise<Load> {
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const wrk = ['wrk', '-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--latency', ...headers, options.url];
  const { stdout } = await run('taskset', ['-c', `${options.core}`, ...wrk]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`the server failed under load:\n${stdout}`);
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    bytesPerSecond: bytes(/Transfer\/sec:\s+([\d.]+)([KMGT]?)B/.exec(stdout)),
    p50Ms: milliseconds(/50%\s+([\d.]+)(us|ms|s)/.exec(stdout)),
    p99Ms: milliseconds(/99%\s+([\d.]+)(us|ms|s)/.exec(stdout)),
  };
}

function bytes(match: RegExpExecArray | null): number {
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(match?.[2] ?? '');
  return Number(match?.[1]) * 1024 ** power;
}

function milliseconds(match: RegExpExecArray | null): number {
  const scale = { us: 0.001, ms: 1, s: 1000 }[match?.[2] ?? 'ms'] ?? 1;
  return Number(match?.[1]) * scale;
}
