/**
 * Boxes of the ISO base media file format (ISO/IEC 14496-12), read without trusting a single length in them: whatever
 * the bytes, reading ends, stays inside the buffer and throws nothing.
 */
export interface Box {
  /** Four characters, such as `moof`. */
  readonly type: string;
  /** Offset of the box's first byte in the buffer it was read from. */
  readonly start: number;
  /** Offset of the first byte after the header. */
  readonly bodyStart: number;
  /** Offset after its last byte; never beyond the buffer. */
  readonly end: number;
}

/** Size and type of the box whose header starts at `at`, or undefined while the header is not complete. */
export function readBoxHeader(
  bytes: Uint8Array,
  at: number,
): { type: string; headerBytes: number; sizeBytes: number } | undefined {
  if (at + 8 > bytes.length) return undefined;
  const view = viewOf(bytes);
  const size = view.getUint32(at);
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  if (size !== 1) return { type, headerBytes: 8, sizeBytes: size };
  if (at + 16 > bytes.length) return undefined;
  const large = view.getBigUint64(at + 8);
  return { type, headerBytes: 16, sizeBytes: Number(large) };
}

/** The boxes that lie in `[start, end)`, up to the first one that is cut off or lies about its size. */
export function* boxesIn(bytes: Uint8Array, start = 0, end = bytes.length): Generator<Box> {
  let at = start;
  while (at < end) {
    const header = readBoxHeader(bytes, at);
    if (!header) return;
    // Size 0 means "to the end", which only a last box may say.
    const size = header.sizeBytes === 0 ? end - at : header.sizeBytes;
    if (size < header.headerBytes || at + size > end) return;
    yield { type: header.type, start: at, bodyStart: at + header.headerBytes, end: at + size };
    at += size;
  }
}

/** The first box at a path of types, such as `moov`, `trak`, `mdia`. */
export function findBox(bytes: Uint8Array, path: readonly string[], start = 0, end = bytes.length): Box | undefined {
  const [type, ...below] = path;
  for (const box of boxesIn(bytes, start, end)) {
    if (box.type !== type) continue;
    if (below.length === 0) return box;
    const found = findBox(bytes, below, box.bodyStart, box.end);
    if (found) return found;
  }
  return undefined;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Reads big-endian numbers of one box in order; past its end every number is 0 and `cut` is true. */
export class BoxReader {
  readonly #view: DataView;
  readonly #end: number;
  #at: number;
  #cut = false;

  constructor(bytes: Uint8Array, box: Box) {
    this.#view = viewOf(bytes);
    this.#at = box.bodyStart;
    this.#end = box.end;
  }

  /** True once a number was asked for that the box does not hold. */
  get cut(): boolean {
    return this.#cut;
  }

  get at(): number {
    return this.#at;
  }

  get leftBytes(): number {
    return this.#end - this.#at;
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  u8(): number {
    const at = this.#take(1);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at === undefined ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at === undefined ? 0 : this.#view.getUint32(at);
  }

  u64(): bigint {
    const at = this.#take(8);
    return at === undefined ? 0n : this.#view.getBigUint64(at);
  }

  #take(bytes: number): number | undefined {
    if (this.#at + bytes > this.#end) {
      this.#cut = true;
      this.#at = this.#end;
      return undefined;
    }
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
