import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boxesIn, findBox, joinBytes } from '../../src/kernel/cmaf/boxes.ts';
import { readInit } from '../../src/kernel/cmaf/init.ts';
import { keyFrameRange, readFragmentSamples, readSegment, type Sample } from '../../src/kernel/cmaf/segment.ts';
import { FragmentSplitter } from '../../src/kernel/cmaf/splitter.ts';
import { mergeAudioFragments, writeSegment } from '../../src/kernel/cmaf/write.ts';

const TYPES = [
  'ftyp',
  'moov',
  'trak',
  'mdia',
  'minf',
  'stbl',
  'stsd',
  'avc1',
  'mp4a',
  'esds',
  'moof',
  'traf',
  'tfhd',
  'tfdt',
  'trun',
  'mdat',
];

/** Boxes that look right from far: known types around anything, with lengths that are sometimes a lie. */
const hostile: fc.Arbitrary<Uint8Array> = fc.letrec<{ node: Uint8Array }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.uint8Array({ maxLength: 60 }),
    fc
      .tuple(fc.constantFrom(...TYPES), fc.array(tie('node'), { maxLength: 4 }), fc.option(fc.nat(), { freq: 6 }))
      .map(([type, parts, lie]) => {
        const body = joinBytes(parts);
        const head = Buffer.alloc(8, type);
        head.writeUInt32BE((lie ?? body.length + 8) >>> 0);
        head.write(type, 4, 'latin1');
        return joinBytes([head, body]);
      }),
  ),
})).node;

describe('whatever the bytes', () => {
  test('boxes stay inside their buffer and never overlap', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        let end = 0;
        for (const box of boxesIn(bytes)) {
          expect(box.start).toBe(end);
          expect(box.bodyStart).toBeGreaterThan(box.start);
          expect(box.end).toBeGreaterThanOrEqual(box.bodyStart);
          expect(box.end).toBeLessThanOrEqual(bytes.length);
          end = box.end;
        }
      }),
    );
  });

  test('reading an init or a segment gives facts or nothing, and never throws', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        const facts = readSegment(bytes);
        if (facts) expect(Number.isSafeInteger(facts.startTicks)).toBe(true);
        readInit(bytes);
        const range = keyFrameRange(bytes);
        if (range) expect(range.end).toBeLessThanOrEqual(bytes.length);
        findBox(bytes, ['moov', 'trak', 'mdia']);
      }),
      { numRuns: 500 },
    );
  });

  test('the splitter ends, with pieces or with a RangeError', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (bytes, step) => {
        const splitter = new FragmentSplitter();
        try {
          for (let at = 0; at < bytes.length; at += step) splitter.push(bytes.slice(at, at + step));
        } catch (cause) {
          expect(cause).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

test('merged sound holds every byte of every frame, in order', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(frames, fc.nat(2 ** 40), (samples, first) => {
      const fragments = samples.map((sample, at) => oneSample(first + at * 1_024, sample));
      const merged = mergeAudioFragments(fragments, 1);
      if (!merged) throw new Error('not merged');
      expect(readSegment(merged)).toEqual({
        startTicks: first,
        sampleCount: samples.length,
        durationTicks: samples.length * 1_024,
        endTicks: first + samples.length * 1_024,
        startsWithSync: true,
        hasSync: true,
        sampleBytes: samples.map((sample) => sample.length),
      });
      const mdat = findBox(merged, ['mdat']);
      expect(Buffer.from(merged.subarray(mdat?.bodyStart, mdat?.end)).equals(Buffer.concat(samples))).toBe(true);
    }),
  );
});

test('a segment cut behind its key frame holds the same samples and the same bytes', () => {
  const sample = fc.record({
    durationTicks: fc.constantFrom(1_001, 1_001, 2_002),
    sizeBytes: fc.nat(60),
    flags: fc.constantFrom(0x01010000, 0x01010000, 0x02000000),
    compositionTicks: fc.constantFrom(0, 0, -2_002, 3_003),
  });
  fc.assert(
    fc.property(
      fc.array(sample, { minLength: 1, maxLength: 12 }),
      fc.nat(2 ** 40),
      fc.nat(99),
      (samples, start, at) => {
        const data = Buffer.alloc(
          samples.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
          'picture',
        );
        const segment = writeSegment({ moof: videoMoof(at, start, samples), mdat: box('mdat', data) });
        const written = [...boxesIn(segment)].filter(({ type }) => type === 'moof');
        const read = written.map((moof) => readFragmentSamples(segment.subarray(moof.start, moof.end)));
        expect(read.flatMap((each) => each?.samples)).toEqual(samples);
        expect(read.map((each) => each?.startTicks)).toEqual(
          samples.length === 1 ? [start] : [start, start + (samples[0]?.durationTicks ?? 0)],
        );
        const bodies = [...boxesIn(segment)].filter(({ type }) => type === 'mdat');
        expect(Buffer.concat(bodies.map((each) => segment.subarray(each.bodyStart, each.end))).equals(data)).toBe(true);
      },
    ),
  );
});

function box(type: string, ...parts: Uint8Array[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0));
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...parts]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * at);
  return bytes;
}

function decodeTime(start: number): Buffer {
  const time = Buffer.alloc(12);
  time.writeUInt32BE(0x01000000);
  time.writeBigUInt64BE(BigInt(start), 4);
  return time;
}

/** A fragment's header in which every sample says everything for itself. */
function videoMoof(sequence: number, start: number, samples: readonly Sample[]): Uint8Array {
  const rows = samples.flatMap((each) => [each.durationTicks, each.sizeBytes, each.flags, each.compositionTicks]);
  const trun = box('trun', words(0x01000f01, samples.length, 0, ...rows));
  const traf = box('traf', box('tfhd', words(0x020000, 1)), box('tfdt', decodeTime(start)), trun);
  return box('moof', box('mfhd', words(0, sequence)), traf);
}

function oneSample(start: number, sample: Uint8Array): { moof: Uint8Array; mdat: Uint8Array } {
  const traf = box(
    'traf',
    box('tfhd', words(0x020008, 1, 1_024)),
    box('tfdt', decodeTime(start)),
    box('trun', words(0x201, 1, 0, sample.length)),
  );
  return { moof: box('moof', traf), mdat: box('mdat', sample) };
}
