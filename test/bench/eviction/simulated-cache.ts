import type { Access } from './traces.ts';

/** Decides what leaves, by the seam of the edge's own eviction. */
export interface Eviction<S extends { readonly item: Access }> {
  add(item: Access): S;
  touch(slot: S): void;
  /** Takes the next entry out, to make room for a newcomer; undefined when there is none. */
  evict(newcomer: Access): Access | undefined;
}

/** Says whether an access was a hit. */
export interface SimulatedCache {
  access(access: Access): boolean;
}

/** A cache of so many bytes that holds sizes instead of bodies. */
export class EvictingCache<S extends { readonly item: Access }> implements SimulatedCache {
  readonly #limitBytes: number;
  readonly #eviction: Eviction<S>;
  readonly #slots = new Map<string, S>();
  #bytes = 0;

  constructor(limitBytes: number, eviction: Eviction<S>) {
    this.#limitBytes = limitBytes;
    this.#eviction = eviction;
  }

  access(access: Access): boolean {
    const slot = this.#slots.get(access.key);
    if (slot) {
      this.#eviction.touch(slot);
      return true;
    }
    this.#admit(access);
    return false;
  }

  #admit(access: Access): void {
    if (access.sizeBytes > this.#limitBytes) return;
    while (this.#bytes + access.sizeBytes > this.#limitBytes) {
      const victim = this.#eviction.evict(access);
      if (!victim) return;
      this.#slots.delete(victim.key);
      this.#bytes -= victim.sizeBytes;
    }
    this.#slots.set(access.key, this.#eviction.add(access));
    this.#bytes += access.sizeBytes;
  }
}

export interface Ratios {
  readonly objects: number;
  readonly bytes: number;
  /** Of playlists, init sections and first segments alone. */
  readonly opening: number;
}

export function ratiosOf(accesses: readonly Access[], cache: SimulatedCache): Ratios {
  let hits = 0;
  let hitBytes = 0;
  let bytes = 0;
  let opening = 0;
  let openingHits = 0;
  for (const access of accesses) {
    const hit = cache.access(access);
    bytes += access.sizeBytes;
    if (access.opens) opening += 1;
    if (!hit) continue;
    hits += 1;
    hitBytes += access.sizeBytes;
    if (access.opens) openingHits += 1;
  }
  return { objects: hits / accesses.length, bytes: hitBytes / bytes, opening: openingHits / opening };
}
