import { type Box, BoxReader, boxesIn, findBox } from './boxes.ts';

/** What a media segment says of itself. */
export interface SegmentFacts {
  /** `tfdt`: decode time of the first sample, in the track's ticks. */
  readonly startTicks: number;
  readonly sampleCount: number;
  readonly durationTicks: number;
  /** Whether decoding can begin at the first sample. */
  readonly startsWithSync: boolean;
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

interface Run {
  readonly sizes: readonly number[];
  readonly duration: number;
  readonly firstFlags: number;
}

/** Reads the movie fragments of a segment that has one track; undefined when the bytes are not one. */
export function readSegment(bytes: Uint8Array): SegmentFacts | undefined {
  const runs: SegmentFacts[] = [];
  for (const box of boxesIn(bytes)) {
    if (box.type !== 'moof') continue;
    const traf = findBox(bytes, ['traf'], box.bodyStart, box.end);
    const facts = traf && readTrackFragment(bytes, traf);
    if (!facts) return undefined;
    runs.push(facts);
  }
  const [first] = runs;
  return (
    first && {
      startTicks: first.startTicks,
      sampleCount: runs.reduce((sum, run) => sum + run.sampleCount, 0),
      durationTicks: runs.reduce((sum, run) => sum + run.durationTicks, 0),
      startsWithSync: first.startsWithSync,
      sampleBytes: runs.flatMap((run) => run.sampleBytes),
    }
  );
}

function readTrackFragment(bytes: Uint8Array, traf: Box): SegmentFacts | undefined {
  const boxes = [...boxesIn(bytes, traf.bodyStart, traf.end)];
  const tfhd = boxes.find((box) => box.type === 'tfhd');
  const tfdt = boxes.find((box) => box.type === 'tfdt');
  const truns = boxes.filter((box) => box.type === 'trun');
  if (!tfhd || !tfdt || truns.length === 0) return undefined;
  const startTicks = readDecodeTime(bytes, tfdt);
  const defaults = readDefaults(bytes, tfhd);
  const runs = truns.map((trun) => readRun(bytes, trun, defaults)).filter((run) => run !== undefined);
  const [first] = runs;
  if (startTicks === undefined || !first || runs.length < truns.length) return undefined;
  const sampleBytes = runs.flatMap((run) => run.sizes);
  return {
    startTicks,
    sampleCount: sampleBytes.length,
    durationTicks: runs.reduce((sum, run) => sum + run.duration, 0),
    startsWithSync: (first.firstFlags & NON_SYNC) === 0,
    sampleBytes,
  };
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

function readRun(bytes: Uint8Array, trun: Box, defaults: Defaults): Run | undefined {
  const read = new BoxReader(bytes, trun);
  const flags = read.u32() & 0xffffff;
  const samples = read.u32();
  if (flags & TRUN_DATA_OFFSET) read.skip(4);
  let firstFlags = flags & TRUN_FIRST_FLAGS ? read.u32() : undefined;
  if (samples > MOST_SAMPLES) return undefined;
  const sizes: number[] = [];
  let duration = 0;
  for (let at = 0; at < samples && !read.cut; at += 1) {
    duration += flags & TRUN_DURATION ? read.u32() : defaults.duration;
    sizes.push(flags & TRUN_SIZE ? read.u32() : defaults.sizeBytes);
    const own = flags & TRUN_FLAGS ? read.u32() : defaults.flags;
    if (at === 0) firstFlags ??= own;
    if (flags & TRUN_COMPOSITION) read.skip(4);
  }
  return read.cut ? undefined : { sizes, duration, firstFlags: firstFlags ?? defaults.flags };
}
