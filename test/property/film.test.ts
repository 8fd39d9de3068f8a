import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AAC_FRAME, type Film, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import { planFilm } from '../../src/transcode/plan.ts';

const ladder = parseLadder(
  JSON.stringify({
    name: 'test',
    codec: 'h264',
    preset: 'veryfast',
    rungs: [{ height: 240, crf: 25, maxrateBps: 400_000 }],
    audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
  }),
);

const RATES = [
  { num: 24_000, den: 1_001 },
  { num: 24, den: 1 },
  { num: 25, den: 1 },
  { num: 30_000, den: 1_001 },
  { num: 50, den: 1 },
  { num: 60, den: 1 },
];

const durations = fc.double({ min: 0.02, max: 400, noNaN: true });

test('every segment of an audio film holds sound, and together they hold all of it', () => {
  fc.assert(
    fc.property(durations, (seconds) => expectWhole(audioFilm(seconds), 'audio')),
    { numRuns: 2_000 },
  );
});

// 20.0108 seconds of MP3: its last frame alone fell to a sixth segment whose first frame came after it.
test('a sound that ends within half a frame of a boundary gets no empty segment', () => {
  expectWhole(audioFilm(20.010861), 'audio');
});

test('sound and picture have the same segments, and none of either is empty', () => {
  fc.assert(
    fc.property(durations, fc.constantFrom(...RATES), (seconds, frameRate) => {
      const film = avFilm(seconds, frameRate);
      expectWhole(film, 'audio');
      expectWhole(film, film.video?.renditions[0]?.name ?? '');
    }),
    { numRuns: 2_000 },
  );
});

function expectWhole(film: Film, rendition: string): void {
  let endTicks = 0;
  for (let index = 0; index < segmentCount(film); index++) {
    const timing = segmentTiming(film, rendition, index);
    expect(timing?.startTicks).toBe(endTicks);
    expect(timing?.durationTicks).toBeGreaterThan(0);
    endTicks += timing?.durationTicks ?? 0;
  }
  if (rendition === 'audio') expect(endTicks).toBe((film.audio?.frameCount ?? 0) * AAC_FRAME);
}

const sound = (durationSeconds: number) => ({
  streamIndex: 1,
  sampleRate: 48_000,
  channels: 2,
  startSeconds: 0,
  durationSeconds,
});

function audioFilm(seconds: number): Film {
  return planFilm('as_aaaabbbbccccdddd', { container: 'mp3', audio: sound(seconds) }, ladder, 6).film;
}

function avFilm(seconds: number, frameRate: { num: number; den: number }): Film {
  const video = {
    streamIndex: 0,
    width: 426,
    height: 240,
    pixelShape: { num: 1, den: 1 },
    rotation: 0 as const,
    frameRate,
    timeBase: { num: 1, den: 90_000 },
    startPts: 0,
    startSeconds: 0,
    durationSeconds: seconds,
    interlaced: false,
    transfer: 'sdr' as const,
    matrix: 'bt709' as const,
  };
  return planFilm('as_aaaabbbbccccdddd', { container: 'mov', video, audio: sound(seconds) }, ladder, 6).film;
}
