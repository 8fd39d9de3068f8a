import { findBox, joinBytes, readBoxHeader, viewOf } from './boxes.ts';
import { type FragmentSamples, readFragmentSamples, type Sample } from './segment.ts';
import type { Fragment } from './splitter.ts';

/** `styp` of every media segment: major brand msdh, compatible with msdh and msix (ISO/IEC 14496-12 section 8.16.2). */
const STYP = box('styp', ascii('msdh'), numbers(0), ascii('msdhmsix'));

// Flags of `tfhd` and `trun` (ISO/IEC 14496-12 sections 8.8.7 and 8.8.8).
const TFHD_BASE_IS_MOOF = 0x020000;
const TFHD_DURATION_AND_FLAGS = 0x8 | 0x20;
const TRUN_DATA_OFFSET = 0x1;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_COMPOSITION = 0x800;

/** A media segment of a video fragment as the encoder made it. */
export function writeSegment({ moof, mdat }: Fragment): Uint8Array {
  const read = readFragmentSamples(moof);
  const data = bodyOf(mdat);
  const whole = read?.samples.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) === data.length;
  if (!read || !whole) return joinBytes([STYP, moof, mdat]);
  return writeSamples(sequenceOf(moof), read, data);
}

/**
 * A media segment of video samples, whose bytes are `data`, cut in two behind its key frame: then the key frame is a
 * whole fragment by its own, which every player of I-frame playlists can take, for a hundred bytes a segment.
 */
export function writeSamples(sequence: number, { startTicks, samples }: FragmentSamples, data: Uint8Array): Uint8Array {
  const [first, ...rest] = samples;
  if (!first || rest.length === 0) return joinBytes([STYP, ...writeFragment(sequence, startTicks, samples, [data])]);
  const restTicks = startTicks + first.durationTicks;
  return joinBytes([
    STYP,
    ...writeFragment(2 * sequence - 1, startTicks, [first], [data.subarray(0, first.sizeBytes)]),
    ...writeFragment(2 * sequence, restTicks, rest, [data.subarray(first.sizeBytes)]),
  ]);
}

/**
 * A fragment of a key frame alone, shown from `startTicks` on: of the bytes of a segment where `keyFrameRange` says it
 * lies. Undefined when they are none.
 */
export function writeKeyFrame(bytes: Uint8Array, startTicks: number): Uint8Array | undefined {
  const moof = findBox(bytes, ['moof']);
  const mdat = moof && readBoxHeader(bytes, moof.end);
  const first = moof && readFragmentSamples(bytes.subarray(moof.start, moof.end))?.samples[0];
  if (!moof || mdat?.type !== 'mdat' || !first) return undefined;
  const from = moof.end + mdat.headerBytes;
  const data = bytes.subarray(from, from + first.sizeBytes);
  if (data.length < first.sizeBytes) return undefined;
  return joinBytes(writeFragment(1, startTicks, [{ ...first, compositionTicks: 0 }], [data]));
}

/**
 * One segment of many fragments of an audio track. A fragment for every frame, which is how frames leave the encoder one
 * by one, would cost a third in boxes. Undefined when the fragments do not follow one another on the track's clock.
 */
export function mergeAudioFragments(fragments: readonly Fragment[], sequence: number): Uint8Array | undefined {
  const read = fragments.map(({ moof }) => readFragmentSamples(moof));
  const startTicks = read[0]?.startTicks;
  if (startTicks === undefined || !follow(read)) return undefined;
  const samples = read.flatMap((each) => each?.samples ?? []);
  const data = fragments.map(({ mdat }) => bodyOf(mdat));
  return joinBytes([STYP, ...writeFragment(sequence, startTicks, samples, data)]);
}

function follow(fragments: readonly (FragmentSamples | undefined)[]): boolean {
  let next = fragments[0]?.startTicks;
  for (const each of fragments) {
    if (!each || each.startTicks !== next) return false;
    next = each.samples.reduce((ticks, { durationTicks }) => ticks + durationTicks, each.startTicks);
  }
  return true;
}

function bodyOf(mdat: Uint8Array): Uint8Array {
  return mdat.subarray(readBoxHeader(mdat, 0)?.headerBytes ?? 8);
}

function sequenceOf(moof: Uint8Array): number {
  const mfhd = findBox(moof, ['moof', 'mfhd']);
  return mfhd && mfhd.bodyStart + 8 <= mfhd.end ? viewOf(moof).getUint32(mfhd.bodyStart + 4) : 1;
}

/** `moof` and `mdat` of some samples, whose bytes are `data`. What all samples share is said once, the rest for each. */
export function writeFragment(
  sequence: number,
  startTicks: number,
  samples: readonly Sample[],
  data: readonly Uint8Array[],
): [Uint8Array, Uint8Array] {
  const durations = column(samples, ({ durationTicks }) => durationTicks, TRUN_DURATION);
  const flags = column(samples, (sample) => sample.flags, TRUN_FLAGS);
  const shown = samples.some(({ compositionTicks }) => compositionTicks !== 0) ? TRUN_COMPOSITION : 0;
  const runFlags = TRUN_DATA_OFFSET | durations.flag | TRUN_SIZE | flags.flag | shown;
  const rows = samples.flatMap((sample) => [
    ...(durations.flag ? [sample.durationTicks] : []),
    sample.sizeBytes,
    ...(flags.flag ? [sample.flags] : []),
    ...(shown ? [sample.compositionTicks] : []),
  ]);
  // Version 1, in which composition offsets are signed, only where there are any.
  const version = shown ? 0x01000000 : 0;
  const write = (dataOffset: number) =>
    box(
      'moof',
      box('mfhd', numbers(0, sequence)),
      box(
        'traf',
        box('tfhd', numbers(TFHD_BASE_IS_MOOF | TFHD_DURATION_AND_FLAGS, 1, durations.first, flags.first)),
        box('tfdt', numbers(0x01000000), wide(startTicks)),
        box('trun', numbers(version | runFlags, samples.length, dataOffset, ...rows)),
      ),
    );
  // The offset is counted from the moof's first byte to the first byte in the mdat; it does not change the length.
  return [write(write(0).length + 8), box('mdat', ...data)];
}

/** The first sample's value, and the flag of `trun` that says the others differ from it. */
function column(samples: readonly Sample[], of: (sample: Sample) => number, flag: number) {
  const [first] = samples;
  const value = first ? of(first) : 0;
  return { first: value, flag: samples.every((sample) => of(sample) === value) ? 0 : flag };
}

export function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = 8 + parts.reduce((sum, part) => sum + part.length, 0);
  return joinBytes([numbers(size), ascii(type), ...parts]);
}

export function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = viewOf(bytes);
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value);
  return bytes;
}

export function wide(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
