import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadEdgeId } from '../config/edge-credential.ts';
import { createLog } from '../config/log.ts';
import { loadSecrets } from '../config/secrets.ts';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../kernel/log.ts';
import type { EdgeAddress } from '../main.ts';
import { Failure } from './failure.ts';

/** What a worker process is told when it starts. */
export interface WorkerTask {
  readonly settings: Settings;
  readonly target: EdgeTarget;
  readonly share: {
    /** Of the data folder, the part that is this worker's alone. */
    readonly folder: string;
    /** Hexadecimal; all workers take up each other's TLS sessions. */
    readonly ticketSecret: string;
  };
}

/** What it tells once. */
export type WorkerNews =
  | { readonly ready: EdgeAddress }
  | { readonly failed: { readonly code: string; readonly message: string } };

export interface EdgeTarget {
  readonly originUrl: string;
  readonly controlUrl?: string;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;
/** One that has lived so long did not die of how it was started. */
const SETTLED_MS = 30_000;
/** After its own limit a worker that has not ended is ended. */
const GRACE_MS = 5_000;

/**
 * An edge of several processes on the same ports, among which the kernel spreads the connections. The parent serves
 * nothing: it starts anew what dies, and none of them outlives it. decisions/0020 says why it does not deal them out.
 */
export class EdgeWorkers {
  readonly #settings: Settings;
  readonly #target: EdgeTarget;
  readonly #log: Log;
  readonly #ticketSecret = randomBytes(32).toString('hex');
  readonly #retries = new Map<number, NodeJS.Timeout>();
  /** By place, which outlives the process in it. */
  readonly #workers = new Map<number, ChildProcess>();
  #shared: Settings;
  #stopping: Promise<void> | undefined;

  constructor(settings: Settings, target: EdgeTarget) {
    this.#settings = settings;
    this.#shared = settings;
    this.#target = target;
    this.#log = createLog(settings.logLevel).child({ part: 'edge workers' });
  }

  /** Resolves when all of them serve. @throws Failure with the code of the first that cannot, none runs then */
  async start(): Promise<EdgeAddress> {
    const { edgeWorkers, data, edgeSecret, cacheBytes, edgeDiskBytes } = this.#settings;
    // Made before any worker looks for them, so that all of them find the same.
    const folder = resolvePath(data);
    const secrets = await loadSecrets(folder);
    await loadEdgeId(folder);
    this.#shared = {
      ...this.#settings,
      edgeSecret: edgeSecret || secrets.edgeSecret,
      cacheBytes: Math.ceil(cacheBytes / edgeWorkers),
      edgeDiskBytes: Math.floor(edgeDiskBytes / edgeWorkers),
    };
    await this.#checkPorts();
    try {
      const first = await this.#begin(1);
      // Where the first was to pick a port, that is the port of all.
      const tlsPort = first.tlsUrl === undefined ? {} : { edgeTlsPort: Number(new URL(first.tlsUrl).port) };
      this.#shared = { ...this.#shared, edgePort: first.port, ...tlsPort };
      const others = Array.from({ length: edgeWorkers - 1 }, (_, at) => at + 2);
      await Promise.all(others.map((place) => this.#begin(place)));
      return first;
    } catch (cause) {
      await this.stop();
      throw cause;
    }
  }

  /** Whoever shares a port hears of no other who shares it: so a moment of not sharing comes first. @throws EADDRINUSE */
  async #checkPorts(): Promise<void> {
    const { host, edgePort, edgeTlsPort, edgeTlsCerts } = this.#settings;
    for (const port of edgeTlsCerts === '' ? [edgePort] : [edgePort, edgeTlsPort]) {
      const probe = createServer().listen({ host, port });
      await once(probe, 'listening');
      probe.close();
      await once(probe, 'close');
    }
  }

  /** Each finishes what runs, within the limit of the settings; a second caller gets the same promise. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const retry of this.#retries.values()) clearTimeout(retry);
    const workers = [...this.#workers.values()].filter(({ exitCode, signalCode }) => (exitCode ?? signalCode) === null);
    const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    for (const worker of workers) if (worker.connected) worker.send('stop');
    const overdue = setTimeout(() => {
      for (const worker of workers) worker.kill('SIGKILL');
    }, this.#settings.edgeStopMs + GRACE_MS);
    await Promise.all(ended);
    clearTimeout(overdue);
  }

  /** Puts a process in a place. Resolves when it serves; after that it is replaced whenever it ends. */
  #begin(place: number, retryMs = FIRST_RETRY_MS): Promise<EdgeAddress> {
    const { promise, resolve, reject } = Promise.withResolvers<EdgeAddress>();
    const worker = fork(workerFile(), { execArgv: [] });
    this.#workers.set(place, worker);
    const bornAt = performance.now();
    worker.once('message', (news: WorkerNews) => {
      if ('ready' in news) resolve(news.ready);
      else reject(new Failure(news.failed.code, news.failed.message));
    });
    // Of a worker that is gone before it could be told; its end is heard of below.
    worker.on('error', () => {});
    worker.once('exit', (code, signal) => {
      reject(new Failure('WORKER_FAILED', `A worker ended before it served (${signal ?? code}).`));
      if (this.#stopping) return;
      const lived = performance.now() - bornAt >= SETTLED_MS;
      this.#replace(place, lived ? FIRST_RETRY_MS : retryMs, { pid: worker.pid, code, signal });
    });
    worker.send({
      settings: this.#shared,
      target: this.#target,
      share: { folder: `worker-${place}`, ticketSecret: this.#ticketSecret },
    } satisfies WorkerTask);
    return promise;
  }

  #replace(place: number, retryMs: number, ended: object): void {
    this.#log.warn({ ...ended, retryMs }, 'a worker has ended and will be replaced');
    const retry = setTimeout(() => {
      // What keeps it from serving is in its own log; the next attempt comes when it has ended.
      this.#begin(place, Math.min(retryMs * 2, LAST_RETRY_MS)).catch(() => {});
    }, retryMs);
    this.#retries.set(place, retry);
  }
}

/** From a checkout the sources run as they are; an installed package brings them compiled. */
function workerFile(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./edge-worker.${ending}`, import.meta.url));
}
