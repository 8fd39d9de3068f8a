import { describe, expect, test } from 'vitest';
import { boxesIn, findBox, joinBytes, readBoxHeader } from './boxes.ts';
import { readInit } from './init.ts';
import { keyFrameRange, readSegment } from './segment.ts';
import { type Fragment, FragmentSplitter, type Piece } from './splitter.ts';
import { mergeAudioFragments, writeSegment } from './write.ts';

const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const u32 = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * at);
  return new Uint8Array(bytes);
};
const box = (type: string, ...parts: Uint8Array[]) => {
  const body = joinBytes(parts);
  return joinBytes([u32(8 + body.length), ascii(type), body]);
};

/** A fragment of a track at `start`: one run of samples of 1,024 ticks. */
function fragment(start: number, sizes: readonly number[], sync = true): Fragment {
  const data = joinBytes(sizes.map((size, at) => new Uint8Array(size).fill(start + at)));
  const traf = box(
    'traf',
    box('tfhd', u32(0x020028, 1, 1_024, sync ? 0x02000000 : 0x01010000)),
    box('tfdt', u32(0x01000000, 0, start)),
    box('trun', u32(0x201, sizes.length, 0, ...sizes)),
  );
  return { moof: box('moof', box('mfhd', u32(0, 1)), traf), mdat: box('mdat', data) };
}

function initOf(entry: Uint8Array): Uint8Array {
  const stsd = box('stsd', u32(0, 1), entry);
  const minf = box('minf', box('stbl', stsd));
  const mdhd = box('mdhd', u32(0, 0, 0, 24_000, 0, 0));
  return joinBytes([box('ftyp', ascii('iso6')), box('moov', box('trak', box('mdia', mdhd, minf)))]);
}

describe('boxes', () => {
  test('a header needs eight bytes, and sixteen when it is large', () => {
    expect(readBoxHeader(ascii('1234567'), 0)).toBeUndefined();
    expect(readBoxHeader(joinBytes([u32(1), ascii('mdat'), u32(0)]), 0)).toBeUndefined();
    const large = readBoxHeader(joinBytes([u32(1), ascii('mdat'), u32(1, 0)]), 0);
    expect(large).toEqual({ type: 'mdat', headerBytes: 16, sizeBytes: 2 ** 32 });
  });

  test('reading ends at a box that claims more than there is', () => {
    const bytes = joinBytes([box('free'), u32(999), ascii('moov')]);
    expect([...boxesIn(bytes)].map(({ type }) => type)).toEqual(['free']);
  });

  test('reading ends at a box smaller than its own header', () => {
    expect([...boxesIn(joinBytes([u32(4), ascii('moov'), u32(0)]))]).toEqual([]);
  });

  test('a path is followed through every branch', () => {
    const bytes = joinBytes([box('moov', box('udta')), box('moov', box('trak', box('tkhd')))]);
    expect(findBox(bytes, ['moov', 'trak', 'tkhd'])?.type).toBe('tkhd');
    expect(findBox(bytes, ['moov', 'mdia'])).toBeUndefined();
  });
});

describe('the splitter', () => {
  const { moof, mdat } = fragment(0, [3, 5]);
  const init = initOf(box('avc1'));
  const stream = joinBytes([
    init,
    moof,
    mdat,
    box('sidx', u32(1)),
    fragment(2_048, [4]).moof,
    fragment(2_048, [4]).mdat,
  ]);
  const split = (sizes: number): Piece[] => {
    const splitter = new FragmentSplitter();
    const pieces: Piece[] = [];
    for (let at = 0; at < stream.length; at += sizes) pieces.push(...splitter.push(stream.slice(at, at + sizes)));
    expect(splitter.leftBytes).toBe(0);
    return pieces;
  };

  test.each([1, 7, 8, 100, 100_000])('finds the same pieces in portions of %i bytes', (sizes) => {
    const pieces = split(sizes);
    expect(pieces.map(({ kind }) => kind)).toEqual(['init', 'fragment', 'fragment']);
    const [first, second] = pieces;
    expect(first?.kind === 'init' && Buffer.from(first.bytes).equals(init)).toBe(true);
    expect(second?.kind === 'fragment' && Buffer.from(second.fragment.mdat).equals(mdat)).toBe(true);
  });

  test('bytes that wait for their box are told', () => {
    const splitter = new FragmentSplitter();
    splitter.push(stream.slice(0, stream.length - 1));
    expect(splitter.leftBytes).toBeGreaterThan(0);
  });

  test('bytes that are no boxes are an error, not a wait for gigabytes', () => {
    expect(() => new FragmentSplitter().push(ascii('this is text, no boxes'))).toThrow(RangeError);
  });
});

