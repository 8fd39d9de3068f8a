import type { SteadyClock } from '../../src/kernel/clock.ts';

/** A clock turned by hand. */
export class HandClock implements SteadyClock {
  #nowMs = 1_800_000_000_000;

  now(): number {
    return this.#nowMs;
  }

  steady(): number {
    return this.#nowMs;
  }

  turn(ms: number): void {
    this.#nowMs += ms;
  }
}
