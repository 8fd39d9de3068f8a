import { lasts } from '../../kernel/clock.ts';
import { strongTag } from '../../kernel/http/conditional.ts';
import { type ByteRange, writeContentRange } from '../../kernel/http/range.ts';
import { type Age, agedFrom, CachedObject, CLOCK_SLACK_MS, freshUntil } from './cached-object.ts';
import type { Representation } from './representation.ts';

/** What it costs beside its bytes. */
const OVERHEAD_BYTES = 1_024;

/** Consecutive bytes of a body, from `start` on. */
interface Piece {
  readonly start: number;
  readonly bytes: Buffer;
}

/** The first bytes of a body of which the rest is missing. */
export interface Beginning {
  readonly bytes: Buffer;
  readonly tag: string;
  readonly totalBytes: number;
  readonly head: Representation;
}

const endOf = ({ start, bytes }: Piece) => start + bytes.length;

/**
 * Parts of one state of a body: what stands at a resource's key while no whole answer does. Pieces lie in order and do
 * not overlap. Like a whole object's its bytes never change: a new part makes a new one, which shares the bytes of the old.
 */
export class PartialObject {
  readonly kind = 'parts';
  readonly key: string;
  /** Of the latest part, without what tells its place. */
  readonly head: Representation;
  readonly totalBytes: number;
  age: Age;
  freshUntilMs: number;
  /** The number of the last ban that it was held against. */
  checked: number;
  readonly sizeBytes: number;
  readonly opens = false;
  readonly #pieces: readonly Piece[];

  constructor(key: string, head: Representation, age: Age, totalBytes: number, pieces: readonly Piece[]) {
    this.key = key;
    this.head = head;
    this.age = age;
    this.totalBytes = totalBytes;
    this.freshUntilMs = freshUntil(age);
    this.checked = age.checked ?? 0;
    this.#pieces = pieces;
    const textBytes = head.fields.reduce((sum, text) => sum + text.length, key.length);
    this.sizeBytes = OVERHEAD_BYTES + textBytes + this.heldBytes;
  }

  get heldBytes(): number {
    return this.#pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  get tags(): readonly string[] {
    return this.head.tags;
  }

  /** An operator had it asked about again from this moment on. */
  expire(staleFromMs: number): void {
    this.age = agedFrom(this.age, staleFromMs);
    this.freshUntilMs = freshUntil(this.age);
  }

  isFresh(nowMs: number): boolean {
    return lasts(this.freshUntilMs, this.age.lifetime.freshSeconds * 1000 + CLOCK_SLACK_MS, nowMs);
  }

  /** The answer to who asks for a range; undefined when something of it is missing. */
  answerTo(range: ByteRange | 'whole' | 'unsatisfiable'): CachedObject | undefined {
    const bytes = typeof range === 'string' ? undefined : this.bytesOf(range);
    if (!bytes || typeof range === 'string') return undefined;
    const head = this.head.restated(206, ['Content-Range', writeContentRange(range, this.totalBytes)]);
    return new CachedObject(this.key, head, bytes, this.age);
  }

  /** All there is from the beginning on, where it is sure to which state of the body it belongs. */
  beginning(): Beginning | undefined {
    const [first, second] = this.#pieces;
    const tag = strongTag(this.head.etag);
    if (tag === undefined || first?.start !== 0 || second?.start === endOf(first)) return undefined;
    return { bytes: first.bytes, tag, totalBytes: this.totalBytes, head: this.head };
  }

  /** The bytes of a range; undefined when some are missing. */
  bytesOf({ start, end }: ByteRange): Buffer | undefined {
    const found: Buffer[] = [];
    let at = start;
    for (const piece of this.#pieces) {
      if (piece.start > at || at >= end) break;
      if (endOf(piece) <= at) continue;
      const slice = piece.bytes.subarray(at - piece.start, Math.min(end, endOf(piece)) - piece.start);
      found.push(slice);
      at += slice.length;
    }
    if (at < end) return undefined;
    return found.length === 1 ? found[0] : Buffer.concat(found);
  }

  /**
   * This and a newer part of the same state of the body. What is held already is not held twice; the newer part's fields
   * count. RFC 9111 section 3.4.
   */
  joinedBy(newer: PartialObject): PartialObject {
    const pieces: Piece[] = [...newer.#pieces];
    for (const piece of this.#pieces) pieces.push(...outside(piece, newer.#pieces));
    pieces.sort((one, other) => one.start - other.start);
    return new PartialObject(this.key, newer.head, newer.age, this.totalBytes, pieces);
  }

  /** The whole object, when nothing is missing any more. */
  whole(): CachedObject | undefined {
    if (this.heldBytes < this.totalBytes) return undefined;
    const bytes = this.bytesOf({ start: 0, end: this.totalBytes });
    return bytes && new CachedObject(this.key, this.head.restated(200, []), bytes, this.age);
  }
}

/** What of a piece lies outside of others. Copied, since a view would keep all of the old piece's memory. */
function outside(piece: Piece, others: readonly Piece[]): Piece[] {
  let rest = [piece];
  for (const other of others) rest = rest.flatMap((each) => without(each, other));
  return rest.map((each) => (each === piece ? each : { start: each.start, bytes: Buffer.from(each.bytes) }));
}

function without(piece: Piece, other: Piece): Piece[] {
  if (other.start >= endOf(piece) || endOf(other) <= piece.start) return [piece];
  const before = { start: piece.start, bytes: piece.bytes.subarray(0, Math.max(0, other.start - piece.start)) };
  const from = Math.min(piece.bytes.length, Math.max(0, endOf(other) - piece.start));
  const after = { start: piece.start + from, bytes: piece.bytes.subarray(from) };
  return [before, after].filter(({ bytes }) => bytes.length > 0);
}