describe('what a segment says', () => {
  test('time, samples and sync are read through the boxes before them', () => {
    expect(readSegment(writeSegment(fragment(96_000, [10, 20, 30])))).toEqual({
      startTicks: 96_000,
      sampleCount: 3,
      durationTicks: 3 * 1_024,
      endTicks: 96_000 + 3 * 1_024,
      startsWithSync: true,
      hasSync: true,
      sampleBytes: [10, 20, 30],
    });
  });

  test('a first sample that leans on others is told', () => {
    expect(readSegment(fragment(0, [1], false).moof)?.startsWithSync).toBe(false);
  });

  test('a start before 0, which wraps, is no time', () => {
    const { moof } = fragment(0, [1]);
    const wrapped = Buffer.from(moof);
    wrapped.writeBigUInt64BE(2n ** 64n - 1_024n, wrapped.indexOf('tfdt') + 8);
    expect(readSegment(wrapped)).toBeUndefined();
  });

  test('a run that claims more samples than it holds is no run', () => {
    const lying = Buffer.from(fragment(0, [1, 2]).moof);
    lying.writeUInt32BE(4_000_000_000, lying.indexOf('trun') + 8);
    expect(readSegment(lying)).toBeUndefined();
  });
});

describe('the key frame of a segment', () => {
  const segment = writeSegment(fragment(96_000, [10, 20, 30]));
  const range = keyFrameRange(segment) ?? { start: 0, end: 0 };
  const alone = segment.subarray(range.start, range.end);

  test('is a whole fragment by its own, of one sample', () => {
    expect(readSegment(alone)).toMatchObject({ startTicks: 96_000, sampleCount: 1, sampleBytes: [10] });
    expect([...boxesIn(alone)].map(({ type, end }) => [type, end])).toEqual([
      ['moof', expect.any(Number)],
      ['mdat', alone.length],
    ]);
    expect([...alone.subarray(-10)]).toEqual(new Array(10).fill(96_000 % 256));
  });

  test('is the part up to its last byte where an encoder left it with the others', () => {
    const { moof, mdat } = fragment(0, [10, 20]);
    expect(keyFrameRange(joinBytes([moof, mdat]))).toEqual({ start: 0, end: moof.length + 8 + 10 });
  });

  test('is not there when the first sample leans on others, or its bytes are cut off', () => {
    const { moof, mdat } = fragment(0, [10], false);
    expect(keyFrameRange(joinBytes([moof, mdat]))).toBeUndefined();
    expect(keyFrameRange(segment.subarray(0, range.end - 1))).toBeUndefined();
    expect(keyFrameRange(new Uint8Array())).toBeUndefined();
  });
});

describe('lengths that lie', () => {
  test('a run of samples without fields may not claim thousands of millions of them', () => {
    const lying = Buffer.from(fragment(0, [1]).moof);
    const trun = lying.indexOf('trun');
    lying.writeUInt32BE(0, trun + 4);
    lying.writeUInt32BE(4_000_000_000, trun + 8);
    expect(readSegment(lying)).toBeUndefined();
  });

  test.each([0, 4, 7])('a box of %i bytes in a stream is an error, not an endless one', (size) => {
    expect(() => new FragmentSplitter().push(joinBytes([u32(size), ascii('moof'), u32(0, 0)]))).toThrow(RangeError);
  });
});

