import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { FieldList } from '../../../kernel/http/fields.ts';
import type { Lifetime } from '../../../kernel/http/freshness.ts';
import { agedFrom } from '../cached-object.ts';

/**
 * What one entry looks like on disk: a prefix of fixed size, what was said about the answer as JSON, and the body. The
 * prefix says where everything lies and is all that the index keeps; each part has a checksum, the body one a slice, so
 * that a part of it can be checked by itself. A record of a renewed head has no body of its own and names the older one.
 */
export const FORMAT = 1;
export const PREFIX_BYTES = 64;
/** The unit in which bodies are checked, read and sent. */
export const SLICE_BYTES = 131_072;
const MAGIC = 0x46524331;

/** Where an entry lies. Offsets and lengths are bytes within a segment file, below 4 GiB. */
export interface Place {
  /** Of the key, 16 bytes as Latin-1 text; the key itself is in the record. */
  readonly hash: string;
  /** Grows with every record: of two with one hash the larger counts. */
  readonly sequence: number;
  readonly segment: number;
  readonly offset: number;
  /** Prefix and JSON together. */
  readonly headBytes: number;
  readonly bodySegment: number;
  readonly bodyOffset: number;
  readonly bodyBytes: number;
  readonly headCrc: number;
}

/** What is said about an answer beside its body, or of a marker where its variants are. */
export type Meta = ObjectMeta | MarkerMeta;

export interface ObjectMeta {
  readonly kind: 'object';
  readonly key: string;
  readonly status: number;
  readonly fields: FieldList;
  readonly bornAtMs: number;
  readonly lifetime: Lifetime;
  /** The number of the last ban that it was held against when it was written. */
  readonly checked?: number;
  /** One checksum for each slice of the body. */
  readonly slices: readonly number[];
}

export interface MarkerMeta {
  readonly kind: 'vary';
  readonly key: string;
  readonly names: readonly string[];
  readonly generation: string;
  readonly checked?: number;
}

export function hashOf(key: string): string {
  return hash('sha1', key, 'binary').slice(0, 16);
}

/** Slices of a body of so many bytes. */
export function sliceCount(bodyBytes: number): number {
  return Math.ceil(bodyBytes / SLICE_BYTES);
}

export function sliceSums(body: Buffer): number[] {
  return Array.from({ length: sliceCount(body.length) }, (_, at) =>
    crc32(body.subarray(at * SLICE_BYTES, (at + 1) * SLICE_BYTES)),
  );
}

/** Whether the bytes are those of a slice; anything that is not has been changed since it was written. */
export function isSlice(bytes: Buffer, slices: readonly number[], at: number): boolean {
  return crc32(bytes) === slices[at];
}

export function isWholeBody(body: Buffer, slices: readonly number[]): boolean {
  return slices.length === sliceCount(body.length) && sliceSums(body).every((sum, at) => sum === slices[at]);
}

/** What is said about an answer, as it is written behind the prefix. */
export function writeMeta(meta: Meta): Buffer {
  return Buffer.from(JSON.stringify(meta));
}

/** The place of a record that is to be written at an offset; `body`: where an older record has it. */
export function placeOf(
  at: Pick<Place, 'hash' | 'sequence' | 'segment' | 'offset'>,
  { text, bodyBytes, body }: { text: Buffer; bodyBytes: number; body?: BodyPlace | undefined },
): Place {
  const headBytes = PREFIX_BYTES + text.length;
  const { bodySegment, bodyOffset } = body ?? { bodySegment: at.segment, bodyOffset: at.offset + headBytes };
  return { ...at, headBytes, headCrc: crc32(text), bodySegment, bodyOffset, bodyBytes };
}

export type BodyPlace = Pick<Place, 'bodySegment' | 'bodyOffset'>;

/** A place as an index has it: of a deleted entry the record says so. */
export type KnownPlace = Place & { readonly gone: boolean };

/** What has become of an entry since it was written, written over the prefix of its record. */
export type Mark = 'gone' | { readonly staleFromMs: number };

/** A mark as a number; any other is the second of the epoch from which the entry is stale. */
const UNMARKED = 0;
const GONE = 1;

function markNumber(mark: Mark | undefined): number {
  if (mark === undefined) return UNMARKED;
  return mark === 'gone' ? GONE : Math.max(GONE + 1, Math.floor(mark.staleFromMs / 1000));
}

export function writePrefix(place: Place, mark?: Mark): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(MAGIC, 0);
  prefix.writeUInt32LE(place.headBytes, 4);
  prefix.writeDoubleLE(place.sequence, 8);
  prefix.write(place.hash, 16, 'latin1');
  prefix.writeUInt32LE(place.segment, 32);
  prefix.writeUInt32LE(place.offset, 36);
  prefix.writeUInt32LE(place.bodySegment, 40);
  prefix.writeUInt32LE(place.bodyOffset, 44);
  prefix.writeUInt32LE(place.bodyBytes, 48);
  prefix.writeUInt32LE(markNumber(mark), 52);
  prefix.writeUInt32LE(place.headCrc, 56);
  prefix.writeUInt32LE(crc32(prefix.subarray(0, PREFIX_BYTES - 4)), 60);
  return prefix;
}

/** Undefined when the bytes are no whole prefix. */
export function readPrefix(bytes: Buffer): KnownPlace | undefined {
  if (bytes.length < PREFIX_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const isWhole = crc32(bytes.subarray(0, PREFIX_BYTES - 4)) === bytes.readUInt32LE(60);
  return isWhole ? placeAt(bytes, 0) : undefined;
}

/** The place that a prefix tells, somewhere in bytes that have been checked as a whole. */
export function placeAt(bytes: Buffer, at: number): KnownPlace {
  return {
    headBytes: bytes.readUInt32LE(at + 4),
    sequence: bytes.readDoubleLE(at + 8),
    hash: bytes.toString('latin1', at + 16, at + 32),
    segment: bytes.readUInt32LE(at + 32),
    offset: bytes.readUInt32LE(at + 36),
    bodySegment: bytes.readUInt32LE(at + 40),
    bodyOffset: bytes.readUInt32LE(at + 44),
    bodyBytes: bytes.readUInt32LE(at + 48),
    gone: bytes.readUInt32LE(at + 52) === GONE,
    headCrc: bytes.readUInt32LE(at + 56),
  };
}

/** What a record says; `gone` when it was deleted, undefined when the bytes are not those written for this place. */
export function readHead(bytes: Buffer, place: Place): Meta | 'gone' | undefined {
  const prefix = readPrefix(bytes);
  if (!prefix || prefix.sequence !== place.sequence || prefix.hash !== place.hash) return undefined;
  if (prefix.gone) return 'gone';
  const text = bytes.subarray(PREFIX_BYTES, place.headBytes);
  if (crc32(text) !== place.headCrc) return undefined;
  const meta = JSON.parse(text.toString()) as Meta;
  const mark = bytes.readUInt32LE(52);
  return mark === UNMARKED || meta.kind !== 'object' ? meta : agedFrom(meta, mark * 1000);
}

/** Where the next record of a segment begins, behind one that has its body with it or names another. */
export function endOf(place: Place): number {
  const own = place.bodySegment === place.segment && place.bodyOffset === place.offset + place.headBytes;
  return place.offset + place.headBytes + (own ? place.bodyBytes : 0);
}
