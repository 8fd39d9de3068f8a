import { performance } from 'node:perf_hooks';
import type { EdgeLoad } from '../../kernel/edge-feed/report.ts';
import type { Fact } from '../exchange.ts';

const HITS: ReadonlySet<string> = new Set<Fact['verdict']>(['hit', 'stale', 'collapsed', 'revalidated']);

/** Adds up what an edge did, from one report to the next. */
export class LoadMeter {
  #requests = 0;
  #bytes = 0;
  #hits = 0;
  #cached = 0;
  #since = performance.now();
  #loop = performance.eventLoopUtilization();

  record({ verdict, bytesSent }: Fact): void {
    this.#requests += 1;
    this.#bytes += bytesSent;
    if (verdict === 'bypass') return;
    this.#cached += 1;
    if (HITS.has(verdict)) this.#hits += 1;
  }

  /** Since it was read last. */
  read(usage: { readonly connections: number; readonly cachedBytes: number }): EdgeLoad {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#since) / 1000);
    const loop = performance.eventLoopUtilization();
    const load: EdgeLoad = {
      requestsPerSecond: rounded(this.#requests / seconds),
      bytesPerSecond: Math.round(this.#bytes / seconds),
      connections: usage.connections,
      cachedBytes: usage.cachedBytes,
      hitRatio: this.#cached === 0 ? 0 : rounded(this.#hits / this.#cached),
      busy: rounded(performance.eventLoopUtilization(loop, this.#loop).utilization),
    };
    [this.#requests, this.#bytes, this.#hits, this.#cached] = [0, 0, 0, 0];
    this.#since = now;
    this.#loop = loop;
    return load;
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