describe('merging the fragments of sound', () => {
  test('gives one fragment with every sample in order', () => {
    const merged = mergeAudioFragments([fragment(1_024, [3]), fragment(2_048, [5, 7])], 9);
    if (!merged) throw new Error('not merged');
    expect(readSegment(merged)).toMatchObject({ startTicks: 1_024, sampleBytes: [3, 5, 7], durationTicks: 3_072 });
    const mdat = findBox(merged, ['mdat']);
    expect([...merged.slice(mdat?.bodyStart, mdat?.end)]).toHaveLength(15);
    const moof = findBox(merged, ['moof']);
    const trun = findBox(merged, ['moof', 'traf', 'trun']);
    const offset = Buffer.from(merged).readUInt32BE((trun?.bodyStart ?? 0) + 8);
    expect((moof?.start ?? 0) + offset).toBe(mdat?.bodyStart);
  });

  test('refuses fragments with a gap between them', () => {
    expect(mergeAudioFragments([fragment(0, [3]), fragment(2_048, [5])], 1)).toBeUndefined();
    expect(mergeAudioFragments([], 1)).toBeUndefined();
  });
});

describe('codec names', () => {
  const avc = (...bytes: number[]) => box('avc1', new Uint8Array(78), box('avcC', Uint8Array.from([1, ...bytes])));
  const hevc = (profile: number, compatible: number, constraints: number[], level: number) =>
    box(
      'hvc1',
      new Uint8Array(78),
      box('hvcC', Uint8Array.from([1, profile]), u32(compatible), Uint8Array.from([...constraints, level])),
    );
  const av1 = (...bytes: number[]) => box('av01', new Uint8Array(78), box('av1C', Uint8Array.from([0x81, ...bytes])));
  const aac = (...config: number[]) => {
    const specific = Uint8Array.from([0x05, config.length, ...config]);
    const decoder = Uint8Array.from([0x04, 13 + specific.length, 0x40, ...new Uint8Array(12), ...specific]);
    const stream = Uint8Array.from([0x03, 3 + decoder.length, 0, 1, 0, ...decoder]);
    return box('mp4a', new Uint8Array(28), box('esds', u32(0), stream));
  };
  const cases: [string, Uint8Array, string | undefined][] = [
    ['H.264 High 3.1', avc(0x64, 0x00, 0x1f), 'avc1.64001f'],
    ['H.264 constrained baseline', avc(0x42, 0xc0, 0x1e), 'avc1.42c01e'],
    ['AAC LC', aac(0x11, 0x90), 'mp4a.40.2'],
    ['HE-AAC', aac(0x2b, 0x92), 'mp4a.40.5'],
    ['an object type beyond 31', aac(0xf9, 0x48), 'mp4a.40.42'],
    ['a cut avcC', box('avc1', new Uint8Array(78), box('avcC', Uint8Array.from([1, 100]))), undefined],
    ['HEVC Main 3.0', hevc(0x01, 0x60000000, [0x90, 0, 0, 0, 0, 0], 90), 'hvc1.1.6.L90.90'],
    ['HEVC Main 10, high tier', hevc(0x22, 0x20000000, [0xb0, 0, 0x10, 0, 0, 0], 153), 'hvc1.2.4.H153.b0.0.10'],
    ['AV1 Main 4.0', av1(0x08, 0x0c), 'av01.0.08M.08'],
    ['AV1 of 10 bits, high tier', av1(0x0d, 0xcc), 'av01.0.13H.10'],
    ['a cut hvcC', box('hvc1', new Uint8Array(78), box('hvcC', Uint8Array.from([1, 1]))), undefined],
    ['a codec that is not ours', box('vp09', new Uint8Array(90)), undefined],
  ];
  test.each(cases)('%s', (_name, entry, codecs) => {
    expect(readInit(initOf(entry))).toEqual(codecs === undefined ? undefined : { codecs, timescale: 24_000 });
  });
});
