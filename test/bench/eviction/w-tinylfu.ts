import { Link, LinkedQueue } from './linked-queue.ts';
import type { Eviction } from './simulated-cache.ts';
import type { Access } from './traces.ts';

const WINDOW_SHARE = 0.01;
const PROTECTED_SHARE = 0.8;
/** Counters of four bits, as in the paper. */
const MOST = 15;
const ROWS = 4;

/** How often a key was asked for lately, roughly: a count-min sketch that is halved after a number of additions. */
export class FrequencySketch {
  readonly #counters: Uint8Array;
  readonly #mask: number;
  readonly #sample: number;
  #additions = 0;

  /** `entries`: how many the cache holds, about. */
  constructor(entries: number) {
    const width = 2 ** Math.ceil(Math.log2(Math.max(16, entries)));
    this.#counters = new Uint8Array(width * ROWS);
    this.#mask = width - 1;
    this.#sample = entries * 10;
  }

  add(key: string): void {
    const places = this.#placesOf(key);
    const least = Math.min(...places.map((place) => this.#counters[place] ?? 0));
    if (least >= MOST) return;
    // Only the smallest are raised: a count that is too large already gains nothing by it.
    for (const place of places) if (this.#counters[place] === least) this.#counters[place] = least + 1;
    this.#additions += 1;
    if (this.#additions >= this.#sample) this.#age();
  }

  count(key: string): number {
    return Math.min(...this.#placesOf(key).map((place) => this.#counters[place] ?? 0));
  }

  #age(): void {
    for (let at = 0; at < this.#counters.length; at += 1) this.#counters[at] = (this.#counters[at] ?? 0) >> 1;
    this.#additions = Math.floor(this.#additions / 2);
  }

  #placesOf(key: string): number[] {
    let hash = 0x811c9dc5;
    for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return Array.from({ length: ROWS }, (_, row) => {
      let mixed = Math.imul(hash ^ (hash >>> 16) ^ (row * 0x9e3779b9), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return row * (this.#mask + 1) + ((mixed ^ (mixed >>> 16)) & this.#mask);
    });
  }
}

/**
 * W-TinyLFU (Einziger and others, ACM ToS 2017): a small LRU window in front of a segmented LRU. What leaves the window gets
 * into the main part only when it was asked for more often than what would have to go for it. Sizes are taken as Caffeine
 * takes weights: shares are bytes, and each contest is of one against one.
 */
export class WTinyLfu implements Eviction<Link> {
  readonly #limitBytes: number;
  readonly #sketch: FrequencySketch;
  readonly #window = new LinkedQueue();
  readonly #probation = new LinkedQueue();
  readonly #protected = new LinkedQueue();

  constructor(limitBytes: number, entries: number) {
    this.#limitBytes = limitBytes;
    this.#sketch = new FrequencySketch(entries);
  }

  add(item: Access): Link {
    this.#sketch.add(item.key);
    const link = new Link(item);
    this.#window.push(link);
    this.#spill();
    return link;
  }

  touch(link: Link): void {
    this.#sketch.add(link.item.key);
    const { queue } = link;
    queue?.remove(link);
    (queue === this.#window ? this.#window : this.#protected).push(link);
    this.#demote();
  }

  evict({ sizeBytes }: Access): Access | undefined {
    const candidate = this.#window.bytes + sizeBytes > this.#windowBytes ? this.#window.oldest : undefined;
    const victim = this.#probation.oldest ?? this.#protected.oldest;
    if (candidate && victim) return this.#contest(candidate, victim);
    return this.#take(victim ?? this.#window.oldest);
  }

  #contest(candidate: Link, victim: Link): Access | undefined {
    if (this.#sketch.count(candidate.item.key) <= this.#sketch.count(victim.item.key)) return this.#take(candidate);
    this.#window.remove(candidate);
    this.#probation.push(candidate);
    return this.#take(victim);
  }

  get #windowBytes(): number {
    return this.#limitBytes * WINDOW_SHARE;
  }

  /** While the main part is not full, what the window has no room for enters it without a contest. */
  #spill(): void {
    const mainBytes = this.#limitBytes - this.#windowBytes;
    for (let link = this.#window.oldest; link && this.#window.bytes > this.#windowBytes; link = this.#window.oldest) {
      if (this.#probation.bytes + this.#protected.bytes + link.item.sizeBytes > mainBytes) break;
      this.#window.remove(link);
      this.#probation.push(link);
    }
  }

  #demote(): void {
    const limit = (this.#limitBytes - this.#windowBytes) * PROTECTED_SHARE;
    for (let link = this.#protected.oldest; link && this.#protected.bytes > limit; link = this.#protected.oldest) {
      this.#protected.remove(link);
      this.#probation.push(link);
    }
  }

  #take(link: Link | undefined): Access | undefined {
    if (link) link.queue?.remove(link);
    return link?.item;
  }
}
