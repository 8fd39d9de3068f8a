import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SteadyClock } from '../../src/kernel/clock.ts';
import { liveChannelPath } from '../../src/kernel/live/paths.ts';
import { ChannelNode, STREAM } from '../harness/channel-scenario.ts';
import type { Measured } from './channel-viewers-process.ts';
import { cpuMicros } from './cpu.ts';
import { BENCH_SECRET, startEdge } from './frontrow-edge.ts';
import type { Table } from './measure.ts';
import { residentBytes } from './memory.ts';
import { type Peer, startPeer } from './peer.ts';
import { freePort } from './ports.ts';

const VIEWERS = 5_000;
const SLOW = 0.1;
const SECONDS = 30;
const SERVER_CORE = 0;
const LOAD_CORE = 1;
/** Two tracks, three parts a second each: as a rung of 640x360 and its sound have them. */
const PART_MS = 333;
const PART_BYTES = { '360p': 29_000, audio: 4_000 } as const;
const REQUEST = JSON.stringify({ type: 'subscribe', events: true, video: '360p', audio: 'audio' });

const clock: SteadyClock = {
  now: () => performance.timeOrigin + performance.now(),
  steady: () => performance.now(),
};

/** How long after its publication a part is with the last of many viewers, and what each of them costs, beside a plain loop. */
export async function benchChannel(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-channel-'));
  const node = await new ChannelNode('public', clock, BENCH_SECRET).start();
  const broadcast = await node.broadcast(PART_BYTES);
  broadcast.start();
  const publishing = setInterval(() => broadcast.publish(), PART_MS);
  try {
    const rows: string[][] = [];
    for (const peer of [() => startOurs(folder, node.url), () => startPlain(node.url)]) {
      const server = await peer();
      process.stderr.write(`channel: ${server.name}\n`);
      rows.push(await measure(server));
      await server.stop();
    }
    const head = [
      'server',
      'last viewer p50',
      'p99',
      'each p50',
      'p99',
      'cpu',
      'memory a viewer',
      'slow: got, dropped',
      'closed',
    ];
    const rate = (VIEWERS * (PART_BYTES['360p'] + PART_BYTES.audio) * 8 * 1_000) / PART_MS / 1e9;
    const title = `${VIEWERS} viewers of a channel, a tenth of them slow, ${rate.toFixed(1)} Gbit/s to all`;
    return [{ title, head, rows }];
  } finally {
    clearInterval(publishing);
    await node.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function startOurs(folder: string, originUrl: string): Promise<Peer> {
  const many = `${VIEWERS * 2}`;
  return startEdge({
    ...{ folder, originUrl, core: SERVER_CORE },
    // Nobody is there: what a public stream needs, the origin says.
    controlUrl: 'http://127.0.0.1:9',
    environment: {
      FRONTROW_EDGE_CHANNEL_VIEWERS_PER_ADDRESS: many,
      FRONTROW_EDGE_CONNECTIONS_PER_ADDRESS: many,
      FRONTROW_LOG_LEVEL: 'error',
    },
  });
}

async function startPlain(nodeUrl: string): Promise<Peer> {
  const port = await freePort();
  const script = fileURLToPath(new URL('./channel-peer-process.ts', import.meta.url));
  const upstream = `${nodeUrl.replace('http', 'ws')}${liveChannelPath(STREAM)}`;
  const command = [process.execPath, script, `${port}`, upstream, BENCH_SECRET, Object.keys(PART_BYTES).join(',')];
  return startPeer({ name: 'plain ws loop', command, core: SERVER_CORE, port });
}

async function measure({ name, url, pid }: Peer): Promise<string[]> {
  const before = residentBytes(pid);
  const viewers = new Viewers(`${url}${liveChannelPath(STREAM)}`, REQUEST);
  await viewers.line();
  await seconds(5);
  viewers.say('begin');
  const cpuBefore = cpuMicros(pid);
  const startedAt = performance.now();
  await seconds(SECONDS);
  const cpu = (cpuMicros(pid) - cpuBefore) / 1_000 / (performance.now() - startedAt);
  const after = residentBytes(pid);
  viewers.say('end');
  const measured = JSON.parse(await viewers.line()) as Measured;
  viewers.say('leave');
  await viewers.gone;
  const share = (measured.slowParts / (VIEWERS * SLOW) / SECONDS).toFixed(1);
  return [
    name,
    ...[quantile(measured.lastMs, 0.5), quantile(measured.lastMs, 0.99)],
    ...[quantile(measured.eachMs, 0.5), quantile(measured.eachMs, 0.99)],
    `${(cpu * 100).toFixed(0)} %`,
    `${((after - before) / VIEWERS / 1_024).toFixed(1)} KiB`,
    `${share} a second, ${(measured.droppedParts / (VIEWERS * SLOW)).toFixed(0)} each`,
    `${measured.closed}`,
  ];
}

/** All viewers, in a process and on a core of their own. */
class Viewers {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly gone: Promise<void>;

  constructor(url: string, request: string) {
    const script = fileURLToPath(new URL('./channel-viewers-process.ts', import.meta.url));
    const command = ['-c', `${LOAD_CORE}`, process.execPath, script, url, `${VIEWERS}`, `${SLOW}`, request];
    this.#child = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines: Interface = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines = lines[Symbol.asyncIterator]();
    this.gone = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the viewers have gone');
    return value;
  }
}

function quantile(values: readonly number[], share: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0)} ms`;
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1_000));
}
