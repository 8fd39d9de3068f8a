/** Wall time as an argument: whoever decides by time takes a clock, so that a test can turn it by hand. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/**
 * Whether a span that ends at `untilMs` and is `spanMs` long still lasts. Before its beginning it does not: a clock that was
 * set back must not make of a second what it was set back by.
 */
export function lasts(untilMs: number, spanMs: number, nowMs: number): boolean {
  return nowMs < untilMs && nowMs >= untilMs - spanMs;
}
