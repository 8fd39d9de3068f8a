/**
 * What a decoder needs to join a stream at its newest key frame: the container's head, and everything since. A backup's
 * bytes are kept this way, and the publisher's own for when its encoder dies.
 */
export interface SourceWindow {
  push(bytes: Uint8Array, nowMs: number): void;
  /** The head and all since the newest key frame. Goes on with the very next byte that is pushed. */
  replay(): Uint8Array[];
  /** When the first byte since the newest key frame came. */
  readonly beganAtMs: number | undefined;
  /** Keeps the head alone. */
  forget(): void;
}

/** Of any source: seconds at a rate that no live publisher has. What is longer begins anew wherever it may be cut. */
const MOST_BYTES = 12 * 1024 * 1024;
/** Of a container's head: sets of parameters, tables, tracks. */
const MOST_HEAD_BYTES = 1024 * 1024;

const NOTHING = new Uint8Array();

/** Finds the pieces of a container in its bytes. */
export interface PieceReader {
  /** How many bytes the piece at the beginning has, 0 while that is not known; `broken` where no piece begins. */
  measure(bytes: Uint8Array): number | 'broken';
  /** What a piece is to a decoder, from its first bytes. Called once for each, in order. */
  judge(piece: Uint8Array): PieceRole;
}

/** `head` replaces what had the same `slot`; `key` begins a window; `cut` may begin one where it must. */
export type PieceRole = { readonly role: 'head'; readonly slot: string } | { readonly role: 'key' | 'cut' | 'other' };

/** A window over a container of small whole pieces. */
export class PieceWindow implements SourceWindow {
  readonly #reader: PieceReader;
  readonly #head = new Map<string, Uint8Array>();
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** The beginning of a piece that is not whole yet. */
  #partial: Uint8Array = NOTHING;
  #partialBytes = 0;
  /** How long that piece is, where it has said so. */
  #wantedBytes = 0;
  #beganAtMs: number | undefined;

  constructor(reader: PieceReader) {
    this.#reader = reader;
  }

  get beganAtMs(): number | undefined {
    return this.#beganAtMs;
  }

  push(bytes: Uint8Array, nowMs: number): void {
    this.#beganAtMs ??= nowMs;
    if (this.#partialBytes === 0) this.#takeWhole(bytes, nowMs);
    else {
      this.#append(bytes);
      // One that has megabytes to come is not looked at again with each few of its bytes.
      if (this.#partialBytes >= this.#wantedBytes) this.#takeWhole(this.#begun, nowMs);
    }
    // A piece that grows beyond every bound is none.
    if (this.#partialBytes > MOST_BYTES) this.#keep(NOTHING, 0);
  }

  replay(): Uint8Array[] {
    return [...this.#head.values(), ...this.#pieces, this.#begun];
  }

  get #begun(): Uint8Array {
    return this.#partial.subarray(0, this.#partialBytes);
  }

  #takeWhole(bytes: Uint8Array, nowMs: number): void {
    let rest = bytes;
    let size = this.#reader.measure(rest);
    while (size === 'broken' || (size > 0 && size <= rest.length)) {
      if (size !== 'broken') this.#take(rest.subarray(0, size), nowMs);
      rest = rest.subarray(size === 'broken' ? 1 : size);
      size = this.#reader.measure(rest);
    }
    this.#keep(rest, size);
  }

  #keep(begun: Uint8Array, wantedBytes: number): void {
    this.#partial = begun.slice();
    this.#partialBytes = begun.length;
    this.#wantedBytes = wantedBytes;
  }

  /** What has been handed out stays as it is. */
  #append(bytes: Uint8Array): void {
    const size = this.#partialBytes + bytes.length;
    if (size > this.#partial.length) {
      const grown = new Uint8Array(Math.max(size, 2 * this.#partial.length));
      grown.set(this.#begun);
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#partialBytes);
    this.#partialBytes = size;
  }

  #take(piece: Uint8Array, nowMs: number): void {
    const judged = this.#reader.judge(piece);
    if (judged.role === 'head') {
      if (piece.length <= MOST_HEAD_BYTES) this.#head.set(judged.slot, piece.slice());
      return;
    }
    const isFull = this.#bytes + piece.length > MOST_BYTES;
    if (judged.role === 'key' || (isFull && judged.role === 'cut')) this.#begin(nowMs);
    else if (isFull) return;
    this.#pieces.push(piece.slice());
    this.#bytes += piece.length;
  }

  forget(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#beganAtMs = undefined;
  }

  #begin(nowMs: number): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#beganAtMs = nowMs;
  }
}
