import type { Arrivals } from './arrivals.ts';

/** How late things came to viewers, and to the last of them each time. */
export interface Delays {
  /** Over all viewers and things. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the last viewer, over the things. */
  readonly lastP50Ms: number;
  readonly lastP99Ms: number;
  readonly things: number;
}

/** Since each was published; what was published before anybody looked is left out. */
export function delaysOf(arrivals: Arrivals, publishedAtMs: ReadonlyMap<string, number>): Delays {
  const delays = Object.entries(arrivals).flatMap(([name, times]) => {
    const from = publishedAtMs.get(name);
    return from === undefined ? [] : [times.map((at) => at - from)];
  });
  const all = delays.flat();
  const last = delays.map((each) => each.reduce((most, ms) => Math.max(most, ms), 0));
  return {
    p50Ms: quantile(all, 0.5),
    p99Ms: quantile(all, 0.99),
    lastP50Ms: quantile(last, 0.5),
    lastP99Ms: quantile(last, 0.99),
    things: delays.length,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
