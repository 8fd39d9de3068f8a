/**
 * How a player stays close to the edge of a live channel. Media comes in parts, so the buffer goes up and down by one of
 * them; what counts is its lowest point, the reserve: all above it is delay, all below it a stall.
 */

const FASTEST = 1.1;
const SLOWEST = 0.95;
/** Differences that are not worth a change of speed. */
const CLOSE_SECONDS = 0.04;
/** Further behind than this it jumps. */
const FAR_SECONDS = 2;

/** Of HTMLMediaElement's readyState. */
const HAVE_FUTURE_DATA = 3;

export const RESERVE_FIRST_SECONDS = 0.14;
const RESERVE_LEAST_SECONDS = 0.1;
const RESERVE_MOST_SECONDS = 0.8;
const STALL_COSTS_SECONDS = 0.08;
/** What a second without a stall gives back. */
const CALM_GIVES_SECONDS = 0.002;

export type Steering = { readonly kind: 'rate'; readonly rate: number } | { readonly kind: 'jump' };

export function steer(aheadSeconds: number, reserveSeconds: number, wantedSeconds: number): Steering {
  if (aheadSeconds > wantedSeconds + FAR_SECONDS) return { kind: 'jump' };
  const error = reserveSeconds - wantedSeconds;
  if (Math.abs(error) <= CLOSE_SECONDS) return { kind: 'rate', rate: 1 };
  const rate = Math.min(FASTEST, Math.max(SLOWEST, 1 + error * 0.5));
  return { kind: 'rate', rate: Math.round(rate * 100) / 100 };
}

/**
 * Whether what is buffered here is played. A browser stops some hundredths of a second before the end of it, and says so by
 * its state alone.
 */
export function isDry(aheadSeconds: number, readyState: number): boolean {
  return aheadSeconds < 0.05 || readyState < HAVE_FUTURE_DATA;
}

export function reserveAfterStall(wantedSeconds: number): number {
  return Math.min(RESERVE_MOST_SECONDS, wantedSeconds + STALL_COSTS_SECONDS);
}

export function reserveAfterCalm(wantedSeconds: number, calmSeconds: number): number {
  return Math.max(RESERVE_LEAST_SECONDS, wantedSeconds - calmSeconds * CALM_GIVES_SECONDS);
}

/** The lowest value of the last while. */
export class LowestOf {
  readonly #spanMs: number;
  #values: { readonly atMs: number; readonly value: number }[] = [];

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  add(value: number, atMs: number): void {
    this.#values = this.#values.filter((one) => one.atMs > atMs - this.#spanMs);
    this.#values.push({ atMs, value });
  }

  get lowest(): number | undefined {
    return this.#values.length === 0 ? undefined : Math.min(...this.#values.map(({ value }) => value));
  }

  clear(): void {
    this.#values = [];
  }
}
