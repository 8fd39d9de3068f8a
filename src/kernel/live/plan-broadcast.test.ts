import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rationalToNumber } from '../film/film.ts';
import { planFrameRate } from '../film/frame-rates.ts';
import { parseLadder } from '../ladder/ladder.ts';
import { planBroadcast, planPartTarget } from './plan-broadcast.ts';
import type { LivePicture } from './source.ts';

const ladderNamed = (name: string) =>
  parseLadder(readFileSync(new URL(`../../../media/ladders/${name}.json`, import.meta.url), 'utf8'));
const RULES = { segmentSeconds: 2 };

const picture = (width: number, height: number, framesPerSecond?: number): LivePicture => ({
  codec: 'h264',
  size: { width, height },
  pixelShape: { num: 1, den: 1 },
  pixelFormat: 'yuv420p',
  isInterlaced: false,
  ...(framesPerSecond === undefined ? {} : { framesPerSecond }),
});

test('a broadcast has the rungs up to its own size, and sound whether the source has any or not', () => {
  const format = planBroadcast({ video: picture(1280, 720, 30) }, ladderNamed('h264'), RULES);
  expect(format.video?.renditions.map(({ name }) => name)).toEqual(['240p', '360p', '480p', '720p']);
  expect(format.audio?.renditions).toHaveLength(1);
});

test('a ladder of another codec is encoded in H.264 live, one rung a height', () => {
  for (const name of ['hevc', 'av1', 'h264-av1']) {
    const format = planBroadcast({ video: picture(640, 360, 30) }, ladderNamed(name), RULES);
    expect(format.video?.renditions.map(({ codecs }) => codecs.slice(0, 5))).toEqual(['avc1.', 'avc1.']);
  }
});

test('a part is a whole number of pictures, and sound fills 85 % of it at least', () => {
  for (const given of [23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60]) {
    const rate = planFrameRate(given);
    const seconds = planPartTarget(rate);
    const frames = seconds * rationalToNumber(rate);
    expect(Math.abs(frames - Math.round(frames))).toBeLessThan(1e-9);
    expect(seconds).toBeGreaterThanOrEqual(0.3);
    expect(seconds).toBeLessThanOrEqual(0.36);
    const packet = 1_024 / 48_000;
    expect((Math.floor(seconds / packet) * packet) / seconds).toBeGreaterThanOrEqual(0.85);
  }
});

test('a broadcast of sound alone has parts of whole packets', () => {
  const { partTargetSeconds, video } = planBroadcast({ audio: { codec: 'aac' } }, ladderNamed('h264'), RULES);
  expect(video).toBeUndefined();
  expect((partTargetSeconds * 48_000) % 1_024).toBe(0);
});
