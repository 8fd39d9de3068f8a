import { joinBytes, readBoxHeader } from './boxes.ts';

/** One piece of a fragmented MP4 byte stream. */
export type Piece =
  | { readonly kind: 'init'; readonly bytes: Uint8Array }
  | { readonly kind: 'fragment'; readonly fragment: Fragment };

/** A `moof` box and the `mdat` box behind it. */
export interface Fragment {
  readonly moof: Uint8Array;
  readonly mdat: Uint8Array;
}

/** Nothing our encoders write comes near: a length beyond it is a broken stream. */
const LARGEST_BOX_BYTES = 512 * 1024 * 1024;

/**
 * Cuts a fragmented MP4 stream, fed in pieces of any size, into the init segment (`ftyp` and `moov`) and fragments.
 * Other boxes between them are dropped.
 */
export class FragmentSplitter {
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #neededBytes = 8;
  #init: Uint8Array[] = [];
  #moof: Uint8Array | undefined;

  /**
   * Takes the next bytes of the stream; returns what became complete.
   * @throws RangeError when the bytes are no box structure.
   */
  push(bytes: Uint8Array): Piece[] {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    const pieces: Piece[] = [];
    while (this.#waitingBytes >= this.#neededBytes) {
      const box = this.#nextBox();
      if (!box) break;
      const piece = this.#piece(box.type, box.bytes);
      if (piece) pieces.push(piece);
    }
    return pieces;
  }

  /** Bytes that wait for the rest of their box; anything but 0 at the stream's end means it was cut off. */
  get leftBytes(): number {
    return this.#waitingBytes + (this.#moof?.length ?? 0);
  }

  #nextBox(): { type: string; bytes: Uint8Array } | undefined {
    const all = this.#joined();
    const header = readBoxHeader(all, 0);
    if (!header) {
      this.#neededBytes = 16;
      return undefined;
    }
    const { type, sizeBytes, headerBytes } = header;
    if (sizeBytes < headerBytes || sizeBytes > LARGEST_BOX_BYTES) throw new RangeError(`no box of ${sizeBytes} bytes`);
    this.#neededBytes = sizeBytes;
    if (all.length < sizeBytes) return undefined;
    this.#waiting = [all.subarray(sizeBytes)];
    this.#waitingBytes = all.length - sizeBytes;
    this.#neededBytes = 8;
    return { type, bytes: all.subarray(0, sizeBytes) };
  }

  /** One buffer of everything that waits; joined only when a header or a whole box is there, so each byte is copied twice at most. */
  #joined(): Uint8Array {
    const [only] = this.#waiting;
    if (only && this.#waiting.length === 1) return only;
    const all = joinBytes(this.#waiting);
    this.#waiting = [all];
    return all;
  }

  #piece(type: string, bytes: Uint8Array): Piece | undefined {
    if (type === 'ftyp') this.#init = [bytes];
    if (type === 'moov') return { kind: 'init', bytes: joinBytes([...this.#init, bytes]) };
    if (type === 'moof') this.#moof = bytes;
    if (type !== 'mdat' || !this.#moof) return undefined;
    const fragment = { moof: this.#moof, mdat: bytes };
    this.#moof = undefined;
    return { kind: 'fragment', fragment };
  }
}
