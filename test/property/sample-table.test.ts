import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArrivalMap } from '../../src/kernel/cmaf/arrival-map.ts';
import { joinBytes } from '../../src/kernel/cmaf/boxes.ts';
import { cutPoints, fitSegments, framesOf } from '../../src/kernel/cmaf/cut-grid.ts';
import { readSampleTables } from '../../src/kernel/cmaf/sample-table.ts';
import { ascii, box, numbers, wide } from '../../src/kernel/cmaf/write.ts';
import { pictureKind } from '../../src/kernel/cmaf/write-copied.ts';

interface Sample {
  readonly size: number;
  readonly delta: number;
  readonly composition: number;
  readonly sync: boolean;
}

const samples = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 100_000 }),
    delta: fc.integer({ min: 1, max: 10_000 }),
    composition: fc.integer({ min: -20_000, max: 20_000 }),
    sync: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);

/** The index of a file with one track whose chunks hold `perChunk` samples each and lie at `offsets`. */
function writeIndex(all: readonly Sample[], perChunk: readonly number[], offsets: readonly number[], large: boolean) {
  const runs = perChunk.flatMap((count, chunk) => (count === perChunk[chunk - 1] ? [] : [chunk + 1, count, 1]));
  const sync = all.flatMap((sample, index) => (sample.sync ? [index + 1] : []));
  const chunks = large ? offsets.map(wide) : offsets.map((offset) => numbers(offset));
  const stbl = box(
    'stbl',
    box('stsd', numbers(0, 1), box('avc1', numbers(0, 1))),
    box('stts', numbers(0, all.length, ...all.flatMap(({ delta }) => [1, delta]))),
    box('ctts', numbers(0, all.length, ...all.flatMap(({ composition }) => [1, composition]))),
    box('stss', numbers(0, sync.length, ...sync)),
    box('stsz', numbers(0, 0, all.length, ...all.map(({ size }) => size))),
    box('stsc', numbers(0, runs.length / 3, ...runs)),
    box(large ? 'co64' : 'stco', numbers(0, chunks.length), ...chunks),
  );
  const mdia = box(
    'mdia',
    box('mdhd', numbers(0, 0, 0, 90_000, 0, 0)),
    box('hdlr', numbers(0, 0), ascii('vide')),
    box('minf', stbl),
  );
  const trak = box('trak', box('tkhd', numbers(0, 0, 0, 7, 0)), mdia);
  return box('moov', box('mvhd', numbers(0, 0, 0, 1_000)), trak);
}

const placed = fc
  .tuple(samples, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 60, maxLength: 60 }), fc.boolean())
  .map(([all, sizes, large]) => {
    const perChunk: number[] = [];
    for (let left = all.length; left > 0; left -= perChunk.at(-1) ?? 0) perChunk.push(Math.min(left, sizes.pop() ?? 1));
    // Chunks apart from one another, as where picture and sound take turns.
    const offsets = perChunk.map((_, chunk) => (large ? 5_000_000_000 : 1_000) + chunk * 7_000_000);
    return { all, perChunk, offsets, moov: writeIndex(all, perChunk, offsets, large) };
  });

test('an index is read back as it was written', () => {
  fc.assert(
    fc.property(placed, ({ all, perChunk, offsets, moov }) => {
      const [table] = readSampleTables(moov);
      let ticks = 0;
      let at = 0;
      const wanted = perChunk.flatMap((count, chunk) => {
        let offset = offsets[chunk] ?? 0;
        const own = all.slice(at, at + count);
        at += count;
        return own.map((sample) => {
          const row = { ...sample, offset, ticks };
          offset += sample.size;
          ticks += sample.delta;
          return row;
        });
      });
      expect(table).toMatchObject({ trackId: 7, kind: 'video', timescale: 90_000, count: all.length });
      expect([...(table?.sizeBytes ?? [])]).toEqual(wanted.map(({ size }) => size));
      expect([...(table?.offsets ?? [])]).toEqual(wanted.map(({ offset }) => offset));
      expect([...(table?.decodeTicks ?? [])]).toEqual(wanted.map((row) => row.ticks));
      expect([...(table?.compositionTicks ?? [])]).toEqual(wanted.map(({ composition }) => composition));
      expect([...(table?.sync ?? [])]).toEqual(wanted.map(({ sync }) => Number(sync)));
    }),
  );
});

