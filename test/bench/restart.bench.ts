import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CachedObject } from '../../src/edge/cache/cached-object.ts';
import { DiskTier } from '../../src/edge/cache/disk/disk-tier.ts';
import { MemoryTier } from '../../src/edge/cache/memory-tier.ts';
import { Representation } from '../../src/edge/cache/representation.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { chanceFrom, zipf } from './eviction/traces.ts';
import { median, type Table } from './measure.ts';
import { startNginx } from './nginx.ts';
import { freePort, reachable } from './ports.ts';

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));
const SERVER_CORE = 0;
const ROUNDS = 3;
const OBJECTS = 1_000;
const REQUESTS = 1_000;
const SIZE_BYTES = 200_000;
const DISK_BYTES = 1_000_000_000;
const MEMORY_BYTES = 16_777_216;
const AT_ONCE = 8;
const MANY = 500_000;

/** What a cache on disk costs a start, and what it is worth: after a stop, after kill -9, beside nginx's. */
export async function benchRestart(): Promise<Table[]> {
  const origin = await CountedOrigin.start();
  const rows: string[][] = [];
  try {
    for (const subject of SUBJECTS) rows.push(await measure(subject, origin));
  } finally {
    origin.stop();
  }
  const head = ['cache', 'time to ready, empty', 'time to ready, full', 'hits before', 'hits after'];
  const trace = `${REQUESTS} requests, Zipf 0.9 over ${OBJECTS} objects of ${SIZE_BYTES / 1000} KB`;
  const title = `Restart with what was asked for on disk (${trace}; medians of ${ROUNDS})`;
  return [{ title, head, rows }, await measureMany()];
}

interface Started {
  readonly url: string;
  readonly readyMs: number;
  end(signal: NodeJS.Signals): Promise<void>;
}

interface Subject {
  readonly name: string;
  readonly signal: NodeJS.Signals;
  start(folder: string, originUrl: string): Promise<Started>;
}

const SUBJECTS: readonly Subject[] = [
  { name: 'Frontrow, stopped', signal: 'SIGTERM', start: startEdge(DISK_BYTES) },
  { name: 'Frontrow, kill -9', signal: 'SIGKILL', start: startEdge(DISK_BYTES) },
  { name: 'Frontrow without a disk tier', signal: 'SIGTERM', start: startEdge(0) },
  { name: 'nginx, stopped', signal: 'SIGTERM', start: startPeer },
];

async function measure({ name, signal, start }: Subject, origin: CountedOrigin): Promise<string[]> {
  process.stderr.write(`restart: ${name}\n`);
  const runs: { emptyMs: number; fullMs: number; before: number; after: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
    const first = await start(folder, origin.url);
    // Once to fill it, once to know what a full one is worth.
    await play(first.url, origin, 1);
    const before = await play(first.url, origin, 2);
    await first.end(signal);
    const second = await start(folder, origin.url);
    const after = await play(second.url, origin, 3);
    await second.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
    runs.push({ emptyMs: first.readyMs, fullMs: second.readyMs, before, after });
  }
  const pick = (value: (run: (typeof runs)[number]) => number) => median(runs.map(value));
  return [
    name,
    `${pick((run) => run.emptyMs).toFixed(0)} ms`,
    `${pick((run) => run.fullMs).toFixed(0)} ms`,
    `${(pick((run) => run.before) * 100).toFixed(1)} %`,
    `${(pick((run) => run.after) * 100).toFixed(1)} %`,
  ];
}

/** Share of requests that the origin did not see. */
async function play(url: string, origin: CountedOrigin, seed: number): Promise<number> {
  const pick = zipf(OBJECTS, 0.9, chanceFrom(seed));
  const before = origin.fetches;
  let left = REQUESTS;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const answer = await fetch(`${url}/${pick()}.m4s`);
        if ((await answer.arrayBuffer()).byteLength !== SIZE_BYTES) throw new Error('an answer was not whole');
      }
    }),
  );
  return 1 - (origin.fetches - before) / REQUESTS;
}

/** The index alone: how long it takes to be there again, by the number of entries. */
async function measureMany(): Promise<Table> {
  process.stderr.write(`restart: ${MANY} entries\n`);
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const open = () => {
    const memory = new MemoryTier(1_048_576);
    const options = { folder, limitBytes: DISK_BYTES, identity: 'bench', clock: systemClock, log: silentLog, memory };
    return new DiskTier(options);
  };
  const lifetime = { freshSeconds: 86_400, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };
  const writing = open();
  await writing.start();
  for (let at = 0; at < MANY; at += 1) {
    const head = new Representation({ status: 200, fields: ['Content-Type', 'video/mp4'] }, 0);
    writing.put(new CachedObject(`/films/${at}/segment.m4s`, head, Buffer.alloc(64), { bornAtMs: 0, lifetime }));
    if (at % 4_096 === 0) await writing.idle();
  }
  await writing.stop();
  const times: number[] = [];
  let heapBytes = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const reading = open();
    const heapBefore = heapInUse();
    const from = performance.now();
    await reading.start();
    times.push(performance.now() - from);
    if (reading.usage.entries !== MANY) throw new Error(`${reading.usage.entries} of ${MANY} entries came back`);
    heapBytes = heapInUse() - heapBefore;
    await reading.stop();
  }
  await rm(folder, { recursive: true, force: true });
  return {
    title: `The index of ${MANY.toLocaleString('en')} entries at a start (medians of ${ROUNDS})`,
    head: ['time to read it', 'heap an entry'],
    rows: [[`${median(times).toFixed(0)} ms`, `${(heapBytes / MANY).toFixed(0)} B`]],
  };
}

/** With what is garbage taken away. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

function startEdge(diskBytes: number): Subject['start'] {
  return async (folder, originUrl) => {
    const from = performance.now();
    const port = await freePort();
    const command = ['edge', '--origin', originUrl, '--port', `${port}`, '--data', folder];
    const edge = spawn('taskset', ['-c', `${SERVER_CORE}`, process.execPath, LAUNCHER, ...command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        FRONTROW_EDGE_DISK_BYTES: String(diskBytes),
        FRONTROW_CACHE_BYTES: String(MEMORY_BYTES),
      },
    });
    await reachable(port);
    return {
      url: `http://127.0.0.1:${port}`,
      readyMs: performance.now() - from,
      async end(signal) {
        edge.kill(signal);
        if (edge.exitCode === null && edge.signalCode === null) await once(edge, 'exit');
      },
    };
  };
}

async function startPeer(folder: string, originUrl: string): Promise<Started> {
  const from = performance.now();
  const nginx = await startNginx(folder, originUrl, SERVER_CORE);
  return { url: nginx.url, readyMs: performance.now() - from, end: () => nginx.stop() };
}

class CountedOrigin {
  readonly url: string;
  fetches = 0;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const body = Buffer.alloc(SIZE_BYTES, 'segment ');
    server.on('request', (_request, response) => {
      this.fetches += 1;
      response.writeHead(200, { 'Cache-Control': 'max-age=86400', 'Content-Length': SIZE_BYTES }).end(body);
    });
  }

  static async start(): Promise<CountedOrigin> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CountedOrigin(server);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
