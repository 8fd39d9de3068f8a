import { type Evictable, S3Fifo, type Slot } from './s3-fifo.ts';

/**
 * Which entry leaves memory next. What a viewer waits for before the picture comes (playlists, init sections, first
 * segments) and whatever is small has a share of its own that nothing else pushes out of: it costs few bytes, and each miss
 * of it is a start that somebody sees. What the share has no room for is not lost, it goes on among everything else. Both
 * parts are S3-FIFO, so a flood of one-hit playlists leaves the share as quickly as one of segments leaves the rest.
 */
export interface Sheltered extends Evictable {
  readonly opens: boolean;
}

/** Measured: `npm run bench eviction`. */
const SHELTER_SHARE = 0.1;

export class Eviction<T extends Sheltered> {
  readonly #shelter = new S3Fifo<T>();
  readonly #common = new S3Fifo<T>();

  add(item: T): Slot<T> {
    return (item.opens ? this.#shelter : this.#common).add(item);
  }

  touch(slot: Slot<T>): void {
    this.#common.touch(slot);
  }

  remove(slot: Slot<T>): void {
    this.#common.remove(slot);
  }

  /** Takes the next entry to go out; undefined when there is none. */
  evict(): T | undefined {
    const share = (this.#shelter.bytes + this.#common.bytes) * SHELTER_SHARE;
    while (this.#shelter.bytes > share) {
      const slot = this.#shelter.release();
      if (!slot) break;
      this.#common.enter(slot);
    }
    return this.#common.evict() ?? this.#shelter.evict();
  }
}
