import { type RtmpMessage, TYPE } from './message.ts';

/**
 * Puts messages together from chunks (Adobe's RTMP specification 1.0, section 5.3). A sender may begin a message on each
 * of 65,599 chunk streams and finish none, or promise 16 MB and send nothing: what is kept grows with what has arrived,
 * and is bounded over all of them.
 */
const DEFAULT_CHUNK_BYTES = 128;
/** A key frame of 2160p at 100 Mbit/s has about 2 MB. */
const LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Encoders use five or six. */
const MOST_STREAMS = 64;
/** What the timestamp's three bytes say when four more bytes hold it. */
const IS_EXTENDED = 0xffffff;
const NOTHING = new Uint8Array();

interface ChunkStream {
  timestampMs: number;
  deltaMs: number;
  /** What the last header had where the timestamp stands; with `IS_EXTENDED` four more bytes follow. */
  field: number;
  extended: number;
  length: number;
  type: number;
  streamId: number;
  held: Uint8Array;
  heldBytes: number;
}

interface OpenChunk {
  readonly stream: ChunkStream;
  missing: number;
}

export class ChunkReader {
  readonly #streams = new Map<number, ChunkStream>();
  #chunkBytes = DEFAULT_CHUNK_BYTES;
  #heldBytes = 0;
  /** The beginning of a header whose rest is still to come. */
  #left: Uint8Array = NOTHING;
  #open: OpenChunk | undefined;

  /**
   * Takes the next bytes; returns the messages that became complete. Changes of the chunk size, and messages that are
   * given up, are seen to here.
   * @throws RangeError when the bytes are no chunks, or more is promised than is ever kept.
   */
  push(bytes: Uint8Array): RtmpMessage[] {
    const all = this.#left.length > 0 ? joined(this.#left, bytes) : bytes;
    const messages: RtmpMessage[] = [];
    let at = 0;
    while (at < all.length) {
      const headerBytes = this.#open ? 0 : this.#openChunk(all, at);
      const chunk = this.#open;
      if (!chunk) break;
      at += headerBytes;
      at += this.#take(chunk, all, at);
      if (chunk.missing === 0) this.#close(chunk.stream, messages);
    }
    this.#left = at < all.length ? new Uint8Array(all.subarray(at)) : NOTHING;
    return messages;
  }

  /** Reads a chunk's header and opens it, unless some of the header is missing; returns how long the header is. */
  #openChunk(bytes: Uint8Array, start: number): number {
    const basic = readBasic(bytes, start);
    if (!basic) return 0;
    const { format, id } = basic;
    const stream = this.#streams.get(id);
    if (!stream && format !== 0) throw new RangeError('a chunk goes on with what never began');
    const read = readHeader(bytes, start + basic.sizeBytes, format, stream);
    if (!read) return 0;
    const next = stream ?? this.#newStream(id);
    const isFirst = next.heldBytes === 0;
    if (!isFirst && format !== 3) this.#drop(next);
    if (isFirst || format !== 3) advance(next, read.header, format);
    if (next.length > LARGEST_MESSAGE_BYTES) throw new RangeError(`a message of ${next.length} bytes`);
    const missing = Math.min(this.#chunkBytes, next.length - next.heldBytes);
    this.#open = { stream: next, missing };
    return basic.sizeBytes + read.sizeBytes;
  }

  #newStream(id: number): ChunkStream {
    if (this.#streams.size >= MOST_STREAMS) throw new RangeError('more chunk streams than an encoder has');
    const numbers = { timestampMs: 0, deltaMs: 0, field: 0, extended: 0, length: 0, type: 0, streamId: 0 };
    const stream = { ...numbers, held: NOTHING, heldBytes: 0 };
    this.#streams.set(id, stream);
    return stream;
  }

  /** Copies what is there of the chunk, since the bytes are a part of what the socket reads into. */
  #take(chunk: OpenChunk, bytes: Uint8Array, at: number): number {
    const { stream } = chunk;
    const size = Math.min(chunk.missing, bytes.length - at);
    if (size === 0) return 0;
    this.#heldBytes += size;
    if (this.#heldBytes > LARGEST_MESSAGE_BYTES) throw new RangeError('too much is begun and not finished');
    stream.held = withRoom(stream, stream.heldBytes + size);
    stream.held.set(bytes.subarray(at, at + size), stream.heldBytes);
    stream.heldBytes += size;
    chunk.missing -= size;
    return size;
  }

