import { describe, expect, test } from 'vitest';
import type { Ladder } from './ladder.ts';
import { codecsAt, planLevel } from './level.ts';
import { planDisplaySize, planRungs } from './rungs.ts';

const LADDER: Ladder = {
  name: 'test',
  rungs: [
    { height: 240, crf: 25, maxrateBps: 400_000 },
    { height: 360, crf: 24, maxrateBps: 800_000 },
    { height: 480, crf: 23, maxrateBps: 1_400_000 },
    { height: 720, crf: 23, maxrateBps: 3_000_000 },
    { height: 1080, crf: 22, maxrateBps: 6_000_000 },
  ].map((rung) => ({ ...rung, codec: 'h264' as const, preset: 'veryfast' })),
  audio: { bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
};

const RATE = { num: 25, den: 1 };
const sizes = (width: number, height: number) =>
  planRungs(LADDER, { width, height }, RATE).map((rung) => `${rung.name} ${rung.width}x${rung.height}`);

describe('rungs', () => {
  const cases: [string, [number, number], string[]][] = [
    ['a source on a rung', [854, 480], ['240p 428x240', '360p 640x360', '480p 854x480']],
    [
      'a source between rungs is its own top',
      [720, 576],
      ['240p 300x240', '360p 450x360', '480p 600x480', '576p 720x576'],
    ],
    ['a source a hair above a rung replaces it', [864, 486], ['240p 426x240', '360p 640x360', '486p 864x486']],
    ['a source below the lowest rung is all there is', [320, 180], ['180p 320x180']],
    ['a portrait film has its rungs by its short side', [480, 854], ['240p 240x428', '360p 360x640', '480p 480x854']],
    ['an odd size loses a line', [321, 243], ['242p 320x242']],
    [
      'a source above the top is scaled down',
      [3840, 2160],
      ['240p 426x240', '360p 640x360', '480p 854x480', '720p 1280x720', '1080p 1920x1080'],
    ],
    ['the smallest picture there is', [1, 1], ['2p 2x2']],
  ];
  test.each(cases)('%s', (_name, [width, height], expected) => expect(sizes(width, height)).toEqual(expected));

  test('nothing is ever scaled up, and every side is even', () => {
    for (let height = 2; height < 1_400; height += 37) {
      for (const aspect of [0.4, 9 / 16, 1, 4 / 3, 16 / 9, 2.39]) {
        const width = Math.max(2, Math.round(height * aspect));
        for (const rung of planRungs(LADDER, { width, height }, RATE)) {
          expect(rung.width).toBeLessThanOrEqual(width);
          expect(rung.height).toBeLessThanOrEqual(height);
          expect((rung.width % 2) + (rung.height % 2)).toBe(0);
        }
      }
    }
  });

  test('a rung between two has a rate between theirs', () => {
    const top = planRungs(LADDER, { width: 720, height: 576 }, RATE).at(-1);
    expect(top?.maxrateBps).toBeGreaterThan(1_400_000);
    expect(top?.maxrateBps).toBeLessThan(3_000_000);
  });

  test('twice the frames get half as much again', () => {
    expect(planRungs(LADDER, { width: 426, height: 240 }, { num: 50, den: 1 })[0]?.maxrateBps).toBe(600_000);
  });

  test('a panorama is no wider than an encoder takes', () => {
    for (const { width } of planRungs(LADDER, { width: 30_000, height: 600 }, RATE))
      expect(width).toBeLessThanOrEqual(8_192);
  });
});

describe('what is shown of a picture', () => {
  const cases: [string, Parameters<typeof planDisplaySize>, [number, number]][] = [
    ['as coded', [{ width: 640, height: 360 }, { num: 1, den: 1 }, 0], [640, 360]],
    ['turned by 90', [{ width: 640, height: 360 }, { num: 1, den: 1 }, -90], [360, 640]],
    ['upside down', [{ width: 640, height: 360 }, { num: 1, den: 1 }, 180], [640, 360]],
    ['wide pixels', [{ width: 720, height: 576 }, { num: 16, den: 11 }, 0], [1047, 576]],
    ['wide pixels, turned', [{ width: 720, height: 576 }, { num: 16, den: 11 }, 270], [576, 1047]],
  ];
  test.each(cases)('%s', (_name, given, [width, height]) =>
    expect(planDisplaySize(...given)).toEqual({ width, height }),
  );
});

describe('H.264 levels', () => {
  const cases: [string, Parameters<typeof planLevel>[1], number][] = [
    ['240p', { width: 426, height: 240, framesPerSecond: 24, maxrateBps: 400_000 }, 21],
    ['480p', { width: 854, height: 480, framesPerSecond: 24, maxrateBps: 1_400_000 }, 30],
    ['720p', { width: 1280, height: 720, framesPerSecond: 30, maxrateBps: 3_000_000 }, 31],
    ['720p at 60', { width: 1280, height: 720, framesPerSecond: 60, maxrateBps: 4_500_000 }, 32],
    ['1080p', { width: 1920, height: 1080, framesPerSecond: 30, maxrateBps: 6_000_000 }, 40],
    ['1080p at 60', { width: 1920, height: 1080, framesPerSecond: 60, maxrateBps: 9_000_000 }, 42],
    ['2160p', { width: 3840, height: 2160, framesPerSecond: 30, maxrateBps: 18_000_000 }, 51],
    ['a small picture of a large rate', { width: 426, height: 240, framesPerSecond: 24, maxrateBps: 6_000_000 }, 30],
    ['a long thin picture', { width: 4096, height: 64, framesPerSecond: 24, maxrateBps: 400_000 }, 40],
    ['more than any level', { width: 16_384, height: 16_384, framesPerSecond: 60, maxrateBps: 1e9 }, 62],
  ];
  test.each(cases)('%s', (_name, need, level) => expect(planLevel('h264', need)).toBe(level));

  test('a level is written in hex', () => {
    expect([21, 31, 42].map((level) => codecsAt('h264', level))).toEqual(['avc1.640015', 'avc1.64001f', 'avc1.64002a']);
  });
});

describe('HEVC and AV1 levels', () => {
  const cases: [string, Parameters<typeof planLevel>[1], string, string][] = [
    ['240p', { width: 426, height: 240, framesPerSecond: 24, maxrateBps: 260_000 }, 'L63', '01M'],
    ['480p', { width: 854, height: 480, framesPerSecond: 30, maxrateBps: 900_000 }, 'L90', '04M'],
    ['720p', { width: 1280, height: 720, framesPerSecond: 30, maxrateBps: 2e6 }, 'L93', '05M'],
    ['1080p', { width: 1920, height: 1080, framesPerSecond: 30, maxrateBps: 4e6 }, 'L120', '08M'],
    ['1080p at 60', { width: 1920, height: 1080, framesPerSecond: 60, maxrateBps: 6e6 }, 'L123', '09M'],
    ['2160p', { width: 3840, height: 2160, framesPerSecond: 30, maxrateBps: 12e6 }, 'L150', '12M'],
    ['2160p at 60', { width: 3840, height: 2160, framesPerSecond: 60, maxrateBps: 18e6 }, 'L153', '13M'],
    ['a large rate', { width: 426, height: 240, framesPerSecond: 24, maxrateBps: 11e6 }, 'L120', '08M'],
    ['a long thin picture', { width: 4_600, height: 64, framesPerSecond: 24, maxrateBps: 1e5 }, 'L150', '05M'],
    ['more than any level', { width: 40_000, height: 40_000, framesPerSecond: 60, maxrateBps: 1e9 }, 'L186', '18M'],
  ];
  test.each(cases)('%s', (_name, need, hevc, av1) => {
    expect(codecsAt('hevc', planLevel('hevc', need))).toBe(`hvc1.1.6.${hevc}.90`);
    expect(codecsAt('av1', planLevel('av1', need))).toBe(`av01.0.${av1}.08`);
  });
});

test('a ladder of two codecs has the rungs of one behind those of the other, cut at the source each', () => {
  const [low, ...rest] = LADDER.rungs;
  if (!low) throw new Error('no rungs');
  const av1 = rest.map((rung) => ({ ...rung, codec: 'av1' as const, preset: '10' }));
  const mixed = planRungs({ ...LADDER, rungs: [low, ...av1] }, { width: 1280, height: 720 }, RATE);
  expect(mixed.map(({ name, preset }) => `${name} ${preset}`)).toEqual([
    '240p veryfast',
    '360p-av1 10',
    '480p-av1 10',
    '720p-av1 10',
  ]);
});
