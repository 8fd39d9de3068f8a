import { findBox, joinBytes, viewOf } from './boxes.ts';
import { VISUAL_ENTRY_BYTES } from './init.ts';
import { ascii, box, numbers } from './write.ts';

/** The decoder configuration of an H.264 sample entry: the `avcC` box, header included; undefined when it has none. */
export function avcConfiguration(entry: Uint8Array): Uint8Array | undefined {
  const avcC = findBox(entry, ['avcC'], 8 + VISUAL_ENTRY_BYTES);
  return avcC && entry.slice(avcC.start, avcC.end);
}

/** Bytes of the length before each unit of a sample (ISO/IEC 14496-15 section 5.3.3.1); undefined for a broken box. */
export function unitLengthBytes(avcC: Uint8Array): number | undefined {
  const field = avcC[8 + 4];
  return field === undefined ? undefined : (field & 3) + 1;
}

const SLICE_OF_IDR = 5;

/** What a sample of H.264 is: an IDR picture, from which decoding needs nothing earlier; another; or no whole units. */
export function pictureKind(sample: Uint8Array, lengthBytes: number): 'idr' | 'other' | 'broken' {
  const types = unitTypes(sample, lengthBytes);
  // Slices are of types 1 to 5; parameter sets and notes may stand before the first.
  const slice = types?.find((type) => type >= 1 && type <= SLICE_OF_IDR);
  if (slice === undefined) return 'broken';
  return slice === SLICE_OF_IDR ? 'idr' : 'other';
}

/** Types of the units in a sample; undefined when their lengths do not add up to the sample. */
function unitTypes(sample: Uint8Array, lengthBytes: number): number[] | undefined {
  const view = viewOf(sample);
  const types: number[] = [];
  let at = 0;
  while (at < sample.length) {
    const start = at + lengthBytes;
    if (start >= sample.length) return undefined;
    let length = 0;
    for (let index = at; index < start; index += 1) length = length * 256 + view.getUint8(index);
    types.push(view.getUint8(start) & 0x1f);
    at = start + length;
    if (length === 0 || at > sample.length) return undefined;
  }
  return types;
}

export interface CopiedTrack {
  readonly width: number;
  readonly height: number;
  /** Ticks a second. */
  readonly timescale: number;
  readonly avcC: Uint8Array;
}

const UNITY_MATRIX = numbers(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000);
const LANGUAGE_UNDETERMINED = 0x55c4_0000;
const SELF_CONTAINED = box('dref', numbers(0, 1), box('url ', numbers(1)));
const EMPTY_TABLES = [
  box('stts', numbers(0, 0)),
  box('stsc', numbers(0, 0)),
  box('stsz', numbers(0, 0, 0)),
  box('stco', numbers(0, 0)),
];

/**
 * The init segment of one H.264 track whose samples are copied (ISO/IEC 23000-19 section 7.3): no edit list, no
 * durations, empty tables, and the source's own decoder configuration.
 */
export function writeCopiedInit({ width, height, timescale, avcC }: CopiedTrack): Uint8Array {
  const size = (width << 16) | height;
  const entry = box(
    'avc1',
    // Reserved bytes and the data reference; then nothing of QuickTime's own.
    numbers(0, 1, 0, 0, 0, 0, size, 0x48_0000, 0x48_0000, 0),
    // One frame a sample, no compressor's name, depth 24 without a colour table.
    Uint8Array.from([0, 1, ...new Array<number>(32).fill(0), 0, 0x18, 0xff, 0xff]),
    avcC,
  );
  const trak = box(
    'trak',
    box('tkhd', numbers(3, 0, 0, 1, 0, 0, 0, 0, 0, 0), UNITY_MATRIX, numbers(width * 0x10000, height * 0x10000)),
    box(
      'mdia',
      box('mdhd', numbers(0, 0, 0, timescale, 0, LANGUAGE_UNDETERMINED)),
      box('hdlr', numbers(0, 0), ascii('vide'), numbers(0, 0, 0), ascii('VideoHandler\0')),
      box(
        'minf',
        box('vmhd', numbers(1, 0, 0)),
        box('dinf', SELF_CONTAINED),
        box('stbl', box('stsd', numbers(0, 1), entry), ...EMPTY_TABLES),
      ),
    ),
  );
  const movie = box(
    'mvhd',
    numbers(0, 0, 0, 1_000, 0, 0x10000, 0x0100_0000, 0, 0),
    UNITY_MATRIX,
    numbers(0, 0, 0, 0, 0, 0, 2),
  );
  return joinBytes([
    box('ftyp', ascii('iso6'), numbers(0x200), ascii('iso6cmfcmp41')),
    box('moov', movie, trak, box('mvex', box('trex', numbers(0, 1, 1, 0, 0, 0)))),
  ]);
}

/** `sample_flags` (ISO/IEC 14496-12 section 8.8.3.1): depends on no other and can be started from; or neither. */
export const SYNC_SAMPLE = 0x0200_0000;
export const OTHER_SAMPLE = 0x0101_0000;

/** Bytes that the boxes around the samples of a copied segment need at most. */
export function copiedBoxBytes(sampleCount: number): number {
  return 300 + 12 * sampleCount;
}
