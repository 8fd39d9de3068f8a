import { describe, expect, test } from 'vitest';
import type { VideoRendition } from '../film/film.ts';
import { type Complexity, fitRungs } from './by-content.ts';

const rung = (height: number, maxrateBps: number, codecs = 'avc1.64001f'): VideoRendition => ({
  name: `${height}p`,
  width: (height * 16) / 9,
  height,
  codecs,
  level: 31,
  crf: 23,
  maxrateBps,
});

const RUNGS = [rung(180, 400_000), rung(360, 800_000), rung(540, 1_400_000), rung(720, 3_000_000)];
const pixels = (height: number) => (height * height * 16) / 9;

/** Samples of a film that needs `smallBps` at 180 lines and `largeBps` at 720, with these similarities by step. */
function film(smallBps: number, largeBps: number, ...ssims: number[]): Complexity {
  return {
    small: { pixels: pixels(180), encode: { bitrateBps: smallBps, ssim: 0.98 } },
    large: { pixels: pixels(720), encodes: ssims.map((ssim) => ({ bitrateBps: largeBps, ssim })) },
  };
}

const fitted = (complexity: Complexity) =>
  fitRungs(RUNGS, complexity).map(({ name, crf, maxrateBps }) => `${name} ${crf} ${maxrateBps}`);

describe('a ladder by content', () => {
  test('stays as it is for a film that loses by coarser quantisation', () => {
    expect(fitted(film(300_000, 2_400_000, 0.98, 0.97, 0.95))).toEqual([
      '180p 23 400000',
      '360p 23 800000',
      '540p 23 1400000',
      '720p 23 3000000',
    ]);
  });

  test('has lower caps above the lowest rung for a film that loses nothing', () => {
    expect(fitted(film(100_000, 800_000, 0.995, 0.994, 0.993))).toEqual([
      '180p 23 400000',
      '360p 29 400000',
      '540p 29 700000',
      '720p 29 1500000',
    ]);
  });

  test('goes one step where the next would be seen', () => {
    expect(fitted(film(100_000, 800_000, 0.99, 0.987, 0.98))[3]).toBe('720p 26 2121000');
  });

  test('leaves out rungs between which the rate hardly grows, never the ends', () => {
    expect(fitted(film(200_000, 240_000, 0.99, 0.9, 0.8))).toEqual(['180p 23 400000', '720p 23 3000000']);
    expect(fitted(film(200_000, 400_000, 0.99, 0.9, 0.8)).map((each) => each.split(' ')[0])).toEqual([
      '180p',
      '360p',
      '720p',
    ]);
  });

  test('counts by the cap where a film would need more than any rung may', () => {
    expect(fitted(film(9_000_000, 90_000_000, 0.95, 0.9, 0.8))).toHaveLength(4);
  });

  test('judges each codec for itself, on its own scale', () => {
    const both = [...RUNGS, rung(360, 500_000, 'av01.0.04M.08'), rung(720, 1_600_000, 'av01.0.05M.08')];
    const found = fitRungs(both, film(100_000, 800_000, 0.995, 0.994, 0.993));
    expect(found.slice(4).map(({ crf, maxrateBps }) => [crf, maxrateBps])).toEqual([
      [30, 250_000],
      [30, 800_000],
    ]);
  });

  test('leaves a rendition of the source itself alone', () => {
    const copied = { ...rung(720, 5_000_000), name: '720p-source', crf: 0, copied: { peakBps: 1, averageBps: 1 } };
    const found = fitRungs([...RUNGS, copied], film(200_000, 240_000, 0.995, 0.994, 0.993));
    expect(found.map(({ name }) => name)).toEqual(['180p', '720p', '720p-source']);
    expect(found[2]).toEqual(copied);
  });

  test('survives samples that say nothing', () => {
    expect(fitRungs(RUNGS.slice(0, 1), film(0, 0))).toEqual(RUNGS.slice(0, 1));
  });
});
