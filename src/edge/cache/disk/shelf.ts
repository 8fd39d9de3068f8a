import type { LastingEntry } from '../memory-tier.ts';
import {
  type BodyPlace,
  type KnownPlace,
  type Mark,
  type Meta,
  type Place,
  placeOf,
  writeMeta,
  writePrefix,
} from './record.ts';
import { Segment } from './segment.ts';

/** What the index says of one entry. It waits in memory until it has a place. */
export class Located {
  readonly hash: string;
  place: Place | undefined;
  /** Where its body lies. */
  segment: Segment<Located> | undefined;
  waiting: LastingEntry | undefined;
  /** The record on disk that this one makes worthless once it is written. */
  before: Located | undefined;
  /** Asked for since it was written. */
  uses = 0;
  /** In memory as well. */
  held = false;
  /** Deleted or replaced while it was on its way. */
  cancelled = false;
  /** The number of the last ban that it was held against; what its record says when that is more. */
  checked = 0;
  /** Made stale by an operator since it was handed over to be written. */
  staleFromMs: number | undefined;

  constructor(hash: string) {
    this.hash = hash;
  }
}

/** What is to be written of one entry; without a body when an older record has it. */
export interface Draft {
  readonly located: Located;
  readonly meta: Meta;
  readonly body: Buffer | undefined;
  readonly bodyAt: BodyPlace | undefined;
}

/** Parts of the limit: what is given up at once must be little, and a file for each object would be many. */
const SEGMENTS = 32;
/** The newest segment, half of one that moves before the oldest goes, and the places beside them. */
const GROWING = 1.6;
const LARGEST_SEGMENT_BYTES = 1_073_741_824;

/**
 * The segment files of a folder and the index of what lies in them. Records are only ever added to the newest segment, and
 * the oldest is given up as a whole: so a record never outlives the mark that an older one of its key is gone.
 */
export class Shelf {
  readonly index = new Map<string, Located>();
  readonly segmentBytes: number;
  readonly #folder: string;
  readonly #limitBytes: number;
  /** Oldest first. */
  #segments: Segment<Located>[] = [];
  /** The one that is written to, if any is. */
  #current: Segment<Located> | undefined;
  /** Given up, with the file still to be taken away. */
  readonly #dropping = new Set<Promise<void>>();
  #nextNumber = 1;
  #sequence = 1;

