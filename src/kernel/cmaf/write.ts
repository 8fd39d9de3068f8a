import { joinBytes, readBoxHeader, viewOf } from './boxes.ts';
import { readSegment, type SegmentFacts } from './segment.ts';
import type { Fragment } from './splitter.ts';

/** `styp` of every media segment: major brand msdh, compatible with msdh and msix (ISO/IEC 14496-12 section 8.16.2). */
const STYP = box('styp', ascii('msdh'), numbers(0), ascii('msdhmsix'));

// ISO/IEC 14496-12 sections 8.8.7 and 8.8.8: default-base-is-moof with default duration and flags; data offset and sizes.
const TFHD_FLAGS = 0x020000 | 0x8 | 0x20;
const TRUN_FLAGS = 0x1 | 0x200;
/** Depends on no other sample, and is a sync sample. */
const SYNC_SAMPLE = 0x02000000;

/** A media segment of one fragment, as the encoder made it. */
export function writeSegment({ moof, mdat }: Fragment): Uint8Array {
  return joinBytes([STYP, moof, mdat]);
}

/**
 * One segment of many fragments of an audio track, whose samples are all of one duration and all sync samples. A
 * fragment for every frame, which is how frames leave the encoder one by one, would cost a third in boxes.
 * Undefined when the fragments do not follow one another on the track's clock.
 */
export function mergeAudioFragments(fragments: readonly Fragment[], sequence: number): Uint8Array | undefined {
  const facts = fragments.map(({ moof }) => readSegment(moof));
  const [first] = facts;
  if (!first || !follow(facts)) return undefined;
  const sizes = facts.flatMap((each) => each?.sampleBytes ?? []);
  const data = fragments.map(({ mdat }) => mdat.subarray(readBoxHeader(mdat, 0)?.headerBytes ?? 8));
  const ticks = first.durationTicks / first.sampleCount;
  const moof = writeMoof(sequence, first.startTicks, ticks, sizes);
  return joinBytes([STYP, moof, box('mdat', ...data)]);
}

function follow(facts: readonly (SegmentFacts | undefined)[]): boolean {
  let next = facts[0]?.startTicks;
  for (const each of facts) {
    if (!each || each.startTicks !== next) return false;
    next = each.startTicks + each.durationTicks;
  }
  return true;
}

function writeMoof(sequence: number, startTicks: number, sampleTicks: number, sizes: readonly number[]): Uint8Array {
  const write = (dataOffset: number) =>
    box(
      'moof',
      box('mfhd', numbers(0, sequence)),
      box(
        'traf',
        box('tfhd', numbers(TFHD_FLAGS, 1, sampleTicks, SYNC_SAMPLE)),
        box('tfdt', numbers(0x01000000), wide(startTicks)),
        box('trun', numbers(TRUN_FLAGS, sizes.length, dataOffset, ...sizes)),
      ),
    );
  // The offset is counted from the moof's first byte to the first byte in the mdat; it does not change the length.
  return write(write(0).length + 8);
}

function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = 8 + parts.reduce((sum, part) => sum + part.length, 0);
  return joinBytes([numbers(size), ascii(type), ...parts]);
}

function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = viewOf(bytes);
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value);
  return bytes;
}

function wide(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
