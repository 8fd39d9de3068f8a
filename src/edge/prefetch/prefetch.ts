import { LRUCache } from 'lru-cache';
import { type Clock, lasts } from '../../kernel/clock.ts';
import type { Exchange } from '../exchange.ts';
import type { SegmentOrder } from './segment-order.ts';

/** Fetches ahead at the same time; viewers' own requests have no such limit. */
const MAX_FETCHES = 8;
/** After one failed, or its segment was not there yet, it is left to the viewers for so long. */
const REST_MS = 2_000;
const MAX_RESTING = 1_024;

export interface PrefetchOptions {
  /** Segments ahead of the one that is watched. */
  readonly depth: number;
  readonly order: SegmentOrder;
  readonly clock: Clock;
  /** Neither here nor on its way, and room for it. */
  readonly isWorthwhile: (key: string, viewer: Exchange) => boolean;
  /** Asks as the viewer would who watches the one before. Calls back once with whether it is stored now. */
  readonly fetch: (key: string, viewer: Exchange, onEnd: (stored: boolean) => void) => void;
}

/** Fetches the segment that comes next while viewers watch the one before, so that none of them waits for the origin. */
export class Prefetch {
  readonly #options: PrefetchOptions;
  readonly #restUntilMs = new LRUCache<string, number>({ max: MAX_RESTING });
  #fetching = 0;

  constructor(options: PrefetchOptions) {
    this.#options = options;
  }

  /** A file has arrived whole. */
  learn(key: string, body: Buffer, viewedHost: string | undefined): void {
    this.#options.order.learn(nameOf(key), body, viewedHost);
  }

  /** A file in hand was confirmed by the origin: a playlist that has been forgotten since is read again. */
  recall(key: string, body: Buffer, viewedHost: string | undefined): void {
    const { order } = this.#options;
    const name = nameOf(key);
    if (!order.knows(name)) order.learn(name, body, viewedHost);
  }

  /** A file is being watched. */
  follow(key: string, viewer: Exchange): void {
    const { order, depth } = this.#options;
    for (const next of order.after(nameOf(key), depth)) if (this.#mayFetch(next, viewer)) this.#fetch(next, viewer);
  }

  #mayFetch(key: string, viewer: Exchange): boolean {
    if (this.#fetching >= MAX_FETCHES || !this.#options.isWorthwhile(key, viewer)) return false;
    return !lasts(this.#restUntilMs.get(key) ?? 0, REST_MS, this.#options.clock.now());
  }

  #fetch(key: string, viewer: Exchange): void {
    this.#fetching += 1;
    this.#options.fetch(key, viewer, (stored) => {
      this.#fetching -= 1;
      if (!stored) this.#restUntilMs.set(key, this.#options.clock.now() + REST_MS);
    });
  }
}

/** Which file it is, without what tells its variants apart. */
function nameOf(key: string): string {
  const end = key.indexOf('\n');
  return end < 0 ? key : key.slice(0, end);
}