  constructor(folder: string, limitBytes: number) {
    this.#folder = folder;
    this.#limitBytes = limitBytes;
    this.segmentBytes = Math.min(Math.floor(limitBytes / SEGMENTS), LARGEST_SEGMENT_BYTES);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { footprintBytes }) => sum + footprintBytes, 0);
  }

  segmentOf(number: number): Segment<Located> | undefined {
    return this.#segments.findLast((each) => each.number === number);
  }

  /** Whether this is still what the index says of its key. */
  isCurrent(located: Located): boolean {
    return this.index.get(located.hash) === located;
  }

  /** @param checked the number of a ban that everything there has been held against */
  async takeOver(numbers: readonly number[], checked: number): Promise<void> {
    for (const number of numbers) {
      const segment = await Segment.reopen<Located>(this.#folder, number);
      this.#segments.push(segment);
      this.#nextNumber = number + 1;
      for (const place of await segment.places()) this.#know(place, segment, checked);
    }
    while (this.bytes > this.#limitBytes && this.#segments[0]) await this.giveUp(this.#segments[0]);
  }

  /** Room for so many bytes in the newest segment: itself, or undefined when there must be another. */
  roomFor(bytes: number): Segment<Located> | undefined {
    return this.#current && this.#current.sizeBytes + bytes <= this.segmentBytes ? this.#current : undefined;
  }

  /** The oldest segment, where there is not room for the newest to become full and for what moves into it meanwhile. */
  get surplus(): Segment<Located> | undefined {
    const [oldest] = this.#segments;
    const sealedBytes = this.bytes - (this.#current?.footprintBytes ?? 0);
    const isFull = sealedBytes + this.segmentBytes * GROWING > this.#limitBytes;
    return isFull && oldest !== this.#current ? oldest : undefined;
  }

  async open(): Promise<Segment<Located>> {
    const segment = await Segment.create<Located>(this.#folder, this.#nextNumber++);
    this.#segments.push(segment);
    this.#current = segment;
    return segment;
  }

  /** Ends the newest segment. */
  async seal(): Promise<void> {
    const full = this.#current;
    this.#current = undefined;
    if (!full) return;
    if (full.sizeBytes > 0) return full.seal();
    this.#segments = this.#segments.filter((each) => each !== full);
    await full.drop();
  }

  /** Takes a segment off the shelf; what lies in it is found no longer. */
  async giveUp(segment: Segment<Located>): Promise<void> {
    for (const located of segment.entries) if (this.isCurrent(located)) this.index.delete(located.hash);
    this.#segments = this.#segments.filter((each) => each !== segment);
    if (this.#current === segment) this.#current = undefined;
    const dropping = segment.drop().finally(() => this.#dropping.delete(dropping));
    this.#dropping.add(dropping);
    await dropping;
  }

  /** Appends records and tells where they are. */
  async write(drafts: readonly Draft[], segment: Segment<Located>): Promise<Place[]> {
    const buffers: Buffer[] = [];
    const places: Place[] = [];
    let offset = segment.sizeBytes;
    for (const { located, meta, body, bodyAt } of drafts) {
      const text = writeMeta(meta);
      const at = { hash: located.hash, sequence: this.#sequence++, segment: segment.number, offset };
      const bodyBytes = body?.length ?? located.before?.place?.bodyBytes ?? 0;
      const place = placeOf(at, { text, bodyBytes, body: bodyAt });
      buffers.push(writePrefix(place), text, ...(body && body.length > 0 ? [body] : []));
      offset += place.headBytes + (body?.length ?? 0);
      places.push(place);
    }
    try {
      await segment.append(buffers, places);
    } catch (cause) {
      if (segment.isSpoilt) await this.giveUpThrough(segment);
      throw cause;
    }
    return places;
  }

  /** Takes an entry out of the index; its record stays. */
  forget(located: Located): void {
    if (this.isCurrent(located)) this.index.delete(located.hash);
    located.segment?.entries.delete(located);
  }

  /** The same for a segment and all that are older: what it had made worthless there must not come back with the next start. */
  async giveUpThrough(last: Segment<Located>): Promise<void> {
    await Promise.all(this.#segments.filter(({ number }) => number <= last.number).map((each) => this.giveUp(each)));
  }

  /** Says later, in the record itself, that it is gone. */
  markGoneLater(place: Place): void {
    const segment = this.segmentOf(place.segment);
    segment?.markGoneLater(place, () => void this.giveUpThrough(segment).catch(() => {}));
  }

  /** Says in the record itself what has become of it. Where even that fails, everything up to there goes. */
  mark(place: Place, mark: Mark): void {
    const segment = this.segmentOf(place.segment);
    if (!segment) return;
    try {
      segment.mark(place, mark);
    } catch (cause) {
      void this.giveUpThrough(segment).catch(() => {});
      throw cause;
    }
  }

  /** Resolves when all that was written and marked outlives a power cut. */
  async sync(): Promise<void> {
    for (const segment of [...this.#segments]) await segment.sync();
  }

  async close(): Promise<void> {
    await this.seal().catch(() => {});
    await Promise.allSettled(this.#dropping);
    await Promise.all(this.#segments.map((segment) => segment.close()));
    this.#segments = [];
    this.index.clear();
  }

  #know(place: KnownPlace, own: Segment<Located>, checked: number): void {
    this.#sequence = Math.max(this.#sequence, place.sequence + 1);
    const before = this.index.get(place.hash);
    if (before?.place && before.place.sequence > place.sequence) return;
    if (before) this.forget(before);
    const segment = place.bodySegment === own.number ? own : this.segmentOf(place.bodySegment);
    if (place.gone || !segment) return;
    const located = new Located(place.hash);
    located.place = place;
    located.checked = checked;
    located.segment = segment;
    segment.entries.add(located);
    this.index.set(place.hash, located);
  }
}
