import { Fault } from '../../kernel/errors.ts';
import type { Coding } from '../../kernel/http/coding.ts';
import type { Admission } from './admission.ts';
import type { CachedObject } from './cached-object.ts';
import { CodedBody, Codings } from './codings.ts';
import { Compressor, compressNow } from './compressor.ts';
import { type Answer, Fill, type FillOwner, type FillReader } from './fill.ts';
import type { MemoryTier } from './memory-tier.ts';
import type { Representation } from './representation.ts';

/**
 * Bodies on their way into a coding, and everybody who reads them there. One of these is a fill whose origin is a
 * compressor: what is true of fills (each reader at its own speed, a bounded window where nothing is kept, an end that is
 * whole or none) is true of it. Whoever wants a coding that is being made follows; when as many are made as may be, the
 * answer goes out as it is.
 */
export interface Uncoded {
  /** Whole, or still arriving. */
  readonly from: Buffer | Fill;
  readonly head: Representation;
  /** Takes the coded body in. Called once, when it is whole. */
  keep(coding: Coding, body: Buffer): void;
}

/** Each holds about a megabyte beside what it has made; four threads work on all of them. */
const MAX_RUNNING = 32;
/** Takes about a millisecond. */
const MAX_AT_ONCE_BYTES = 65_536;

/** Of one coding, counted since the start. */
export interface CompressionCounts {
  done: number;
  /** Bytes of bodies as they are, and as they became. */
  takenBytes: number;
  madeBytes: number;
}

export class Compressions {
  readonly counts: Readonly<Record<Coding, CompressionCounts>>;
  /** Answers that went out as they are because too many were being made. */
  refused = 0;
  readonly #tier: MemoryTier;
  readonly #running = new Set<Compression>();

  constructor(tier: MemoryTier) {
    this.#tier = tier;
    const none = (): CompressionCounts => ({ done: 0, takenBytes: 0, madeBytes: 0 });
    this.counts = { br: none(), zstd: none(), gzip: none() };
  }

  /** Under way. */
  get size(): number {
    return this.#running.size;
  }

  /** A reader of the body in a coding; undefined when it has to go out as it is. */
  read(uncoded: Uncoded, coding: Coding): FillReader | undefined {
    for (const each of this.#running) if (each.isOf(uncoded.from, coding)) return each.fill.join();
    if (this.#running.size >= MAX_RUNNING) {
      this.refused += 1;
      return undefined;
    }
    const compression = new Compression(uncoded, coding, this.#tier, () => this.#ended(compression));
    this.#running.add(compression);
    return compression.start();
  }

  /**
   * A stored object's coded body at once, for those who all want it in this very moment; undefined for what is too large to
   * hold everybody else up, and for what is not stored any more.
   */
  codeNow(object: CachedObject, coding: Coding): CodedBody | undefined {
    if (object.body.length > MAX_AT_ONCE_BYTES || this.#tier.standingFor(object) !== object) return undefined;
    const body = compressNow(coding, object.body);
    this.#keep(object, coding, body);
    this.#count(coding, object.body.length, body.length);
    return object.codings?.get(coding);
  }

  /** A stored object to be read from here; what becomes of it is kept beside it. */
  ofObject(object: CachedObject): Uncoded {
    const { body: from, head } = object;
    return { from, head, keep: (coding, body) => this.#keep(object, coding, body) };
  }

  /** A fill that is kept: by the time all of it is coded, it has become an object. */
  ofFill(from: Fill, head: Representation): Uncoded {
    return { from, head, keep: (coding, body) => from.object && this.#keep(from.object, coding, body) };
  }

  /** A revalidated copy has the body of the one before, and so its codings. */
  handOn(from: CachedObject, to: CachedObject): void {
    const codings = from.codings?.copy();
    if (!codings) return;
    this.#tier.grow(to, codings.sizeBytes, () => {
      to.codings = codings;
    });
  }

  abandonAll(): void {
    for (const { fill } of [...this.#running]) fill.abandon();
  }

  /** Whatever stands for the object by now gets it. */
  #keep(object: CachedObject, coding: Coding, body: Buffer): void {
    const standing = this.#tier.standingFor(object);
    if (!standing || standing.codings?.get(coding)) return;
    const coded = CodedBody.of(body, object.body);
    this.#tier.grow(standing, coded.sizeBytes, () => {
      standing.codings ??= new Codings();
      standing.codings.add(coding, coded);
    });
  }

  #ended(compression: Compression): void {
    this.#running.delete(compression);
    const { fill, coding, takenBytes } = compression;
    if (fill.state !== 'complete') return;
    this.#count(coding, takenBytes, fill.receivedBytes);
  }

  #count(coding: Coding, takenBytes: number, madeBytes: number): void {
    const counts = this.counts[coding];
    counts.done += 1;
    counts.takenBytes += takenBytes;
    counts.madeBytes += madeBytes;
  }
}

const KEPT: Admission = {
  keep: true,
  shared: true,
  reason: undefined,
  lifetime: { freshSeconds: 0, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 },
  varyNames: [],
  unkeptFields: [],
};

/** One body on its way into one coding. */
class Compression implements FillOwner {
  readonly coding: Coding;
  readonly fill: Fill;
  readonly #uncoded: Uncoded;
  readonly #tier: MemoryTier;
  readonly #onEnd: () => void;
  #compressor: Compressor | undefined;
  #reservedBytes = 0;

  constructor(uncoded: Uncoded, coding: Coding, tier: MemoryTier, onEnd: () => void) {
    this.#uncoded = uncoded;
    this.coding = coding;
    this.#tier = tier;
    this.#onEnd = onEnd;
    const { from } = uncoded;
    const traits = {
      ...{ key: '', startedAtMs: 0, bodiless: false, ahead: false },
      // What still arrives is worth coding while somebody reads it; what is stored is worth it for the next one.
      get background() {
        return Buffer.isBuffer(from) || from.object !== undefined;
      },
    };
    this.fill = new Fill(traits, this);
  }

  get takenBytes(): number {
    return this.#compressor?.takenBytes ?? 0;
  }

  start(): FillReader {
    const { fill } = this;
    const reader = fill.join();
    this.#compressor = new Compressor(this.coding, this.#uncoded.from, fill);
    fill.begin(this.#compressor);
    fill.head({ status: 200, fields: [] });
    this.#compressor.start();
    return reader;
  }

  /** Whether who wants this can still have it from its beginning. */
  isOf(from: Buffer | Fill, coding: Coding): boolean {
    const own = this.#uncoded.from;
    const isSame = own === from || (own instanceof Fill && own.object !== undefined && own.object.body === from);
    return coding === this.coding && isSame && this.fill.kept;
  }

  // As the owner of its fill

  judge(): Answer {
    const { head } = this.#uncoded;
    return { head, sharedHead: head, admission: KEPT, declaredBytes: undefined, bornAtMs: 0, variant: '' };
  }

  askAgain(): never {
    throw new Fault('INTERNAL', { detail: { step: 'asking a compressor again' } });
  }

  reserve(_fill: Fill, bytes: number): boolean {
    if (this.#reservedBytes + bytes > this.#tier.largestObjectBytes || !this.#tier.reserve(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  unkept(): void {
    // Whoever asks from now on finds it by `kept`.
  }

  store(_fill: Fill, _answer: Answer, body: Buffer): undefined {
    this.#release();
    this.#uncoded.keep(this.coding, body);
  }

  ended(): void {
    this.#release();
    this.#onEnd();
  }

  #release(): void {
    this.#tier.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }
}
