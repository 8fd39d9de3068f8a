import { expect, test } from 'vitest';
import type { BroadcastFormat } from './broadcast.ts';
import { mayCopyTop, sessionRenditions } from './session-plan.ts';
import type { LivePicture, LiveSource } from './source.ts';

const rung = (name: string, width: number, height: number) => ({
  name,
  width,
  height,
  codecs: 'avc1.64001f',
  averageBps: 1,
  maxrateBps: 1,
});
const FORMAT: BroadcastFormat = {
  segmentSeconds: 2,
  targetDurationSeconds: 2,
  partTargetSeconds: 1 / 3,
  video: {
    frameRate: { num: 30, den: 1 },
    timescale: 90_000,
    renditions: [rung('360p', 640, 360), rung('720p', 1280, 720)],
  },
  audio: { sampleRate: 48_000, renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 1, channels: 2 }] },
};
const PICTURE: LivePicture = {
  codec: 'h264',
  profile: 'High',
  size: { width: 1280, height: 720 },
  pixelShape: { num: 1, den: 1 },
  pixelFormat: 'yuv420p',
  isInterlaced: false,
  framesPerSecond: 30,
};
const FILM: LiveSource = { video: PICTURE, audio: { codec: 'aac' } };

test('a session has what its source has, and sound in any case; the lowest rung stays', () => {
  expect(sessionRenditions(FORMAT, FILM, 0)).toEqual(['360p', '720p', 'audio']);
  expect(sessionRenditions(FORMAT, FILM, 1)).toEqual(['360p', 'audio']);
  expect(sessionRenditions(FORMAT, FILM, 5)).toEqual(['360p', 'audio']);
  expect(sessionRenditions(FORMAT, { audio: { codec: 'aac' } }, 0)).toEqual(['audio']);
});

const FLV = { container: 'flv', usesArrivalTimes: false, isSteady: true } as const;

test.each<[string, Parameters<typeof mayCopyTop>, boolean]>([
  ['as it is', [FLV, FORMAT, FILM, ['360p', '720p']], true],
  ['without the top rung', [FLV, FORMAT, FILM, ['360p']], false],
  ['in a transport stream', [{ ...FLV, container: 'mpegts' }, FORMAT, FILM, ['720p']], true],
  ['of a browser', [{ ...FLV, container: 'matroska' }, FORMAT, FILM, ['720p']], false],
  ['by times of arrival', [{ ...FLV, usesArrivalTimes: true }, FORMAT, FILM, ['720p']], false],
  ['that changes its set-up', [{ ...FLV, isSteady: false }, FORMAT, FILM, ['720p']], false],
  ['of another codec', [FLV, FORMAT, { video: { ...PICTURE, codec: 'vp8' } }, ['720p']], false],
  ['of an uncommon profile', [FLV, FORMAT, { video: { ...PICTURE, profile: 'Extended' } }, ['720p']], false],
  ['of ten bits', [FLV, FORMAT, { video: { ...PICTURE, pixelFormat: 'yuv420p10le' } }, ['720p']], false],
  ['of another size', [FLV, FORMAT, { video: { ...PICTURE, size: { width: 1282, height: 720 } } }, ['720p']], false],
  ['of 29.97 pictures', [FLV, FORMAT, { video: { ...PICTURE, framesPerSecond: 29.97 } }, ['720p']], true],
  ['of more pictures', [FLV, FORMAT, { video: { ...PICTURE, framesPerSecond: 60 } }, ['720p']], false],
  ['of fewer pictures', [FLV, FORMAT, { video: { ...PICTURE, framesPerSecond: 12 } }, ['720p']], false],
  ['in fields', [FLV, FORMAT, { video: { ...PICTURE, isInterlaced: true } }, ['720p']], false],
])('a source %s', (_what, args, expected) => {
  expect(mayCopyTop(...args)).toBe(expected);
});
