import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boxesIn, findBox, joinBytes } from '../../src/kernel/cmaf/boxes.ts';
import { readInit } from '../../src/kernel/cmaf/init.ts';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { FragmentSplitter } from '../../src/kernel/cmaf/splitter.ts';
import { mergeAudioFragments } from '../../src/kernel/cmaf/write.ts';

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
        startsWithSync: true,
        sampleBytes: samples.map((sample) => sample.length),
      });
      const mdat = findBox(merged, ['mdat']);
      expect(Buffer.from(merged.subarray(mdat?.bodyStart, mdat?.end)).equals(Buffer.concat(samples))).toBe(true);
    }),
  );
});

function oneSample(start: number, sample: Uint8Array): { moof: Uint8Array; mdat: Uint8Array } {
  const box = (type: string, ...parts: Uint8Array[]) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0));
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, ...parts]);
  };
  const time = Buffer.alloc(12);
  time.writeUInt32BE(0x01000000);
  time.writeBigUInt64BE(BigInt(start), 4);
  const words = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
    return bytes;
  };
  const traf = box(
    'traf',
    box('tfhd', words(0x020008, 1, 1_024)),
    box('tfdt', time),
    box('trun', words(0x201, 1, 0, sample.length)),
  );
  return { moof: box('moof', traf), mdat: box('mdat', sample) };
}
