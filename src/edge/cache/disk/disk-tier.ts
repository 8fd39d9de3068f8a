import type { Clock } from '../../../kernel/clock.ts';
import { tagsOf } from '../../../kernel/http/cache-tags.ts';
import type { Log } from '../../../kernel/log.ts';
import { BanList } from '../../invalidation/ban-list.ts';
import { agedFrom, CachedObject, freshUntil } from '../cached-object.ts';
import type { LastingEntry, LowerTier } from '../memory-tier.ts';
import { DiskObject } from './disk-object.ts';
import { headOf, markerOf, metaOf, type Peeked, peekedOf } from './entry-meta.ts';
import { CacheFolder } from './folder.ts';
import { hashOf, isWholeBody, type Mark, type Meta, type ObjectMeta, type Place, readHead } from './record.ts';
import { Rest } from './rest.ts';
import type { Segment } from './segment.ts';
import { type Draft, Located, Shelf } from './shelf.ts';
import { SlicePool } from './slice-pool.ts';

/**
 * Entries on disk under one byte limit, in segment files that are written one after the other and given up as a whole, the
 * oldest first; what was asked for since moves on to the newest. An index in memory says where each entry lies, so nobody
 * waits for the disk to learn that there is nothing. Whatever fails here costs a miss, never an answer: writes are dropped
 * when the disk is behind, and what is read is checked before it is sent.
 */
export interface DiskOptions {
  readonly folder: string;
  readonly limitBytes: number;
  /** Whose answers these are; those of another are not taken over. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: UpperTier;
  /** What has been invalidated. */
  readonly bans?: BanList;
}

/** What the disk needs of memory. */
export interface UpperTier {
  readonly largestObjectBytes: number;
  readonly freeBytes: number;
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  /** Takes in an entry that is on disk already. */
  lift(entry: LastingEntry): boolean;
}

/** What may wait to be written; more than this is dropped. */
const QUEUE_BYTES = 33_554_432;
const BATCH_BYTES = 4_194_304;
/** Of a segment that is given up, what may move on: more would be written for ever. */
const MOVING_SHARE = 0.5;
/** Read whole, and into memory: a slice is hardly less. */
const SMALL_BYTES = 65_536;
/** After a disk was full or failed. */
const REST_MS = 60_000;

/** A record whose files stay open while it is read. */
interface Pinned {
  readonly located: Located;
  readonly place: Place;
  readonly head: Segment<Located>;
  readonly body: Segment<Located>;
}

export interface DiskUsage {
  readonly bytes: number;
  readonly entries: number;
  readonly queuedBytes: number;
}

/** Counted since the start. */
export interface DiskCounts {
  hits: number;
  hitBytes: number;
  written: number;
  writtenBytes: number;
  /** Not written, since the disk was behind, full or failing. */
  dropped: number;
  evicted: number;
  damaged: number;
}

