/** What the first bytes of a tag of Flash video say of its codec (FLV annex E.4, and Enhanced RTMP). */
export interface Configuration {
  readonly bytes: Uint8Array;
  /** Parameter sets as they may stand in front of a key frame; empty where the codec does not allow it. */
  readonly inBand: Uint8Array;
  /** How many bytes tell the length of a unit. */
  readonly lengthBytes: number;
}

export interface VideoBody {
  readonly codec: string;
  /** Something to be seen, and not a set-up or an end. */
  readonly isPicture: boolean;
  readonly isKey: boolean;
  /** How much later than decoded it is shown. */
  readonly laterMs: number;
  /** Where its units begin. */
  readonly at: number;
  readonly configuration?: Configuration;
}

const AVC = 7;
const AAC = 10;

export function soundOf(body: Uint8Array): { readonly codec: string; readonly configuration?: Uint8Array } {
  const codec = (body[0] ?? 0) >> 4;
  // An extended header has the codec's four letters.
  if (codec === 9) {
    const isSetUp = ((body[0] ?? 0) & 15) === 0;
    return { codec: letters(body, 1), ...(isSetUp ? { configuration: body.subarray(5) } : {}) };
  }
  const isSetUp = codec === AAC && body[1] === 0;
  return { codec: String(codec), ...(isSetUp ? { configuration: body.subarray(2) } : {}) };
}

export function readVideo(body: Uint8Array): VideoBody {
  const [first = 0, type = 0] = body;
  const isKey = ((first >> 4) & 7) === 1;
  if (first & 0x80) return readExtended(body, isKey);
  const codec = String(first & 15);
  if ((first & 15) !== AVC) return { codec, isPicture: true, isKey, laterMs: 0, at: 1 };
  const frame = { codec, isPicture: type === FRAMES, isKey, laterMs: int24(body, 2), at: 5 };
  return type === SET_UP ? { ...frame, configuration: avcConfiguration(body.subarray(5)) } : frame;
}

const SET_UP = 0;
const FRAMES = 1;
const FRAMES_AT_ONCE = 3;

function readExtended(body: Uint8Array, isKey: boolean): VideoBody {
  const codec = letters(body, 1);
  const type = (body[0] ?? 0) & 15;
  const hasDelay = type === FRAMES && (codec === 'hvc1' || codec === 'avc1');
  const isPicture = type === FRAMES || type === FRAMES_AT_ONCE;
  const frame = { codec, isPicture, isKey, laterMs: hasDelay ? int24(body, 5) : 0, at: hasDelay ? 8 : 5 };
  if (type !== SET_UP) return frame;
  const bytes = body.subarray(5);
  const other = { bytes: bytes.slice(), inBand: new Uint8Array(), lengthBytes: 0 };
  return { ...frame, configuration: codec === 'avc1' ? avcConfiguration(bytes) : other };
}

/** ISO/IEC 14496-15 section 5.3.3: sequence sets, then picture sets, each with two bytes of length. */
function avcConfiguration(bytes: Uint8Array): Configuration {
  const lengthBytes = ((bytes[4] ?? 0) & 3) + 1;
  const units: Uint8Array[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (bytes[at] ?? 0) & mask;
    at += 1;
    for (let index = 0; index < count && at < bytes.length; index += 1) {
      const size = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      units.push(bytes.subarray(at + 2, at + 2 + size));
      at += 2 + size;
    }
  }
  return { bytes: bytes.slice(), inBand: joined(units, lengthBytes), lengthBytes };
}

function joined(units: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const all = new Uint8Array(units.reduce((sum, { length }) => sum + lengthBytes + length, 0));
  let at = 0;
  for (const unit of units) {
    for (let left = lengthBytes - 1; left >= 0; left -= 1, at += 1) all[at] = (unit.length >>> (8 * left)) & 255;
    all.set(unit, at);
    at += unit.length;
  }
  return all;
}

function letters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** Signed. */
function int24(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8)) >> 8;
}
