/**
 * What H.264 says of pictures before it sends any: sets of parameters (ISO/IEC 14496-10 section 7.3.2). They are joined in
 * one way wherever they stood, so that two can be compared: those of the sequence, then those of pictures.
 */
const SEQUENCE_SET = 7;
const PICTURE_SET = 8;
const FIRST_SLICE = 1;
const LAST_SLICE = 5;
/** How far they are looked for: they stand in front, and hostile pictures are of millions of units. */
const MOST_BYTES = 8_192;

/** Units of a picture, or of a set-up, each with its length before it (ISO/IEC 14496-15 section 5.3.2). */
export function setsByLength(bytes: Uint8Array, lengthBytes: number): Uint8Array | undefined {
  const sets = new Sets();
  for (let at = 0; at + lengthBytes < Math.min(bytes.length, MOST_BYTES); ) {
    const size = bytes.subarray(at, at + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
    if (sets.take(bytes.subarray(at + lengthBytes, at + lengthBytes + size)) === 'over') break;
    at += lengthBytes + size;
  }
  return sets.joined;
}

/**
 * Units behind start codes (ISO/IEC 14496-10 annex B), of which the beginning is there; `more` while sets may still come.
 * They stand together: what follows them, as an encoder's words of itself do, need not be waited for.
 */
export function setsByStartCode(bytes: Uint8Array): Uint8Array | undefined | 'more' {
  const sets = new Sets();
  for (let at = nextUnit(bytes, 0); at < bytes.length; ) {
    const { joined } = sets;
    if (isSlice(bytes[at] ?? 0) || (joined && !isSet(bytes[at] ?? 0))) return joined;
    const next = nextUnit(bytes, at);
    // Whether the last one is whole, only what follows says.
    if (next > bytes.length) return 'more';
    sets.take(withoutZeros(bytes.subarray(at, next - START_CODE_BYTES)));
    at = next;
  }
  return 'more';
}

class Sets {
  readonly #ofSequence: Uint8Array[] = [];
  readonly #ofPictures: Uint8Array[] = [];

  take(unit: Uint8Array): 'over' | 'on' {
    const [first = 0] = unit;
    if (unit.length > 0 && isSlice(first)) return 'over';
    if ((first & 0x1f) === SEQUENCE_SET) this.#ofSequence.push(unit);
    if ((first & 0x1f) === PICTURE_SET) this.#ofPictures.push(unit);
    return 'on';
  }

  /** Nothing where one of the two kinds is missing: that says nothing of the whole. */
  get joined(): Uint8Array | undefined {
    if (this.#ofSequence.length === 0 || this.#ofPictures.length === 0) return undefined;
    const units = [...this.#ofSequence, ...this.#ofPictures];
    const all = new Uint8Array(units.reduce((sum, { length }) => sum + 2 + length, 0));
    let at = 0;
    for (const unit of units) {
      all.set([unit.length >> 8, unit.length & 255], at);
      all.set(unit, at + 2);
      at += 2 + unit.length;
    }
    return all;
  }
}

function isSlice(head: number): boolean {
  const type = head & 0x1f;
  return type >= FIRST_SLICE && type <= LAST_SLICE;
}

function isSet(head: number): boolean {
  const type = head & 0x1f;
  return type === SEQUENCE_SET || type === PICTURE_SET;
}

const START_CODE_BYTES = 3;

/** Where the unit behind the next start code begins; beyond the end where there is none. */
function nextUnit(bytes: Uint8Array, from: number): number {
  for (let at = from; at + START_CODE_BYTES <= bytes.length; at += 1) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) return at + START_CODE_BYTES;
  }
  return bytes.length + 1;
}

/** A start code may have zeros before it, and no unit ends in one. */
function withoutZeros(unit: Uint8Array): Uint8Array {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end -= 1;
  return unit.subarray(0, end);
}
