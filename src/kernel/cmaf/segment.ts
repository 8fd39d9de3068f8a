import { type Box, BoxReader, boxesIn, findBox } from './boxes.ts';

/** What a media segment says of itself. */
export interface SegmentFacts {
  /** `tfdt`: decode time of the first sample, in the track's ticks. */
  readonly startTicks: number;
  readonly sampleCount: number;
  readonly durationTicks: number;
  /** Where its last sample ends; behind what start and durations add up to where there is a hole. */
  readonly endTicks: number;
  /** Whether decoding can begin at the first sample. */
  readonly startsWithSync: boolean;
  /** Whether decoding can begin anywhere in it. */
  readonly hasSync: boolean;
  /** Bytes of each sample, in order. */
  readonly sampleBytes: readonly number[];
}

// Flags of `tfhd` and `trun` (ISO/IEC 14496-12 sections 8.8.7 and 8.8.8).
const TFHD_BASE_OFFSET = 0x1;
const TFHD_DESCRIPTION = 0x2;
const TFHD_DURATION = 0x8;
const TFHD_SIZE = 0x10;
const TFHD_FLAGS = 0x20;
const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_FLAGS = 0x4;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_COMPOSITION = 0x800;
const NON_SYNC = 0x10000;

/** A run may claim four thousand million samples in twenty bytes; no segment of ours has more than these. */
const MOST_SAMPLES = 1_000_000;

interface Defaults {
  readonly duration: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

/** One sample of a track as its fragment describes it. */
export interface Sample {
  readonly durationTicks: number;
  readonly sizeBytes: number;
  /** ISO/IEC 14496-12 section 8.8.3.1. */
  readonly flags: number;
  /** From decoding to presentation; negative where pictures are shown before the order they are decoded in. */
  readonly compositionTicks: number;
}

/** The samples of one movie fragment, which begin at `startTicks`. */
export interface FragmentSamples {
  readonly startTicks: number;
  readonly samples: readonly Sample[];
}

/** Reads the movie fragments of a segment that has one track; undefined when the bytes are not one. */
export function readSegment(bytes: Uint8Array): SegmentFacts | undefined {
  const fragments: FragmentSamples[] = [];
  for (const box of boxesIn(bytes)) {
    if (box.type !== 'moof') continue;
    const fragment = readMoof(bytes, box);
    if (!fragment) return undefined;
    fragments.push(fragment);
  }
  const [first] = fragments;
  const samples = fragments.flatMap((fragment) => fragment.samples);
  const last = fragments.at(-1);
  return (
    first &&
    last && {
      startTicks: first.startTicks,
      sampleCount: samples.length,
      durationTicks: ticksOf(samples),
      endTicks: last.startTicks + ticksOf(last.samples),
      startsWithSync: ((first.samples[0]?.flags ?? NON_SYNC) & NON_SYNC) === 0,
      hasSync: samples.some(({ flags }) => (flags & NON_SYNC) === 0),
      sampleBytes: samples.map(({ sizeBytes }) => sizeBytes),
    }
  );
}

function ticksOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
}

/** The samples that a `moof` box describes; undefined when the bytes are not one with a track in it. */
export function readFragmentSamples(moof: Uint8Array): FragmentSamples | undefined {
  const box = findBox(moof, ['moof']);
  return box && readMoof(moof, box);
}

/** Bytes of a segment, `end` exclusive. */
export interface SegmentRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Where the first sample of a video segment lies, with the boxes that say what it is: what a player fetches of a segment
 * to show its key frame alone. Undefined when the bytes do not open on one.
 */
export function keyFrameRange(bytes: Uint8Array): SegmentRange | undefined {
  const moof = findBox(bytes, ['moof']);
  const [mdat] = moof ? boxesIn(bytes, moof.end) : [];
  const first = moof && readMoof(bytes, moof)?.samples[0];
  if (!moof || mdat?.type !== 'mdat' || !first || first.flags & NON_SYNC) return undefined;
  const end = mdat.bodyStart + first.sizeBytes;
  return end <= mdat.end ? { start: moof.start, end } : undefined;
}

function readMoof(bytes: Uint8Array, moof: Box): FragmentSamples | undefined {
  const traf = findBox(bytes, ['traf'], moof.bodyStart, moof.end);
  return traf && readTrackFragment(bytes, traf);
}

function readTrackFragment(bytes: Uint8Array, traf: Box): FragmentSamples | undefined {
  const boxes = [...boxesIn(bytes, traf.bodyStart, traf.end)];
  const tfhd = boxes.find((box) => box.type === 'tfhd');
  const tfdt = boxes.find((box) => box.type === 'tfdt');
  const truns = boxes.filter((box) => box.type === 'trun');
  if (!tfhd || !tfdt || truns.length === 0) return undefined;
  const startTicks = readDecodeTime(bytes, tfdt);
  const defaults = readDefaults(bytes, tfhd);
  const runs = truns.map((trun) => readRun(bytes, trun, defaults)).filter((run) => run !== undefined);
  if (startTicks === undefined || runs.length < truns.length) return undefined;
  return { startTicks, samples: runs.flat() };
}

function readDecodeTime(bytes: Uint8Array, tfdt: Box): number | undefined {
  const read = new BoxReader(bytes, tfdt);
  const version = read.u32() >>> 24;
  const ticks = version === 1 ? Number(read.u64()) : read.u32();
  // A negative start wraps to nearly 2^64: not a time on any film's clock.
  return read.cut || !Number.isSafeInteger(ticks) ? undefined : ticks;
}

function readDefaults(bytes: Uint8Array, tfhd: Box): Defaults {
  const read = new BoxReader(bytes, tfhd);
  const flags = read.u32() & 0xffffff;
  read.skip(4);
  if (flags & TFHD_BASE_OFFSET) read.skip(8);
  if (flags & TFHD_DESCRIPTION) read.skip(4);
  const duration = flags & TFHD_DURATION ? read.u32() : 0;
  const sizeBytes = flags & TFHD_SIZE ? read.u32() : 0;
  return { duration, sizeBytes, flags: flags & TFHD_FLAGS ? read.u32() : 0 };
}

function readRun(bytes: Uint8Array, trun: Box, defaults: Defaults): Sample[] | undefined {
  const read = new BoxReader(bytes, trun);
  const flags = read.u32() & 0xffffff;
  const count = read.u32();
  if (flags & TRUN_DATA_OFFSET) read.skip(4);
  const firstFlags = flags & TRUN_FIRST_FLAGS ? read.u32() : undefined;
  if (count > MOST_SAMPLES) return undefined;
  const samples: Sample[] = [];
  for (let at = 0; at < count && !read.cut; at += 1) {
    const durationTicks = flags & TRUN_DURATION ? read.u32() : defaults.duration;
    const sizeBytes = flags & TRUN_SIZE ? read.u32() : defaults.sizeBytes;
    const own = flags & TRUN_FLAGS ? read.u32() : defaults.flags;
    // Unsigned in version 0; beyond 2^31 nothing we meet goes there, and signed is what version 1 means.
    const compositionTicks = flags & TRUN_COMPOSITION ? read.u32() | 0 : 0;
    samples.push({ durationTicks, sizeBytes, flags: at === 0 ? (firstFlags ?? own) : own, compositionTicks });
  }
  return read.cut ? undefined : samples;
}