describe('whatever the bytes', () => {
  const spoiled = fc
    .tuple(placed, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 30 }), fc.nat())
    .map(([{ moov }, changes, cut]) => {
      const bytes = Uint8Array.from(moov);
      // The outer header stays, so that there is something to read.
      for (const [at, value] of changes) bytes[8 + (at % (bytes.length - 8))] = value;
      return cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
    });

  test('reading an index ends, throws nothing and gives columns of one length', () => {
    fc.assert(
      fc.property(spoiled, (bytes) => {
        for (const table of readSampleTables(bytes)) {
          const { count, sizeBytes, offsets, decodeTicks, compositionTicks, sync } = table;
          for (const column of [sizeBytes, offsets, decodeTicks, compositionTicks, sync]) {
            expect(column.length).toBe(count);
          }
          expect(count).toBeLessThanOrEqual(3_000_000);
          expect(offsets.every(Number.isSafeInteger)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a few bytes that claim thousands of millions of samples are no index', () => {
    const moov = Buffer.from(writeIndex([{ size: 1, delta: 1, composition: 0, sync: true }], [1], [0], false));
    const stsz = moov.indexOf('stsz') + 8;
    moov.writeUInt32BE(1, stsz);
    moov.writeUInt32BE(0xffffffff, stsz + 4);
    expect(readSampleTables(moov)).toEqual([]);
  });

  test('a sample is units from end to end or broken', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (sample, lengthBytes) => {
        expect(['idr', 'other', 'broken']).toContain(pictureKind(sample, lengthBytes));
        const whole = joinBytes([numbers(sample.length + 1), Uint8Array.of(0x65), sample]);
        expect(pictureKind(whole, 4)).toBe('idr');
        expect(pictureKind(whole.subarray(0, -1), 4)).toBe('broken');
      }),
    );
  });
});

test('where a film is cut, no picture changes sides', () => {
  const order = fc.integer({ min: 1, max: 40 }).chain((count) =>
    fc.tuple(
      fc.shuffledSubarray(
        Array.from({ length: count }, (_, frame) => frame),
        { minLength: count, maxLength: count },
      ),
      fc.array(fc.boolean(), { minLength: count, maxLength: count }),
    ),
  );
  fc.assert(
    fc.property(order, fc.integer({ min: 1, max: 10 }), ([shown, sync], wanted) => {
      const cuts = cutPoints(Int32Array.from(shown), Uint8Array.from(sync.map(Number)));
      const frames = fitSegments(cuts, { wanted, least: 1, most: 10 });
      for (let at = 0; frames && at < shown.length; at += frames) {
        expect(sync[at]).toBe(true);
        expect(shown[at]).toBe(at);
        expect(Math.max(-1, ...shown.slice(0, at))).toBeLessThan(at);
        expect(Math.min(...shown.slice(at))).toBe(at);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('frames of any rate, on any clock that can nearly count them, are found', () => {
  const rates = fc.constantFrom({ num: 24_000, den: 1_001 }, { num: 25, den: 1 }, { num: 60, den: 1 });
  fc.assert(
    fc.property(
      rates,
      fc.integer({ min: 300, max: 90_000 }),
      fc.integer({ min: 1, max: 300 }),
      (rate, clock, count) => {
        const decodeTicks = Float64Array.from({ length: count }, (_, at) =>
          Math.round((at * clock * rate.den) / rate.num),
        );
        const table = {
          trackId: 1,
          kind: 'video' as const,
          timescale: clock,
          count,
          sizeBytes: new Uint32Array(count),
          offsets: new Float64Array(count),
          decodeTicks,
          compositionTicks: new Int32Array(count),
          sync: new Uint8Array(count),
          edits: [],
          entry: undefined,
        };
        expect([...(framesOf(table, rate) ?? [])]).toEqual(Array.from({ length: count }, (_, at) => at));
      },
    ),
  );
});

test('of a file that has arrived up to a time, every sample decoded until then is there, and no byte more is asked for', () => {
  fc.assert(
    fc.property(placed, fc.double({ min: 0, max: 10, noNaN: true }), ({ moov }, seconds) => {
      const tables = readSampleTables(moov);
      const needed = ArrivalMap.of(tables)?.bytesUntil(seconds) ?? 0;
      const [table] = tables;
      const ends = Array.from({ length: table?.count ?? 0 }, (_, sample) => ({
        at: (table?.decodeTicks[sample] ?? 0) / (table?.timescale ?? 1),
        end: (table?.offsets[sample] ?? 0) + (table?.sizeBytes[sample] ?? 0),
      }));
      expect(needed).toBe(Math.max(...ends.filter(({ at }) => at <= seconds).map(({ end }) => end)));
    }),
  );
});
