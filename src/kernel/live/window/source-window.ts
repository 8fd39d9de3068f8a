/**
 * What a decoder needs to join a stream at its newest key frame: the container's head, and everything since. A backup's
 * bytes are kept this way, and the publisher's own for when its encoder dies.
 */
export interface SourceWindow {
  /** Returns where a source changes its set-up in these bytes. */
  push(bytes: Uint8Array, nowMs: number): SetUpChange | undefined;
  /** The head and all since the newest key frame. Goes on with the very next byte that is pushed. */
  replay(): Uint8Array[];
  /** When the first byte since the newest key frame came. */
  readonly beganAtMs: number | undefined;
  /** Whether pictures bring another set-up than the head has, so that one of both is wrong for whoever reads only that. */
  readonly isContradictory: boolean;
  /** Keeps the head alone. */
  forget(): void;
}

/** How a source's pictures or its sound are to be decoded, in a form that can be compared. */
export interface SetUp {
  readonly of: 'picture' | 'sound';
  readonly bytes: Uint8Array;
}

/** A source that goes on as another one: of another size, or with sound of another rate. */
export interface SetUpChange {
  /** Of the bytes that were pushed, the first that belong to it; what is before was of the old set-up. */
  readonly at: number;
  readonly of: ReadonlySet<SetUp['of']>;
}

/** Of any source: seconds at a rate that no live publisher has. What is longer begins anew wherever it may be cut. */
const MOST_BYTES = 12 * 1024 * 1024;
/** Of a container's head: sets of parameters, tables, tracks. */
const MOST_HEAD_BYTES = 1024 * 1024;

/** Of a set-up that is compared. What is longer is none of an encoder's. */
const MOST_SET_UP_BYTES = 16 * 1024;

const NOTHING = new Uint8Array();

/** Finds the pieces of a container in its bytes. */
export interface PieceReader {
  /** How many bytes the piece at the beginning has, 0 while that is not known; `broken` where no piece begins. */
  measure(bytes: Uint8Array): number | 'broken';
  /** What a piece is to a decoder, from its first bytes. Called once for each, in order. */
  judge(piece: Uint8Array): PieceRole;
}

/** `head` replaces what had the same `slot`; `key` begins a window; `cut` may begin one where it must. */
export type PieceRole = (
  | { readonly role: 'head'; readonly slot: string }
  | { readonly role: 'key' | 'cut' | 'other' }
) & {
  /** What it says of how it, or what follows, is to be decoded. */
  readonly setUp?: SetUp;
  readonly isSound?: boolean;
};

interface Kept {
  readonly bytes: Uint8Array;
  readonly isSound: boolean;
}

/** A window over a container of small whole pieces. */
export class PieceWindow implements SourceWindow {
  readonly #reader: PieceReader;
  readonly #head = new Map<string, Uint8Array>();
  readonly #setUps = new SetUps();
  #pieces: Kept[] = [];
  /** Of the pieces: sound before this one is of an old set-up. */
  #soundFrom = 0;
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

  get isContradictory(): boolean {
    return this.#setUps.isContradictory;
  }

  push(bytes: Uint8Array, nowMs: number): SetUpChange | undefined {
    this.#beganAtMs ??= nowMs;
    let change: SetUpChange | undefined;
    const earlier = this.#partialBytes;
    if (earlier === 0) change = this.#takeWhole(bytes, nowMs);
    else {
      this.#append(bytes);
      // One that has megabytes to come is not looked at again with each few of its bytes.
      if (this.#partialBytes >= this.#wantedBytes) change = this.#takeWhole(this.#begun, nowMs);
    }
    // A piece that grows beyond every bound is none.
    if (this.#partialBytes > MOST_BYTES) this.#keep(NOTHING, 0);
    return change && { ...change, at: Math.max(0, change.at - earlier) };
  }

  replay(): Uint8Array[] {
    const kept = this.#pieces.filter(({ isSound }, index) => !isSound || index >= this.#soundFrom);
    return [...this.#head.values(), ...kept.map(({ bytes }) => bytes), this.#begun];
  }

  get #begun(): Uint8Array {
    return this.#partial.subarray(0, this.#partialBytes);
  }

  #takeWhole(bytes: Uint8Array, nowMs: number): SetUpChange | undefined {
    let rest = bytes;
    let size = this.#reader.measure(rest);
    let change: SetUpChange | undefined;
    while (size === 'broken' || (size > 0 && size <= rest.length)) {
      const changed = size === 'broken' ? undefined : this.#take(rest.subarray(0, size), nowMs);
      if (changed)
        change = { at: change?.at ?? bytes.length - rest.length, of: new Set([...(change?.of ?? []), ...changed]) };
      rest = rest.subarray(size === 'broken' ? 1 : size);
      size = this.#reader.measure(rest);
    }
    this.#keep(rest, size);
    return change;
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

  /** What changes with this piece, if it is media: a head may have been several pieces. */
  #take(piece: Uint8Array, nowMs: number): ReadonlySet<SetUp['of']> | undefined {
    const judged = this.#reader.judge(piece);
    const isHead = judged.role === 'head';
    if (judged.setUp && this.#setUps.take(judged.setUp, isHead)) this.#leaveOut(judged.setUp.of, isHead);
    if (isHead) {
      if (piece.length <= MOST_HEAD_BYTES) this.#head.set(judged.slot, piece.slice());
      return undefined;
    }
    const { role, isSound = false } = judged;
    const isFull = this.#bytes + piece.length > MOST_BYTES;
    if (role === 'key' || (isFull && role === 'cut')) this.#empty(nowMs);
    if (this.#bytes + piece.length <= MOST_BYTES) {
      this.#pieces.push({ bytes: piece.slice(), isSound });
      this.#bytes += piece.length;
    }
    return this.#setUps.takeChanged();
  }

  /** What cannot be decoded any more. Pictures that bring their set-up themselves are a beginning anyway. */
  #leaveOut(what: SetUp['of'], isHead: boolean): void {
    if (what === 'sound') this.#soundFrom = this.#pieces.length;
    else if (isHead) this.forget();
  }

  forget(): void {
    this.#empty(undefined);
  }

  #empty(nowMs: number | undefined): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#soundFrom = 0;
    this.#beganAtMs = nowMs;
  }
}

/** How a source is set up, and what of that has just changed. */
class SetUps {
  readonly #known = new Map<SetUp['of'], Uint8Array>();
  /** Of pictures, in the head. */
  #inHead: Uint8Array | undefined;
  #changed = new Set<SetUp['of']>();

  get isContradictory(): boolean {
    const known = this.#known.get('picture');
    return known !== undefined && this.#inHead !== undefined && !isSame(known, this.#inHead);
  }

  /** Whether it is another one than before. */
  take({ of, bytes }: SetUp, isHead: boolean): boolean {
    if (bytes.length > MOST_SET_UP_BYTES) return false;
    const before = this.#known.get(of);
    if (of === 'picture' && isHead) this.#inHead = bytes.slice();
    if (before && isSame(before, bytes)) return false;
    this.#known.set(of, bytes.slice());
    if (before) this.#changed.add(of);
    return before !== undefined;
  }

  /** What has changed since this was asked last. */
  takeChanged(): ReadonlySet<SetUp['of']> | undefined {
    if (this.#changed.size === 0) return undefined;
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
