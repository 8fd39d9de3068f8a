import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinParts } from '../harness/joined-clip.ts';
import { closeFilms, expectOneFilm, H264, openFilms, type Shape, turn } from '../harness/one-film.ts';

/**
 * Films of every kind by every other: what holds of each property alone (test/scenario/grid.test.ts) holds of them together.
 * A few draws each time; FRONTROW_DRAWS makes more, and FRONTROW_SEED repeats those of a failure, which prints its seed.
 */
const DRAWS = Number(process.env.FRONTROW_DRAWS ?? 3);
const SEED = process.env.FRONTROW_SEED === undefined ? {} : { seed: Number(process.env.FRONTROW_SEED) };

/** Most that one film takes on a machine that has other things to do. */
const FILM_MS = 60_000;

beforeAll(openFilms);
afterAll(closeFilms);

const B_FRAMES = ['-bf', '3', '-b_strategy', '0'];

/** What a picture may be encoded as, and what that asks of the rest. */
const CODECS: Readonly<Record<string, Pick<Shape, 'video' | 'size'> & { readonly only?: string }>> = {
  plain: { video: H264 },
  'B-frames': { video: [...H264, ...B_FRAMES, '-x264-params', 'b-pyramid=normal'] },
  'open groups': { video: [...H264, ...B_FRAMES, '-g', '40', '-x264-params', 'open-gop=1'] },
  interlaced: { video: [...H264, '-flags', '+ildct+ilme', '-x264-params', 'tff=1'] },
  'ten bits': { video: [...H264, '-pix_fmt', 'yuv420p10le'] },
  'odd sizes': { video: ['-c:v', 'ffv1', '-pix_fmt', 'yuv444p'], size: '143x81', only: 'mkv' },
};

const SOUNDS: Readonly<Record<string, NonNullable<Shape['sound']>>> = {
  none: 'none',
  mono: { layout: 'mono', rate: 44_100 },
  stereo: { layout: 'stereo', rate: 48_000 },
  '5.1': { layout: '5.1', rate: 48_000, codec: 'ac3' },
};

const draws = fc.record({
  rate: fc.constantFrom('24000/1001', '24', '25', '30000/1001', '30', '50', '60000/1001', '25/2'),
  pace: fc.constantFrom('constant', 'constant', 'variable'),
  codec: fc.constantFrom(...Object.keys(CODECS)),
  pixels: fc.constantFrom('1', '1', '16/11', '3/4'),
  sound: fc.constantFrom(...Object.keys(SOUNDS)),
  container: fc.constantFrom('mp4', 'mkv', 'ts'),
  startSeconds: fc.constantFrom(0, 0, 7.3, 100.5, 4_000),
  special: fc.constantFrom('none', 'none', 'turned', 'joined'),
  chunk: fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.double({ min: 0, max: 0.999, noNaN: true })),
});
type Draw = typeof draws extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function shapeOf(draw: Draw): Shape {
  const { only, ...picture } = CODECS[draw.codec] ?? {};
  const sound = SOUNDS[draw.sound] ?? 'none';
  const container = only ?? draw.container;
  return {
    ...picture,
    rate: draw.rate,
    seconds: 8.7,
    sound,
    container,
    filters: [`setsar=${draw.pixels}`],
    ...(draw.pace === 'variable' ? { keeps: 'not(between(mod(n,7),3,4))' } : {}),
    ...(draw.startSeconds > 0 ? { output: ['-output_ts_offset', String(draw.startSeconds)] } : {}),
    ...specialOf(draw, container),
  };
}

/** A turn is a note in the index of an MP4, and only transport streams are joined by their bytes. */
function specialOf({ special, codec, pace }: Draw, container: string): Partial<Shape> {
  if (special === 'turned' && container === 'mp4') return { upright: true, rework: turn };
  // What an open group shows before its key frame belongs to what was cut off; and a still has no next picture to cut at.
  const joins = special === 'joined' && container === 'ts' && codec !== 'open groups' && pace === 'constant';
  if (!joins) return {};
  const parts = [
    { fromSeconds: 0, clockSeconds: 20 },
    { fromSeconds: 4, clockSeconds: 0 },
  ];
  return { showsMade: true, rework: (from, to) => joinParts(from, to, parts) };
}

/** Draws that once found a fault. */
const FOUND: Readonly<Record<string, Draw>> = {
  'sound whose last packet before a join holds less than the others': {
    rate: '24000/1001',
    pace: 'constant',
    codec: 'B-frames',
    pixels: '1',
    sound: 'mono',
    container: 'ts',
    startSeconds: 100.5,
    special: 'joined',
    chunk: [0, 0],
  },
  'pictures of a variable rate that are shown beyond the sum of their lengths as stored': {
    rate: '24',
    pace: 'variable',
    codec: 'B-frames',
    pixels: '1',
    sound: 'stereo',
    container: 'mp4',
    startSeconds: 7.3,
    special: 'none',
    chunk: [0, 0],
  },
  'sound whose times are rounded to milliseconds': {
    rate: '25',
    pace: 'constant',
    codec: 'B-frames',
    pixels: '1',
    sound: 'mono',
    container: 'mkv',
    startSeconds: 7.3,
    special: 'none',
    chunk: [0, 0.9989999999999996],
  },
};

test.each(Object.entries(FOUND))(
  'a film is one film with %s',
  async (name, draw) => {
    const chances = [...draw.chunk];
    await expectOneFilm(`found-${Object.keys(FOUND).indexOf(name)}`, shapeOf(draw), () => chances.shift() ?? 0);
  },
  FILM_MS,
);

test(
  'a film is one film in whatever pieces it is encoded, whatever its properties are together',
  async () => {
    let films = 0;
    const property = fc.asyncProperty(draws, async (draw) => {
      const [first, length] = draw.chunk;
      const chances = [first, length];
      films += 1;
      await expectOneFilm(`draw-${films}`, shapeOf(draw), () => chances.shift() ?? 0);
    });
    // A smaller film is no simpler one, and each costs seconds: what failed is told as it was drawn.
    await fc.assert(property, { numRuns: DRAWS, endOnFailure: true, ...SEED });
    expect(films).toBe(DRAWS);
  },
  DRAWS * FILM_MS,
);
