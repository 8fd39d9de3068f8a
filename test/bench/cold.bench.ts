import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Crowd, crowd } from './crowd.ts';
import { startEdge } from './frontrow-edge.ts';
import { median, type Table } from './measure.ts';
import { startNginx } from './nginx.ts';
import type { Peer } from './peer.ts';
import { startVarnish } from './varnish.ts';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 5;
const VIEWERS = 300;
const SIZE_BYTES = 1_048_576;
const DELAY_MS = 50;
const BYTES_PER_SECOND = 1_048_576;
const TICK_MS = 10;

/** Many viewers at once on an object that only a slow origin has, beside nginx with proxy_cache_lock and Varnish. */
export async function benchCold(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const origin = await SlowOrigin.start();
  const edge = await startEdge({ folder, originUrl: origin.url, core: SERVER_CORE });
  const nginx = await startNginx(folder, origin.url, SERVER_CORE);
  const varnish = await startVarnish(folder, origin.url, SERVER_CORE);
  try {
    const runs = { ours: [] as Run[], nginx: [] as Run[], varnish: [] as Run[], alone: [] as Run[] };
    for (let round = 0; round < ROUNDS; round++) {
      process.stderr.write(`cold: round ${round + 1} of ${ROUNDS}\n`);
      runs.alone.push(await run(origin, origin, 1));
      runs.ours.push(await run(edge, origin, VIEWERS));
      runs.nginx.push(await run(nginx, origin, VIEWERS));
      runs.varnish.push(await run(varnish, origin, VIEWERS));
    }
    const aloneMs = median(runs.alone.map(({ lastEndMs }) => lastEndMs));
    const rows = [
      row('one viewer straight from the origin', runs.alone, aloneMs),
      row('Frontrow', runs.ours, aloneMs),
      row('nginx, proxy_cache_lock', runs.nginx, aloneMs),
      row('Varnish', runs.varnish, aloneMs),
    ];
    const head = ['cold 1 MiB object', 'origin fetches', 'first byte, median', 'last end', 'last end / origin alone'];
    return [
      { title: `${VIEWERS} viewers, origin with ${DELAY_MS} ms delay and 1 MiB/s (medians of ${ROUNDS})`, head, rows },
    ];
  } finally {
    await Promise.all([nginx.stop(), varnish.stop(), edge.stop()]);
    origin.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Run extends Crowd {
  readonly fetches: number;
}

async function run(server: Pick<Peer, 'url'>, origin: SlowOrigin, viewers: number): Promise<Run> {
  origin.fetches = 0;
  origin.round += 1;
  const seen = await crowd({
    url: `${server.url}/cold-${origin.round}`,
    viewers,
    sizeBytes: SIZE_BYTES,
    core: LOAD_CORE,
  });
  return { ...seen, fetches: origin.fetches };
}

function row(name: string, runs: readonly Run[], aloneMs: number): string[] {
  const pick = (value: (each: Run) => number) => median(runs.map(value));
  const lastMs = pick((each) => each.lastEndMs);
  return [
    name,
    `${Math.max(...runs.map(({ fetches }) => fetches))}`,
    `${pick((each) => each.firstByteMs).toFixed(0)} ms`,
    `${lastMs.toFixed(0)} ms`,
    (lastMs / aloneMs).toFixed(2),
  ];
}

/** Gives a body out by the clock, not by the number of timer turns: a late turn sends what is due by then. */
class SlowOrigin {
  readonly url: string;
  fetches = 0;
  round = 0;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (_request, response) => {
      this.fetches += 1;
      setTimeout(() => {
        response.writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Length': SIZE_BYTES });
        response.flushHeaders();
        const startedAt = performance.now();
        let sent = 0;
        const timer = setInterval(() => {
          const due = Math.min(SIZE_BYTES, Math.floor(((performance.now() - startedAt) / 1000) * BYTES_PER_SECOND));
          if (due > sent) response.write(Buffer.alloc(due - sent, 7));
          sent = due;
          if (sent < SIZE_BYTES) return;
          clearInterval(timer);
          response.end();
        }, TICK_MS);
      }, DELAY_MS);
    });
  }

  static async start(): Promise<SlowOrigin> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SlowOrigin(server);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
