import { describe, expect, test } from 'vitest';
import { AAC_FRAME, audioFrameAt, type Film, frameTicks, segmentCount, segmentTiming, shortenFilm } from './film.ts';

const FILM: Film = {
  segmentSeconds: 4,
  durationSeconds: 20,
  video: {
    frameRate: { num: 25, den: 1 },
    framesPerSegment: 100,
    frameCount: 500,
    timescale: 25_000,
    renditions: [{ name: '240p', width: 426, height: 240, codecs: 'avc1.640015', level: 21, crf: 25, maxrateBps: 1 }],
  },
  audio: {
    sampleRate: 48_000,
    frameCount: 938,
    renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 1, channels: 2 }],
  },
};

describe('the grid', () => {
  test('segments of a rendition follow one another without a gap to the end', () => {
    for (const name of ['240p', 'audio']) {
      let next = 0;
      for (let index = 0; index < segmentCount(FILM); index += 1) {
        const timing = segmentTiming(FILM, name, index);
        expect(timing?.startTicks).toBe(next);
        next += timing?.durationTicks ?? 0;
      }
      expect(next).toBe(name === 'audio' ? 938 * AAC_FRAME : 500 * 1_000);
    }
  });

  test('a frame of 30000/1001 is a whole number of ticks', () => {
    const video = { ...FILM.video, frameRate: { num: 30_000, den: 1_001 }, timescale: 30_000 };
    expect(frameTicks(video as NonNullable<Film['video']>)).toBe(1_001);
  });

  test('there is no segment before the first, after the last, or of another rendition', () => {
    expect(segmentTiming(FILM, '240p', -1)).toBeUndefined();
    expect(segmentTiming(FILM, '240p', 5)).toBeUndefined();
    expect(segmentTiming(FILM, '720p', 0)).toBeUndefined();
  });
});

describe('a film that turns out shorter', () => {
  test('keeps its sound when it loses pictures of its last segment only', () => {
    const shorter = shortenFilm(FILM, 450);
    expect(shorter?.video?.frameCount).toBe(450);
    expect(shorter?.durationSeconds).toBe(18);
    expect(shorter?.audio?.frameCount).toBe(938);
  });

  test('loses whole segments of sound, so that none that stays is changed', () => {
    const shorter = shortenFilm(FILM, 276);
    if (!shorter) throw new Error('not shortened');
    expect(segmentCount(shorter)).toBe(3);
    for (let index = 0; index <= 3; index += 1) expect(audioFrameAt(shorter, index)).toBe(audioFrameAt(FILM, index));
  });

  test('is not a change when it is no shorter', () => {
    expect(shortenFilm(FILM, 500)).toBeUndefined();
    expect(shortenFilm({ ...FILM, video: undefined } as unknown as Film, 1)).toBeUndefined();
  });
});
