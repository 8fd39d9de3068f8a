import type { LineFile } from '../config/log.ts';

/** What the edge tells of one exchange, as far as it is counted and logged here. */
export interface ExchangeFact {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAtMs: number;
  readonly method: string;
  /** Without query or token. */
  readonly path: string;
  readonly status: number;
  readonly verdict: string;
  readonly reason: string;
  readonly bytesSent: number;
  readonly durationMs: number;
  readonly firstByteMs: number | undefined;
  readonly faultCode?: string;
}

interface Counters {
  count(name: 'edge_requests' | 'edge_bytes', labels: Readonly<Record<string, string | number>>, by?: number): void;
  observe(name: 'edge_first_byte_seconds', labels: Readonly<Record<string, string>>, value: number): void;
}

/** Every exchange yields one fact; metrics and the access log are two views of it. */
export class FactViews {
  readonly #metrics: Counters;
  readonly #accessLog: LineFile | undefined;

  constructor(metrics: Counters, accessLog: LineFile | undefined) {
    this.#metrics = metrics;
    this.#accessLog = accessLog;
  }

  record(fact: ExchangeFact): void {
    const { verdict, status, firstByteMs } = fact;
    this.#metrics.count('edge_requests', { verdict, status });
    this.#metrics.count('edge_bytes', { verdict }, fact.bytesSent);
    if (firstByteMs !== undefined) this.#metrics.observe('edge_first_byte_seconds', { verdict }, firstByteMs / 1000);
    this.#accessLog?.write(`${accessLine(fact)}\n`);
  }
}

/** The fact as one JSON line; times in whole microseconds, since a hit takes some tens of them. */
export function accessLine(fact: ExchangeFact): string {
  return JSON.stringify({
    time: new Date(fact.receivedAtMs).toISOString(),
    id: fact.id,
    method: fact.method,
    path: fact.path,
    status: fact.status,
    verdict: fact.verdict,
    reason: fact.reason,
    bytes: fact.bytesSent,
    durationUs: Math.round(fact.durationMs * 1000),
    ...(fact.firstByteMs === undefined ? {} : { firstByteUs: Math.round(fact.firstByteMs * 1000) }),
    ...(fact.faultCode === undefined ? {} : { fault: fact.faultCode }),
  });
}
