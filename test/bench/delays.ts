/** How late something came to each of many viewers, and to the last of them each time. */
export interface Delays {
  /** Over all viewers and times. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the last viewer, over the times. */
  readonly lastP50Ms: number;
  readonly lastP99Ms: number;
  readonly times: number;
}

export function gather(): { add(time: string, delayMs: number): void; read(): Delays } {
  const all: number[] = [];
  const last = new Map<string, number>();
  return {
    add: (time, delayMs) => {
      all.push(delayMs);
      last.set(time, Math.max(last.get(time) ?? 0, delayMs));
    },
    read: () => ({
      p50Ms: quantile(all, 0.5),
      p99Ms: quantile(all, 0.99),
      lastP50Ms: quantile([...last.values()], 0.5),
      lastP99Ms: quantile([...last.values()], 0.99),
      times: last.size,
    }),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
