import { LRUCache } from 'lru-cache';
import { lasts } from '../../kernel/clock.ts';
import type { Fault } from '../../kernel/errors.ts';
import type { Fill } from './fill.ts';

/** How long a key is taken as uncacheable after an answer was, so that its viewers do not queue for nothing. */
const UNCACHEABLE_MS = 10_000;
const UNCACHEABLE_KEYS = 4_096;

const REFUSALS = 4_096;

/** Why an answer was not stored. */
export interface Refusal {
  readonly reason: string;
  readonly atMs: number;
}

/** The fills under way, of which newcomers find one a key, and the keys not worth waiting for. */
export class FillTable {
  readonly #fills = new Map<string, Fill>();
  /** Those that newcomers do not find among them. */
  readonly #running = new Set<Fill>();
  readonly #uncacheable: LRUCache<string, number>;
  readonly #refusals = new LRUCache<string, Refusal>({ max: REFUSALS });

  constructor() {
    this.#uncacheable = new LRUCache({ max: UNCACHEABLE_KEYS });
  }

  get size(): number {
    return this.#fills.size;
  }

  get(key: string): Fill | undefined {
    return this.#fills.get(key);
  }

  /** It begins. */
  take(fill: Fill): void {
    this.#running.add(fill);
  }

  /** It is over. */
  forget(fill: Fill): void {
    this.#running.delete(fill);
    this.retire(fill);
  }

  /** Newcomers find it. */
  lead(fill: Fill): void {
    this.#fills.set(fill.traits.key, fill);
  }

  /** Newcomers find it under another key; nobody takes the place of one that is found there already. */
  move(fill: Fill, key: string): void {
    this.retire(fill);
    if (this.#fills.has(key)) return;
    fill.traits = { ...fill.traits, key };
    this.lead(fill);
  }

  /** Newcomers no longer find it; those who read it go on. */
  retire(fill: Fill): void {
    if (this.#fills.get(fill.traits.key) === fill) this.#fills.delete(fill.traits.key);
  }

  /** Newcomers no longer find what is on its way for a resource, in any variant or part, and it is not stored. */
  outdate(resource: string, by: Fill): void {
    this.outdateWhere((fill) => {
      const { key } = fill.traits;
      return fill !== by && (key === resource || key.startsWith(`${resource}\n`));
    });
  }

  /** The same for all that a change concerns. */
  outdateWhere(isConcerned: (fill: Fill) => boolean): void {
    for (const fill of [...this.#running].filter(isConcerned)) {
      fill.outdated = true;
      this.retire(fill);
    }
  }

  /** Every fill that newcomers find. */
  get underWay(): Iterable<Fill> {
    return this.#fills.values();
  }

  isUncacheable(key: string, nowMs: number): boolean {
    if (this.#uncacheable.size === 0) return false;
    const untilMs = this.#uncacheable.get(key);
    return untilMs !== undefined && lasts(untilMs, UNCACHEABLE_MS, nowMs);
  }

  markUncacheable(key: string, nowMs: number): void {
    this.#uncacheable.set(key, nowMs + UNCACHEABLE_MS);
  }

  /** Kept for whoever wonders why something is not stored. */
  noteRefusal(key: string, refusal: Refusal): void {
    this.#refusals.set(key, refusal);
  }

  refusalOf(key: string): Refusal | undefined {
    return this.#refusals.get(key);
  }

  unmark(key: string): void {
    this.#uncacheable.delete(key);
  }

  unmarkWhere(isConcerned: (key: string) => boolean): void {
    for (const key of [...this.#uncacheable.keys()].filter(isConcerned)) this.unmark(key);
  }

  abandonWhere(isConcerned: (fill: Fill) => boolean, fault: Fault): void {
    for (const fill of [...this.#running].filter(isConcerned)) fill.abandon(fault);
  }

  abandonAll(): void {
    for (const fill of [...this.#running]) fill.abandon();
  }
}
