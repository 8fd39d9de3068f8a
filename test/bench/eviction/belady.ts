import type { SimulatedCache } from './simulated-cache.ts';
import type { Access } from './traces.ts';

/**
 * Belady's optimum: knows the future, and lets go what is asked for again the latest; a newcomer that comes again later
 * than all that is here is not let in. With `bySize` distance times size counts, which is no proven optimum but reaches
 * more hits where sizes differ; the plain one is the better of the two by bytes.
 */
export class Belady implements SimulatedCache {
  readonly #limitBytes: number;
  readonly #bySize: boolean;
  /** Place of the next access of the same key, for each place. */
  readonly #next: Float64Array;
  /** What is here: the place of its next access, and its bytes. */
  readonly #held = new Map<string, { next: number; sizeBytes: number }>();
  readonly #heap: { key: string; next: number; worth: number }[] = [];
  #bytes = 0;
  #place = -1;

  constructor(accesses: readonly Access[], limitBytes: number, bySize = false) {
    this.#limitBytes = limitBytes;
    this.#bySize = bySize;
    this.#next = new Float64Array(accesses.length).fill(Number.POSITIVE_INFINITY);
    const seen = new Map<string, number>();
    for (let at = accesses.length - 1; at >= 0; at -= 1) {
      const key = accesses[at]?.key ?? '';
      this.#next[at] = seen.get(key) ?? Number.POSITIVE_INFINITY;
      seen.set(key, at);
    }
  }

  access({ key, sizeBytes }: Access): boolean {
    this.#place += 1;
    const next = this.#next[this.#place] ?? Number.POSITIVE_INFINITY;
    const held = this.#held.get(key);
    if (next === Number.POSITIVE_INFINITY) {
      if (held) this.#drop(key);
      return held !== undefined;
    }
    if (!held) this.#bytes += sizeBytes;
    this.#held.set(key, { next, sizeBytes });
    this.#push({ key, next, worth: this.#bySize ? (next - this.#place) * sizeBytes : next });
    while (this.#bytes > this.#limitBytes) this.#dropLatest();
    return held !== undefined;
  }

  #drop(key: string): void {
    this.#bytes -= this.#held.get(key)?.sizeBytes ?? 0;
    this.#held.delete(key);
  }

  /** Entries of the heap that were asked for since are old news, and passed over. */
  #dropLatest(): void {
    for (let top = this.#pop(); top; top = this.#pop()) {
      if (this.#held.get(top.key)?.next !== top.next) continue;
      this.#drop(top.key);
      return;
    }
  }

  #push(entry: { key: string; next: number; worth: number }): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (!above || above.worth >= entry.worth) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): { key: string; next: number; worth: number } | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if ((heap[child + 1]?.worth ?? Number.NEGATIVE_INFINITY) > (heap[child]?.worth ?? 0)) child += 1;
      const below = heap[child];
      if (!below || below.worth <= last.worth) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
