/** Ghosts are keys that nothing else counts: who asks for long addresses shall not fill memory with them. */
const MAX_GHOST_LENGTH = 512;

/**
 * Which entry leaves next: S3-FIFO. Newcomers wait in a small queue that takes a tenth of the bytes; only what was asked
 * for again while there moves on to the main queue, so a flood of one-hit objects passes through the tenth and leaves
 * the rest alone. Keys that left the small queue unused are remembered for a while, without their bytes: asked for
 * again, they enter the main queue at once. The algorithm decides and does nothing else: no I/O, no bodies.
 */
export interface Evictable {
  readonly key: string;
  readonly sizeBytes: number;
}

export class Slot<T extends Evictable> {
  readonly item: T;
  /** Uses since it last moved, at most 3. */
  uses = 0;
  queue: Queue<T> | undefined;
  newer: Slot<T> | undefined;
  older: Slot<T> | undefined;

  constructor(item: T) {
    this.item = item;
  }
}

class Queue<T extends Evictable> {
  bytes = 0;
  length = 0;
  oldest: Slot<T> | undefined;
  #newest: Slot<T> | undefined;

  push(slot: Slot<T>): void {
    slot.queue = this;
    slot.older = this.#newest;
    slot.newer = undefined;
    if (this.#newest) this.#newest.newer = slot;
    else this.oldest = slot;
    this.#newest = slot;
    this.bytes += slot.item.sizeBytes;
    this.length += 1;
  }

  remove(slot: Slot<T>): void {
    if (slot.older) slot.older.newer = slot.newer;
    else this.oldest = slot.newer;
    if (slot.newer) slot.newer.older = slot.older;
    else this.#newest = slot.older;
    slot.queue = slot.newer = slot.older = undefined;
    this.bytes -= slot.item.sizeBytes;
    this.length -= 1;
  }
}

const SMALL_SHARE = 0.1;
const MAX_USES = 3;

export class S3Fifo<T extends Evictable> {
  readonly #small = new Queue<T>();
  readonly #main = new Queue<T>();
  readonly #ghosts = new Set<string>();

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes;
  }

  add(item: T): Slot<T> {
    const slot = new Slot(item);
    this.enter(slot);
    return slot;
  }

  /** Takes a slot in that is in no queue. */
  enter(slot: Slot<T>): void {
    const returned = this.#ghosts.delete(slot.item.key);
    (returned ? this.#main : this.#small).push(slot);
  }

  touch(slot: Slot<T>): void {
    if (slot.uses < MAX_USES) slot.uses += 1;
  }

  remove(slot: Slot<T>): void {
    slot.queue?.remove(slot);
  }

  /** Takes the next entry to go out of the queues; undefined when there is none. */
  evict(): T | undefined {
    return this.release()?.item;
  }

  /** The same, with the slot it was in. */
  release(): Slot<T> | undefined {
    const fromSmall = this.#small.bytes > this.bytes * SMALL_SHARE || !this.#main.oldest;
    return (fromSmall ? this.#evictSmall() : undefined) ?? this.#evictMain() ?? this.#evictSmall();
  }

  #evictSmall(): Slot<T> | undefined {
    for (let slot = this.#small.oldest; slot; slot = this.#small.oldest) {
      this.#small.remove(slot);
      if (slot.uses === 0) {
        this.#remember(slot.item.key);
        return slot;
      }
      slot.uses = 0;
      this.#main.push(slot);
    }
    return undefined;
  }

  #evictMain(): Slot<T> | undefined {
    for (let slot = this.#main.oldest; slot; slot = this.#main.oldest) {
      this.#main.remove(slot);
      if (slot.uses === 0) return slot;
      slot.uses -= 1;
      this.#main.push(slot);
    }
    return undefined;
  }

  /** As many ghosts as there are entries, and some for an empty start. */
  #remember(key: string): void {
    if (key.length > MAX_GHOST_LENGTH) return;
    this.#ghosts.add(key);
    const limit = Math.max(1_024, this.#main.length + this.#small.length);
    for (const oldest of this.#ghosts) {
      if (this.#ghosts.size <= limit) break;
      this.#ghosts.delete(oldest);
    }
  }
}
