import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { reachable } from './ports.ts';

/** A server under measurement, ours or another. */
export interface Peer {
  readonly name: string;
  readonly url: string;
  /** Absent where it speaks no TLS. */
  readonly tlsUrl?: string;
  /** Of the process whose children, if any, do the work. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface PeerPlan {
  readonly name: string;
  readonly command: readonly string[];
  readonly core: number;
  readonly port: number;
  readonly tlsPort?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a server on one core and resolves once it takes connections. */
export async function startPeer({ name, command, core, port, tlsPort, environment = {} }: PeerPlan): Promise<Peer> {
  const options: SpawnOptions = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...environment } };
  const child = spawn('taskset', ['-c', `${core}`, ...command], options);
  await reachable(port);
  if (tlsPort !== undefined) await reachable(tlsPort);
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    ...(tlsPort === undefined ? {} : { tlsUrl: `https://127.0.0.1:${tlsPort}` }),
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
