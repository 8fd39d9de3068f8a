/** A stream of an Ogg file by its first packet: what its pages count, and what must be the same for another to follow it. */
export interface Codec {
  readonly name: string;
  readonly kind: 'picture' | 'sound';
  /** How many packets stand before the first that is heard or seen, this one with them. */
  readonly headers: number;
  /** How many of what its pages count make a second. */
  readonly perSecond: number;
  /** Counted before the first that is heard. */
  readonly lead: number;
  /** A page's count as one that only rises, and back again. */
  readonly countOf: (granule: bigint) => number;
  readonly moved: (granule: bigint, by: number) => bigint;
  /** Which of its headers a decoder is set up by, made comparable; undefined for one that only tells. */
  readonly setUp: (header: Uint8Array, index: number) => Uint8Array | undefined;
}

/** What Ogg files mostly hold; undefined for all else. */
export function codecOf(first: Uint8Array): Codec | undefined {
  return MARKS.find(([mark]) => isMarked(first, mark))?.[1](first);
}

/** A stream that is neither picture nor sound: an index of the others, or text. */
export function isBeside(first: Uint8Array): boolean {
  return ['fishead', '\x80kate', 'CMML'].some((mark) => isMarked(first, mark));
}

function isMarked(first: Uint8Array, mark: string): boolean {
  return String.fromCharCode(...first.subarray(0, mark.length)) === mark;
}

const plain = {
  lead: 0,
  countOf: (granule: bigint) => Number(granule),
  moved: (granule: bigint, by: number) => granule + BigInt(by),
};

const MARKS: readonly (readonly [string, (first: Uint8Array) => Codec])[] = [
  ['\x01vorbis', vorbis],
  ['OpusHead', opus],
  ['\x7fFLAC', flac],
  ['Speex   ', speex],
  ['\x80theora', theora],
];

function vorbis(first: Uint8Array): Codec {
  return {
    ...plain,
    name: 'vorbis',
    kind: 'sound',
    headers: 3,
    perSecond: view(first).getUint32(12, true),
    // All of it but the rates it aims at, and the comments.
    setUp: (header, index) => [Uint8Array.of(...header.subarray(0, 16), header[28] ?? 0), undefined, header][index],
  };
}

/** Every decoder takes mono and stereo in turn; RFC 7845 section 5.1. */
function opus(first: Uint8Array): Codec {
  return {
    ...plain,
    name: 'opus',
    kind: 'sound',
    headers: 2,
    perSecond: 48_000,
    lead: view(first).getUint16(10, true),
    setUp: (header, index) => {
      if (index > 0) return undefined;
      return header[18] === 0 ? header.subarray(18, 19) : Uint8Array.of(header[9] ?? 0, ...header.subarray(18));
    },
  };
}

function flac(first: Uint8Array): Codec {
  const [one = 0, two = 0, three = 0] = first.subarray(27, 30);
  return {
    ...plain,
    name: 'flac',
    kind: 'sound',
    headers: 1 + view(first).getUint16(7),
    perSecond: (one << 12) | (two << 4) | (three >> 4),
    // Rate, channels and depth.
    setUp: (header, index) =>
      index === 0 ? Uint8Array.of(...header.subarray(27, 30), (header[30] ?? 0) & 0xf0) : undefined,
  };
}

function speex(first: Uint8Array): Codec {
  return {
    ...plain,
    name: 'speex',
    kind: 'sound',
    headers: 2,
    perSecond: view(first).getUint32(36, true),
    // Rate, mode, channels, and how its frames lie: not the rate of bits.
    setUp: (header, index) =>
      index === 0 ? Uint8Array.of(...header.subarray(36, 52), ...header.subarray(56, 60), header[64] ?? 0) : undefined,
  };
}

/** Counts the last key frame, and the frames since: Theora I specification, section A.2.3. */
function theora(first: Uint8Array): Codec {
  const bits = BigInt((((first[40] ?? 0) & 3) << 3) | ((first[41] ?? 0) >> 5));
  return {
    name: 'theora',
    kind: 'picture',
    headers: 3,
    perSecond: view(first).getUint32(22) / view(first).getUint32(26),
    lead: 0,
    countOf: (granule) => Number((granule >> bits) + (granule & ((1n << bits) - 1n))),
    moved: (granule, by) => granule + (BigInt(by) << bits),
    // All of it but the rate and the quality that it aims at, and the comments.
    setUp: (header, index) => {
      if (index > 0) return index === 2 ? header : undefined;
      return Uint8Array.of(...header.subarray(0, 37), (header[40] ?? 0) & 3, header[41] ?? 0);
    },
  };
}

function view(bytes: Uint8Array): DataView {
  const padded = new Uint8Array(Math.max(bytes.length, 64));
  padded.set(bytes);
  return new DataView(padded.buffer);
}
