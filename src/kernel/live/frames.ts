import { joinBytes, readBoxHeader } from '../cmaf/boxes.ts';
import { readFragmentSamples, type Sample } from '../cmaf/segment.ts';
import type { Fragment } from '../cmaf/splitter.ts';
import { writeFragment } from '../cmaf/write.ts';

/** One frame of a track, as the encoder let go of it. */
export interface Frame {
  readonly startTicks: number;
  readonly sample: Sample;
  readonly data: Uint8Array;
}

/** The frames of a fragment, which is mostly one; undefined when its boxes do not say where each of them lies. */
export function framesOf({ moof, mdat }: Fragment): Frame[] | undefined {
  const read = readFragmentSamples(moof);
  const body = mdat.subarray(readBoxHeader(mdat, 0)?.headerBytes ?? 8);
  if (!read || read.samples.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) !== body.length) return undefined;
  let startTicks = read.startTicks;
  let at = 0;
  return read.samples.map((sample) => {
    const frame = { startTicks, sample, data: body.subarray(at, at + sample.sizeBytes) };
    startTicks += sample.durationTicks;
    at += sample.sizeBytes;
    return frame;
  });
}

/** One `moof` and one `mdat` of frames that follow one another. */
export function writePart(sequence: number, frames: readonly Frame[]): Uint8Array {
  const boxes = writeFragment(
    sequence,
    frames[0]?.startTicks ?? 0,
    frames.map(({ sample }) => sample),
    frames.map(({ data }) => data),
  );
  return joinBytes(boxes);
}

/** `sample_is_non_sync_sample` of ISO/IEC 14496-12 section 8.8.3.1. */
const NON_SYNC = 0x10000;

/** Whether decoding can begin with it. */
export function isKeyFrame({ sample }: Frame): boolean {
  return (sample.flags & NON_SYNC) === 0;
}