export class DiskTier implements LowerTier {
  readonly pool = new SlicePool();
  readonly counts: DiskCounts = {
    hits: 0,
    hitBytes: 0,
    written: 0,
    writtenBytes: 0,
    dropped: 0,
    evicted: 0,
    damaged: 0,
  };
  readonly #options: DiskOptions;
  readonly #folder: CacheFolder;
  readonly #bans: BanList;
  readonly #shelf: Shelf;
  #queue: Located[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  /** What is being written at this moment; never rejects. */
  #batch: Promise<void> | undefined;
  readonly #lifting = new Map<Located, Promise<LastingEntry | undefined>>();
  /** Which record a body in memory belongs to, so that a renewed head does not bring the body again. */
  readonly #bodies = new WeakMap<Buffer, Located>();
  #on = false;
  readonly #noWriting = new Rest(REST_MS);
  readonly #noReading = new Rest(REST_MS);
  #ailing = false;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#bans = options.bans ?? new BanList();
    this.#folder = new CacheFolder(options.folder, options.identity);
    this.#shelf = new Shelf(options.folder, options.limitBytes);
  }

  get usage(): DiskUsage {
    return { bytes: this.#shelf.bytes, entries: this.#shelf.index.size, queuedBytes: this.#queuedBytes };
  }

  /** Reads where everything lies. A folder that cannot be used is said once, and the edge goes on without. */
  async start(): Promise<void> {
    const { folder, log } = this.#options;
    try {
      const { lineage, floor } = this.#bans;
      const taken = await this.#folder.take({ lineage, upTo: floor });
      if (taken) await this.#shelf.takeOver(taken.numbers, taken.sweptUpTo);
      else log.warn({ folder }, 'the disk cache is off: another process has its folder');
      this.#on = taken !== undefined;
    } catch (cause) {
      log.warn({ folder, err: cause }, 'the disk cache is off: its folder cannot be used');
      this.#folder.leave();
    }
  }

  /** Writes what waits, and closes. */
  async stop(): Promise<void> {
    await this.idle();
    this.#on = false;
    await this.#shelf.close();
    this.#folder.leave();
  }

  /** Resolves when nothing waits to be written. */
  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Whether there is an entry; asking does not count as a use and does not touch the disk. */
  has(key: string): boolean {
    return this.#on && this.#noReading.isOver(this.#options.clock.now()) && this.#shelf.index.has(hashOf(key));
  }

  /**
   * An entry, in memory from now on when it is small, was asked for before, is asked for `whole`, or there is room to spare;
   * otherwise where its slices are, to be closed by whoever gets it. Undefined when it is not there after all, or was
   * damaged. Never rejects.
   */
  async read(key: string, how: { nowMs: number; whole: boolean }): Promise<LastingEntry | DiskObject | undefined> {
    const located = this.#on ? this.#shelf.index.get(hashOf(key)) : undefined;
    if (!located) return undefined;
    located.uses += 1;
    try {
      const found = await this.#find(located, key, how);
      if (found) this.#countHit(found);
      return found;
    } catch (cause) {
      this.#noReading.begin(this.#options.clock.now());
      this.#ail(cause, 'the disk cache cannot be read and rests');
      return undefined;
    }
  }

  // From memory

  put(entry: LastingEntry): void {
    if (!this.#on) return;
    const { index } = this.#shelf;
    const hash = hashOf(entry.key);
    const replaced = index.get(hash);
    const located = new Located(hash);
    located.checked = entry.checked;
    located.before = replaced && this.#cancel(replaced);
    located.waiting = entry;
    located.held = true;
    const isResting = !this.#noWriting.isOver(this.#options.clock.now());
    const isTooMuch = this.#queuedBytes + entry.sizeBytes > QUEUE_BYTES || entry.sizeBytes > this.#shelf.segmentBytes;
    if (isResting || isTooMuch) {
      index.delete(hash);
      this.#giveUp(located);
      return;
    }
    index.set(hash, located);
    this.#queue.push(located);
    this.#queuedBytes += entry.sizeBytes;
    this.#write();
  }

  delete(key: string): void {
    const located = this.#on ? this.#shelf.index.get(hashOf(key)) : undefined;
    if (located) this.#remove(located);
  }

  left(key: string): void {
    const located = this.#on ? this.#shelf.index.get(hashOf(key)) : undefined;
    if (located) located.held = false;
  }

  // Invalidation

  /** All that is known to be there, in no order, while it may change. */
  get located(): Iterable<Located> {
    return this.#on ? this.#shelf.index.values() : [];
  }

  /**
   * Holds one entry against the bans that it has not been held against, by reading its head, and says in its record what
   * came of it. @throws what reading throws
   */
  async recheck(located: Located): Promise<void> {
    const { waiting, before } = located;
    if (waiting) {
      // Were this process killed before the newer record is written, the older one would be found again.
      if (before?.place) this.#mark(before.place, 'gone');
      this.#isAllowed(located, waiting);
      return;
    }
    if (located.checked === this.#bans.sequence) return;
    await this.#pin(located, (record) => this.#headOf(record));
  }

  /** Resolves when nothing that was banned up to this number can come back, whatever happens. */
  async settle(upTo: number): Promise<void> {
    if (!this.#on) return;
    await this.#batch;
    await this.#shelf.sync();
    await this.#folder.swept({ lineage: this.#bans.lineage, upTo });
  }

  /** What is known of one entry from its head alone; asking does not count as a use. @throws what reading throws */
  async peek(located: Located): Promise<Peeked | undefined> {
    const { waiting, place } = located;
    if (waiting) {
      if (!this.#isAllowed(located, waiting)) return undefined;
      return waiting.kind === 'vary' ? { marker: waiting } : { answer: waiting };
    }
    const meta = await this.#pin(located, (record) => this.#headOf(record));
    if (!meta || !place) return undefined;
    return peekedOf(meta, place.bodyBytes);
  }

  /** The same by key. */
  async peekAt(key: string): Promise<Peeked | undefined> {
    const located = this.#on ? this.#shelf.index.get(hashOf(key)) : undefined;
    const found = located && (await this.peek(located));
    return (found?.answer ?? found?.marker)?.key === key ? found : undefined;
  }

  /** Whether what waits to be written, or has been read, still stands. */
  #isAllowed(located: Located, entry: LastingEntry): boolean {
    // Memory has held it against them, perhaps when what is being written of it had been made up already.
    if (entry.checked === this.#bans.sequence) return this.#stands(located, staleFrom(located, entry));
    const ruling = this.#bans.judge(entry);
    if (ruling === 'gone') {
      this.#remove(located);
      return false;
    }
    entry.checked = this.#bans.sequence;
    if (ruling === 'stands' || entry.kind === 'vary') return this.#stands(located);
    entry.expire(ruling.staleFromMs);
    return this.#stands(located, entry.freshUntilMs);
  }

  /** A head as it is after all bans; undefined when one of them takes it away. */
  #allowed(located: Located, meta: Meta): Meta | undefined {
    const checked = Math.max(located.checked, meta.checked ?? 0);
    const held = { ...meta, checked: this.#bans.sequence };
    if (checked === this.#bans.sequence) return held;
    const tags = meta.kind === 'object' ? tagsOf(meta.fields) : [];
    const ruling = this.#bans.judge({ key: meta.key, tags, checked });
    if (ruling === 'gone') {
      this.#remove(located);
      return undefined;
    }
    if (ruling === 'stands' || held.kind === 'vary') {
      this.#stands(located);
      return held;
    }
    const aged = agedFrom(held, ruling.staleFromMs);
    this.#stands(located, freshUntil(aged));
    return aged;
  }

  /** Held against every ban; where a soft one covered it, its record says from when it is stale. */
  #stands(located: Located, staleFromMs?: number): true {
    located.checked = this.#bans.sequence;
    if (staleFromMs === undefined) return true;
    located.staleFromMs = staleFromMs;
    if (located.place) this.#mark(located.place, { staleFromMs });
    return true;
  }

  // Reading

  async #find(
    located: Located,
    key: string,
    { nowMs, whole }: { nowMs: number; whole: boolean },
  ): Promise<LastingEntry | DiskObject | undefined> {
    const { memory } = this.#options;
    if (located.waiting) return this.#lifted(located, located.waiting, key);
    const under = this.#lifting.get(located);
    if (under) return under;
    const bodyBytes = located.place?.bodyBytes ?? 0;
    const mayLift = bodyBytes <= memory.largestObjectBytes;
    const wants = whole || located.uses > 1 || bodyBytes <= SMALL_BYTES || memory.freeBytes > bodyBytes * 2;
    if (mayLift && wants && memory.reserve(bodyBytes)) return this.#lift(located, key, bodyBytes);
    const object = await this.#pin(located, (record) => this.#open(record, key));
    if (!object || object.isFresh(nowMs)) return object;
    // What must be asked about may be confirmed, and is then needed whole.
    object.close();
    return mayLift && memory.reserve(bodyBytes) ? this.#lift(located, key, bodyBytes) : undefined;
  }

  async #open(record: Pinned, key: string): Promise<DiskObject | undefined> {
    const meta = await this.#readMeta(record, key);
    if (meta?.kind !== 'object') return undefined;
    const { place, body: segment, located } = record;
    const onDamage = () => this.#damaged(located);
    return new DiskObject(
      { key, head: headOf(meta), age: meta },
      { bodyBytes: place.bodyBytes, offset: place.bodyOffset, slices: meta.slices, segment, onDamage },
    );
  }

  /** One reading for all who ask meanwhile. The room for it has been set aside, and is given back here. */
  #lift(located: Located, key: string, reservedBytes: number): Promise<LastingEntry | undefined> {
    const reading = this.#pin(located, (record) => this.#readWhole(record, key)).finally(() => {
      this.#options.memory.release(reservedBytes);
      this.#lifting.delete(located);
    });
    const lifting = reading.then((entry) => entry && this.#lifted(located, entry, key));
    this.#lifting.set(located, lifting);
    return lifting;
  }

  async #readWhole(record: Pinned, key: string): Promise<LastingEntry | undefined> {
    const meta = await this.#readMeta(record, key);
    if (meta?.kind !== 'object') return meta && markerOf(meta);
    const bytes = await this.#readBody(record, meta);
    if (!bytes) {
      this.#damaged(record.located);
      return undefined;
    }
    this.#bodies.set(bytes, record.located);
    return new CachedObject(meta.key, headOf(meta), bytes, meta);
  }

  /** What was deleted, replaced or banned while it was read must not come back into memory. */
  #lifted(located: Located, entry: LastingEntry, key: string): LastingEntry | undefined {
    if (!this.#shelf.isCurrent(located) || entry.key !== key || !this.#isAllowed(located, entry)) return undefined;
    located.held = this.#options.memory.lift(entry);
    return entry;
  }

  /** Holds the files of a record while it is read: a segment that is given up meanwhile stays readable. */
  async #pin<T>(located: Located, use: (record: Pinned) => Promise<T>): Promise<T | undefined> {
    const { place } = located;
    const head = place && this.#shelf.segmentOf(place.segment);
    const body = place && this.#shelf.segmentOf(place.bodySegment);
    if (!place || !head || !body) return undefined;
    head.hold();
    body.hold();
    try {
      return await use({ located, place, head, body });
    } finally {
      head.letGo();
      body.letGo();
    }
  }

  /** What the record says; undefined for another key of the same hash, and for what is not what was written. */
  async #readMeta(record: Pinned, key: string): Promise<Meta | undefined> {
    const meta = await this.#headOf(record);
    return meta?.key === key ? meta : undefined;
  }

  /** What the record says, where no ban covers it. */
  async #headOf({ located, place, head }: Pinned): Promise<Meta | undefined> {
    const bytes = Buffer.allocUnsafe(place.headBytes);
    const meta = (await head.read(bytes, place.offset)) ? readHead(bytes, place) : undefined;
    if (meta === 'gone') this.#shelf.forget(located);
    else if (!meta) this.#damaged(located);
    if (!meta || meta === 'gone') return undefined;
    return this.#allowed(located, meta);
  }

  async #readBody({ place, body }: Pinned, { slices }: ObjectMeta): Promise<Buffer | undefined> {
    const bytes = Buffer.allocUnsafeSlow(place.bodyBytes);
    const whole = (await body.read(bytes, place.bodyOffset)) && isWholeBody(bytes, slices);
    return whole ? bytes : undefined;
  }

  #countHit(found: LastingEntry | DiskObject): void {
    this.counts.hits += 1;
    if (found.kind !== 'vary') this.counts.hitBytes += found.bodyBytes;
  }

  #damaged(located: Located): void {
    if (!this.#shelf.isCurrent(located)) return;
    this.counts.damaged += 1;
    this.#remove(located);
  }

  // Writing

  #write(): void {
    this.#writing ??= this.#writeQueue().finally(() => {
      this.#writing = undefined;
      if (this.#queue.length > 0) this.#write();
    });
  }

  async #writeQueue(): Promise<void> {
    // What is stored in one turn goes out in one piece.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      this.#batch = this.#writeBatch(batch).catch((cause) => this.#rest(cause, batch));
      await this.#batch;
    }
  }

  #nextBatch(): Located[] {
    const batch: Located[] = [];
    const most = Math.min(BATCH_BYTES, this.#shelf.segmentBytes);
    let bytes = 0;
    for (const located of this.#queue) {
      bytes += located.waiting?.sizeBytes ?? 0;
      if (batch.length > 0 && bytes > most) break;
      batch.push(located);
    }
    this.#queue = this.#queue.slice(batch.length);
    this.#countQueue();
    return batch;
  }

  async #writeBatch(batch: readonly Located[]): Promise<void> {
    const bytes = batch.reduce((sum, { waiting }) => sum + (waiting?.sizeBytes ?? 0), 0);
    const segment = this.#shelf.roomFor(bytes) ?? (await this.#nextSegment());
    const drafts = batch.flatMap((located) => (located.cancelled ? [] : (this.#draft(located) ?? [])));
    if (drafts.length === 0) return;
    const from = segment.sizeBytes;
    const places = await this.#shelf.write(drafts, segment);
    for (const [at, place] of places.entries()) this.#written(drafts[at]?.located, place);
    this.counts.written += places.length;
    this.counts.writtenBytes += segment.sizeBytes - from;
    this.#recovered();
  }

  /** A renewed head whose body lies on disk already goes without it. */
  #draft(located: Located): Draft | undefined {
    const { waiting: entry, before } = located;
    if (!entry) return undefined;
    if (entry.kind === 'vary') {
      const { key, names, generation, checked } = entry;
      const meta = { kind: 'vary' as const, key, names, generation, checked };
      return { located, meta, body: Buffer.alloc(0), bodyAt: undefined };
    }
    const known = this.#bodies.get(entry.body) === before ? before?.place : undefined;
    const bodyAt = known && this.#shelf.segmentOf(known.bodySegment) ? known : undefined;
    return { located, meta: metaOf(entry), body: bodyAt ? undefined : entry.body, bodyAt };
  }

  #written(located: Located | undefined, place: Place): void {
    if (!located) return;
    const { waiting, staleFromMs } = located;
    located.place = place;
    located.segment = this.#shelf.segmentOf(place.bodySegment);
    located.waiting = located.before = undefined;
    if (located.cancelled) {
      this.#mark(place, 'gone');
      return;
    }
    if (staleFromMs !== undefined) this.#mark(place, { staleFromMs });
    located.segment?.entries.add(located);
    if (waiting?.kind === 'object') this.#bodies.set(waiting.body, located);
  }

  /** The segment after the newest, at the cost of the oldest ones. What was asked for in those moves on first. */
  async #nextSegment(): Promise<Segment<Located>> {
    await this.#shelf.seal();
    const newest = await this.#shelf.open();
    let leftBytes = this.#shelf.segmentBytes * MOVING_SHARE;
    for (let oldest = this.#shelf.surplus; oldest; oldest = this.#shelf.surplus) {
      for (const located of [...oldest.entries]) {
        const bytes = (located.place?.headBytes ?? 0) + (located.place?.bodyBytes ?? 0);
        if ((located.uses === 0 && !located.held) || bytes > leftBytes) continue;
        leftBytes -= bytes;
        // A disk that has no room for it needs the oldest to go all the more.
        await this.#pin(located, (record) => this.#move(record, newest)).catch(() => {});
      }
      this.counts.evicted += oldest.entries.size;
      await this.#shelf.giveUp(oldest);
    }
    return newest;
  }

  async #move(record: Pinned, to: Segment<Located>): Promise<void> {
    const { located, place, head } = record;
    const bytes = Buffer.allocUnsafe(place.headBytes);
    const meta = (await head.read(bytes, place.offset)) ? readHead(bytes, place) : undefined;
    if (!meta || meta === 'gone') return;
    const body = meta.kind === 'object' ? await this.#readBody(record, meta) : Buffer.alloc(0);
    if (!body || !this.#shelf.isCurrent(located)) return;
    const [moved] = await this.#shelf.write([{ located, meta, body, bodyAt: undefined }], to);
    if (!moved) return;
    // Stored anew, or deleted, while it moved.
    if (!this.#shelf.isCurrent(located)) return this.#mark(moved, 'gone');
    if (located.staleFromMs !== undefined) this.#mark(moved, { staleFromMs: located.staleFromMs });
    located.segment?.entries.delete(located);
    located.place = moved;
    located.segment = to;
    located.uses = 0;
    to.entries.add(located);
  }

  /** What will not be written. The record it would have replaced is older than what viewers have been given. */
  #giveUp(located: Located): void {
    this.counts.dropped += 1;
    located.waiting = undefined;
    located.cancelled = true;
    this.#shelf.forget(located);
    const { before } = located;
    if (before?.place) this.#shelf.markGoneLater(before.place);
  }

  /** Another takes the place of this one; the record on disk that it leaves behind, if there is any. */
  #cancel(replaced: Located): Located | undefined {
    this.#shelf.forget(replaced);
    if (!replaced.waiting) return replaced;
    this.#unqueue(replaced);
    return replaced.before;
  }

  #unqueue(located: Located): void {
    located.cancelled = true;
    this.#queue = this.#queue.filter((each) => each !== located);
    this.#countQueue();
  }

  #countQueue(): void {
    this.#queuedBytes = this.#queue.reduce((sum, { waiting }) => sum + (waiting?.sizeBytes ?? 0), 0);
  }

  #remove(located: Located): void {
    this.#shelf.forget(located);
    this.#unqueue(located);
    if (located.place) this.#mark(located.place, 'gone');
    if (located.before?.place) this.#mark(located.before.place, 'gone');
  }

  #mark(place: Place, mark: Mark): void {
    try {
      this.#shelf.mark(place, mark);
    } catch (cause) {
      this.#ail(cause, 'the disk cache cannot be written and gives up a part');
    }
  }

  // Illness

  async #rest(cause: unknown, batch: readonly Located[]): Promise<void> {
    this.#noWriting.begin(this.#options.clock.now());
    this.#ail(cause, 'the disk cache cannot be written and rests');
    const waiting = [...batch, ...this.#queue];
    this.#queue = [];
    this.#countQueue();
    for (const located of waiting) if (located.waiting) this.#giveUp(located);
    await this.#shelf.seal().catch(() => {});
  }

  /** Once an outage, not once an object. */
  #ail(cause: unknown, says: string): void {
    const { log, folder } = this.#options;
    if (!this.#ailing) log.warn({ folder, err: cause }, says);
    this.#ailing = true;
  }

  #recovered(): void {
    const { log, folder } = this.#options;
    if (this.#ailing) log.info({ folder }, 'the disk cache is written again');
    this.#ailing = false;
  }
}

/** From when one that waits to be written is stale, where it has been held against bans that its record knows nothing of. */
function staleFrom({ waiting, checked }: Located, entry: LastingEntry): number | undefined {
  return waiting?.kind === 'object' && checked !== entry.checked ? waiting.freshUntilMs : undefined;
}