  #close(stream: ChunkStream, messages: RtmpMessage[]): void {
    this.#open = undefined;
    if (stream.heldBytes < stream.length) return;
    const { type, streamId, timestampMs } = stream;
    const payload = stream.held.subarray(0, stream.heldBytes);
    this.#drop(stream);
    if (type === TYPE.setChunkSize) this.#resize(payload);
    else if (type === TYPE.abort) this.#abort(payload);
    else messages.push({ type, streamId, timestampMs, payload });
  }

  #drop(stream: ChunkStream): void {
    this.#heldBytes -= stream.heldBytes;
    stream.held = NOTHING;
    stream.heldBytes = 0;
  }

  /** Section 5.4.1: the highest bit is 0, and so is no size. */
  #resize(payload: Uint8Array): void {
    const size = payload.length === 4 ? uint32(payload, 0) : 0;
    if (size < 1 || size > 0x7fffffff) throw new RangeError(`chunks of ${size} bytes`);
    this.#chunkBytes = size;
  }

  #abort(payload: Uint8Array): void {
    const stream = this.#streams.get(payload.length === 4 ? uint32(payload, 0) : -1);
    if (stream) this.#drop(stream);
  }
}

interface Header {
  readonly field: number;
  readonly extended: number;
  readonly length?: number;
  readonly type?: number;
  readonly streamId?: number;
}

/** Section 5.3.1.1; undefined while some of it is missing. */
function readBasic(bytes: Uint8Array, at: number) {
  const first = bytes[at] ?? 0;
  const small = first & 63;
  const sizeBytes = small === 0 ? 2 : small === 1 ? 3 : 1;
  if (at + sizeBytes > bytes.length) return undefined;
  const second = bytes[at + 1] ?? 0;
  const id = small === 0 ? 64 + second : small === 1 ? 64 + second + (bytes[at + 2] ?? 0) * 256 : small;
  return { format: first >> 6, id, sizeBytes };
}

const HEADER_BYTES = [11, 7, 3, 0] as const;

/** Section 5.3.1.2; undefined while some of it is missing. */
function readHeader(bytes: Uint8Array, at: number, format: number, before: ChunkStream | undefined) {
  const sizeBytes = HEADER_BYTES[format] ?? 0;
  if (at + sizeBytes > bytes.length) return undefined;
  const field = format < 3 ? uint24(bytes, at) : (before?.field ?? 0);
  const header = {
    field,
    ...(format < 2 ? { length: uint24(bytes, at + 3), type: bytes[at + 6] ?? 0 } : {}),
    ...(format === 0 ? { streamId: littleUint32(bytes, at + 7) } : {}),
  };
  if (field !== IS_EXTENDED) return { header: { ...header, extended: field }, sizeBytes };
  if (at + sizeBytes + 4 > bytes.length) return undefined;
  const extended = uint32(bytes, at + sizeBytes);
  // Some encoders repeat it in front of every chunk, as section 5.3.1.3 has it, and some do not.
  if (format === 3 && extended !== before?.extended) {
    return { header: { ...header, extended: before?.extended ?? 0 }, sizeBytes };
  }
  return { header: { ...header, extended }, sizeBytes: sizeBytes + 4 };
}

/** A new message begins: its clock, and what it has in common with the one before. */
function advance(stream: ChunkStream, header: Header, format: number): void {
  stream.timestampMs = format === 0 ? header.extended : (stream.timestampMs + header.extended) % 2 ** 32;
  stream.field = header.field;
  stream.extended = header.extended;
  stream.length = header.length ?? stream.length;
  stream.type = header.type ?? stream.type;
  stream.streamId = header.streamId ?? stream.streamId;
}

function withRoom(stream: ChunkStream, sizeBytes: number): Uint8Array {
  if (sizeBytes <= stream.held.length) return stream.held;
  const grown = new Uint8Array(Math.min(stream.length, Math.max(sizeBytes, stream.held.length * 2)));
  grown.set(stream.held.subarray(0, stream.heldBytes));
  return grown;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 2 ** 24 + uint24(bytes, at + 1);
}

function littleUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256 + (bytes[at + 2] ?? 0) * 65_536 + (bytes[at + 3] ?? 0) * 2 ** 24;
}
