/** Wall time as an argument: whoever decides by time takes a clock, so that a test can turn it by hand. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** Goes on alike whatever is done to the time of day: for how long something has lasted, where `now` is for when it ends. */
export interface SteadyClock extends Clock {
  /** Milliseconds since some moment. */
  steady(): number;
}

export const systemClock: SteadyClock = { now: () => Date.now(), steady: () => performance.now() };

/**
 * Whether a span that ends at `untilMs` and is `spanMs` long still lasts. Before its beginning it does not: a clock that was
 * set back must not make of a second what it was set back by.
 */
export function lasts(untilMs: number, spanMs: number, nowMs: number): boolean {
  return nowMs < untilMs && nowMs >= untilMs - spanMs;
}
