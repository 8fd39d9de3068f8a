import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, type Settings } from '../../src/config/settings.ts';
import { Edge } from '../../src/edge/edge.ts';
import type { Places } from '../../src/edge/edge-options.ts';
import type { Fact } from '../../src/edge/exchange.ts';
import { edgeCredentialOf } from '../../src/kernel/access/edge-identity.ts';
import type { SteadyClock } from '../../src/kernel/clock.ts';
import { type Log, silentLog } from '../../src/kernel/log.ts';
import { ScriptedOrigin } from './origin.ts';

/** What the edge of a scenario is to its origin, under the secret of its fleet. */
export const FLEET_SECRET = 'a secret of the fleet';
export const EDGE_ID = 'ed_abcdefghjkmnpqrs';

/** A clock that stands where the test puts it. */
export class HandClock implements SteadyClock {
  ms = Date.parse('2026-06-01T12:00:00Z');
  #steadyMs = 0;
  now(): number {
    return this.ms;
  }
  steady(): number {
    return this.#steadyMs;
  }
  /** Time passes. Who sets `ms` puts the time of day right or wrong. */
  advance(seconds: number): void {
    this.ms += seconds * 1000;
    this.#steadyMs += seconds * 1000;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Header lines as they came. */
  readonly raw: readonly string[];
  /** What came before the answer: status and header lines. */
  readonly interims: readonly (readonly [status: number, ...lines: string[]])[];
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A viewer who reads as it comes. */
export interface Viewer {
  /** Resolves with the head, while the body may still be on its way. */
  readonly head: Promise<Pick<Answer, 'status' | 'headers'>>;
  /** Rejects when the connection breaks before the end. */
  readonly answer: Promise<Answer>;
  /** Resolves when so many body bytes have come. */
  received(bytes: number): Promise<void>;
  leave(): void;
}

export interface ScenarioOptions {
  readonly mode?: 'film' | 'proxy';
  readonly settings?: Partial<Settings>;
  readonly clock?: SteadyClock;
  readonly edgeSecret?: string;
  readonly controlUrl?: string;
  readonly originUrl?: string;
  /** Asked after the first one. */
  readonly standbys?: readonly string[];
  readonly parents?: readonly string[];
  readonly dataDir?: string;
  readonly log?: Log;
  readonly fastLane?: boolean;
  readonly places?: Places;
}

/** A scripted origin, a real edge in front of it, and viewers with sockets of their own. */
export class EdgeScenario {
  readonly origin = new ScriptedOrigin();
  readonly clock: SteadyClock;
  readonly facts: Fact[] = [];
  readonly #options: ScenarioOptions;
  readonly #agent = new Agent({ keepAlive: true });
  #edge: Edge | undefined;
  #folder = '';
  #waiting: { enough: () => boolean; resolve: () => void }[] = [];
  url = '';
  /** Empty without certificates. */
  tlsUrl = '';

  constructor(options: ScenarioOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new HandClock();
  }

  get edge(): Edge {
    if (!this.#edge) throw new Error('the scenario has not been started');
    return this.#edge;
  }

  async start(): Promise<this> {
    await this.origin.start();
    this.#folder = await mkdtemp(join(tmpdir(), 'frontrow-edge-'));
    await this.#startEdge();
    return this;
  }

  /** Another edge on the same folder and origin; `between` happens while there is none. */
  async restartEdge(between?: (dataDir: string) => Promise<void>): Promise<void> {
    await this.#edge?.stop();
    await between?.(this.dataDir);
    await this.#startEdge();
  }

  get dataDir(): string {
    return this.#options.dataDir ?? this.#folder;
  }

  async #startEdge(): Promise<void> {
    const { mode = 'proxy', settings, edgeSecret = FLEET_SECRET, controlUrl, originUrl } = this.#options;
    const { standbys = [], parents = [], fastLane = true, places } = this.#options;
    this.#edge = new Edge({
      host: '127.0.0.1',
      port: 0,
      mode,
      originUrls: [originUrl ?? this.origin.url, ...standbys],
      parentUrls: parents,
      ...(controlUrl ? { controlUrl } : {}),
      credential: edgeCredentialOf(edgeSecret, EDGE_ID),
      dataDir: this.dataDir,
      settings: loadSettings({}, { edgeTlsPort: 0, ...settings }),
      clock: this.clock,
      log: this.#options.log ?? silentLog,
      fastLane,
      ...(places ? { places } : {}),
      onFact: (fact) => {
        this.facts.push(fact);
        this.#notify();
      },
    });
    const { url, tlsUrl = '' } = await this.#edge.start();
    this.url = url;
    this.tlsUrl = tlsUrl;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await Promise.all([this.#edge?.stop(), this.origin.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  get(target: string, asking: Asking = {}): Promise<Answer> {
    return this.viewer(target, asking).answer;
  }

  /** Resolves when so many exchanges have settled. */
  settled(count: number): Promise<void> {
    return this.#when(() => this.facts.length >= count);
  }

  #when(enough: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ enough, resolve });
      this.#notify();
    });
  }

  #notify(): void {
    const ready = this.#waiting.filter((each) => each.enough());
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each));
    for (const each of ready) each.resolve();
  }

  viewer(target: string, { method = 'GET', headers = {}, body }: Asking = {}): Viewer {
    const { hostname, port } = new URL(this.url);
    const head = Promise.withResolvers<Pick<Answer, 'status' | 'headers'>>();
    const answer = Promise.withResolvers<Answer>();
    const chunks: Buffer[] = [];
    const interims: [number, ...string[]][] = [];
    let sizeBytes = 0;
    let waiting: { bytes: number; resolve: () => void }[] = [];
    const sent = request({ hostname, port, method, path: target, headers, agent: this.#agent }, (response) => {
      head.resolve({ status: response.statusCode ?? 0, headers: response.headers });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        sizeBytes += chunk.length;
        for (const each of waiting) if (sizeBytes >= each.bytes) each.resolve();
        waiting = waiting.filter((each) => sizeBytes < each.bytes);
      });
      response.on('error', answer.reject);
      response.on('end', () =>
        answer.resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          raw: response.rawHeaders,
          interims,
        }),
      );
    });
    sent.on('information', (each) => interims.push([each.statusCode, ...each.rawHeaders]));
    const fail = (cause: Error) => {
      head.reject(cause);
      answer.reject(cause);
    };
    sent.on('error', fail);
    // A viewer whom nobody listens to must not count as an unhandled failure.
    head.promise.catch(() => {});
    answer.promise.catch(() => {});
    sent.end(body);
    return {
      head: head.promise,
      answer: answer.promise,
      received: (bytes) =>
        new Promise((resolve) => {
          if (sizeBytes >= bytes) resolve();
          else waiting.push({ bytes, resolve });
        }),
      leave: () => sent.destroy(),
    };
  }
}
