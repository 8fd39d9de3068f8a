import { LRUCache } from 'lru-cache';
import type { Clock } from '../kernel/clock.ts';
import { SegmentOrder } from './segment-order.ts';

/** Fetches ahead at the same time; viewers' own requests have no such limit. */
const MAX_FETCHES = 8;
/** After one failed, or its segment was not there yet, it is left to the viewers for so long. */
const REST_MS = 2_000;
const MAX_RESTING = 1_024;

export interface PrefetchOptions {
  /** Segments ahead of the one that is watched. */
  readonly depth: number;
  readonly clock: Clock;
  /** Neither here nor on its way, and room for it. */
  readonly isWorthwhile: (path: string) => boolean;
  /** Calls back once with whether it is stored now. */
  readonly fetch: (path: string, onEnd: (stored: boolean) => void) => void;
}

/** Fetches the segment that comes next while viewers watch the one before, so that none of them waits for the origin. */
export class Prefetch {
  readonly #options: PrefetchOptions;
  readonly #order = new SegmentOrder();
  readonly #restUntilMs = new LRUCache<string, number>({ max: MAX_RESTING });
  #fetching = 0;

  constructor(options: PrefetchOptions) {
    this.#options = options;
  }

  /** A film's file has arrived whole. */
  learn(path: string, body: Buffer): void {
    this.#order.learn(path, body);
  }

  /** A file in hand was confirmed by the origin: a playlist that has been forgotten since is read again. */
  recall(path: string, body: Buffer): void {
    if (!this.#order.knows(path)) this.#order.learn(path, body);
  }

  /** A segment is being watched. */
  follow(path: string): void {
    for (const next of this.#order.after(path, this.#options.depth)) if (this.#mayFetch(next)) this.#fetch(next);
  }

  #mayFetch(path: string): boolean {
    if (this.#fetching >= MAX_FETCHES || !this.#options.isWorthwhile(path)) return false;
    return (this.#restUntilMs.get(path) ?? 0) <= this.#options.clock.now();
  }

  #fetch(path: string): void {
    this.#fetching += 1;
    this.#options.fetch(path, (stored) => {
      this.#fetching -= 1;
      if (!stored) this.#restUntilMs.set(path, this.#options.clock.now() + REST_MS);
    });
  }
}
