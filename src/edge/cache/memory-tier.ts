import { BanList } from '../invalidation/ban-list.ts';
import type { CachedObject, VaryMarker } from './cached-object.ts';
import { Eviction } from './eviction.ts';
import type { PartialObject } from './partial-object.ts';
import type { Slot } from './s3-fifo.ts';

/** Parts of a body live in memory only. */
export type LastingEntry = CachedObject | VaryMarker;
export type Entry = LastingEntry | PartialObject;

/** What lies below memory and is told of everything that changes in it. */
export interface LowerTier {
  put(entry: LastingEntry): void;
  delete(key: string): void;
  /** Pushed out of memory. */
  left(key: string): void;
}

/** Objects found, their bytes, and entries pushed out. */
export interface MemoryCounts {
  readonly hits: number;
  readonly hitBytes: number;
  readonly evicted: number;
}

/** The largest object that is kept: one film must not push everybody else's segments out. */
const LARGEST_SHARE = 1 / 8;

/**
 * Entries in memory under one byte limit. Bytes still arriving are reserved before they come, so entries and fills
 * together never pass the limit.
 */
export class MemoryTier {
  readonly limitBytes: number;
  readonly largestObjectBytes: number;
  readonly #bans: BanList;
  readonly #slots = new Map<string, Slot<Entry>>();
  readonly #eviction = new Eviction<Entry>();
  /** Set once, before the first entry. */
  lower: LowerTier | undefined;
  /** Counted since the start. */
  readonly counts = { hits: 0, hitBytes: 0, evicted: 0 };
  #storedBytes = 0;
  #reservedBytes = 0;

  constructor(limitBytes: number, bans = new BanList()) {
    this.limitBytes = limitBytes;
    this.#bans = bans;
    this.largestObjectBytes = Math.floor(limitBytes * LARGEST_SHARE);
  }

  /** Bytes of entries and reservations together; never more than the limit. */
  get usedBytes(): number {
    return this.#storedBytes + this.#reservedBytes;
  }

  /** Room that costs no entry. */
  get freeBytes(): number {
    return this.limitBytes - this.usedBytes;
  }

  /** Whether bytes on their way hold less than half of everything, so that more may come without being asked for. */
  get isCalm(): boolean {
    return this.#reservedBytes * 2 < this.limitBytes;
  }

  get entryCount(): number {
    return this.#slots.size;
  }

  get(key: string): Entry | undefined {
    const slot = this.#slots.get(key);
    if (!slot || !this.stands(slot.item)) return undefined;
    this.#eviction.touch(slot);
    if (slot.item.kind === 'object') {
      this.counts.hits += 1;
      this.counts.hitBytes += slot.item.body.length;
    }
    return slot.item;
  }

  /** Whether there is an entry; asking does not count as a use. */
  has(key: string): boolean {
    return this.peek(key) !== undefined;
  }

  /** An entry, without counting that as a use. */
  peek(key: string): Entry | undefined {
    const entry = this.#slots.get(key)?.item;
    return entry && this.stands(entry) ? entry : undefined;
  }

  /** All there is, in no order, while it may change. */
  *entries(): Iterable<Entry> {
    for (const { item } of this.#slots.values()) yield item;
  }

  /** Whether no ban covers it that is newer; what a soft one covers stands, and is stale from then on. */
  stands(entry: Entry): boolean {
    return entry.checked === this.#bans.sequence || this.#isAllowed(entry);
  }

  #isAllowed(entry: Entry): boolean {
    const ruling = this.#bans.judge(entry);
    if (ruling === 'gone') {
      if (this.#slots.get(entry.key)?.item === entry) this.delete(entry.key);
      return false;
    }
    if (ruling !== 'stands' && entry.kind !== 'vary') entry.expire(ruling.staleFromMs);
    entry.checked = this.#bans.sequence;
    return true;
  }

  /** Sets room aside for bytes to come, at the cost of older entries; false when fills already hold all of it. */
  reserve(bytes: number): boolean {
    if (!this.#makeRoom(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#reservedBytes -= bytes;
  }

  /**
   * False when there is no room even after eviction; an older entry of the same key is gone in either case. False too for
   * what has been banned since it was asked for, which changes nothing.
   */
  put(entry: Entry): boolean {
    if (!this.stands(entry)) return false;
    if (entry.kind !== 'parts') this.lower?.put(entry);
    return this.lift(entry);
  }

  /** The same for what is gone when it is pushed out. Nothing of its key may ever have been put below. */
  putInMemory(entry: Entry): boolean {
    return this.stands(entry) && this.lift(entry);
  }

  /** Puts in what the tier below has, or leaves it to that one when there is no room. */
  lift(entry: Entry): boolean {
    this.#drop(entry.key);
    if (!this.#makeRoom(entry.sizeBytes)) return false;
    this.#slots.set(entry.key, this.#eviction.add(entry));
    this.#storedBytes += entry.sizeBytes;
    return true;
  }

  /** What stands in an object's place with its body: itself, or what a revalidation put there. Does not count as a use. */
  standingFor({ key, body }: CachedObject): CachedObject | undefined {
    const entry = this.#slots.get(key)?.item;
    return entry?.kind === 'object' && entry.body === body ? entry : undefined;
  }

  /** Lets an entry take in more bytes at the cost of others; false where there is no room for them. */
  grow(object: CachedObject, bytes: number, take: () => void): boolean {
    const room = this.#makeRoom(bytes);
    const slot = this.#slots.get(object.key);
    // Making room may have cost the entry itself.
    if (!room || slot?.item !== object) return false;
    take();
    this.#storedBytes += bytes;
    if (slot.queue) slot.queue.bytes += bytes;
    return true;
  }

  /** From here and from below. */
  delete(key: string): boolean {
    this.lower?.delete(key);
    return this.#drop(key);
  }

  #drop(key: string): boolean {
    const slot = this.#slots.get(key);
    if (!slot) return false;
    this.#eviction.remove(slot);
    this.#forget(slot.item);
    return true;
  }

  #makeRoom(bytes: number): boolean {
    if (this.#reservedBytes + bytes > this.limitBytes) return false;
    while (this.usedBytes + bytes > this.limitBytes) {
      const victim = this.#eviction.evict();
      if (!victim) return false;
      this.counts.evicted += 1;
      this.#forget(victim);
      this.lower?.left(victim.key);
    }
    return true;
  }

  #forget(entry: Entry): void {
    this.#slots.delete(entry.key);
    this.#storedBytes -= entry.sizeBytes;
  }
}
