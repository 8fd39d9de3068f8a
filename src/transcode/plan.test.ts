import { describe, expect, test } from 'vitest';
import { segmentCount } from '../kernel/film/film.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import { planFilm, planLayout, planStoryboard } from './plan.ts';
import type { SourceInfo } from './source.ts';

const LADDER: Ladder = {
  name: 'test',
  rungs: [
    { height: 240, codec: 'h264', preset: 'veryfast', crf: 25, maxrateBps: 400_000 },
    { height: 480, codec: 'h264', preset: 'veryfast', crf: 23, maxrateBps: 1_400_000 },
  ],
  audio: { bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
};

const VIDEO: NonNullable<SourceInfo['video']> = {
  streamIndex: 0,
  width: 854,
  height: 480,
  pixelShape: { num: 1, den: 1 },
  rotation: 0,
  frameRate: { num: 25, den: 1 },
  timeBase: { num: 1, den: 1_000 },
  startPts: 0,
  durationSeconds: 600,
  interlaced: false,
  matrix: 'bt601',
  transfer: 'sdr',
};
const AUDIO = { streamIndex: 1, sampleRate: 44_100, channels: 6, startSeconds: 0, durationSeconds: 600 };
const SOURCE: SourceInfo = { container: 'mov', video: VIDEO, audio: AUDIO };
const plan = (source: SourceInfo) => planFilm('as_x', source, LADDER, 6);

describe('the sound', () => {
  const SURROUND = { ...LADDER, audio: { ...LADDER.audio, channels: 6 } };
  const tracks = (...all: object[]) => ({ ...SOURCE, otherAudio: all.map((each) => ({ ...AUDIO, ...each })) });
  const renditions = (source: SourceInfo, ladder = LADDER) => {
    const { audio } = planFilm('as_x', source, ladder, 6).film;
    return (audio?.renditions ?? []).map(({ name, channels, label }) => [name, channels, label]);
  };

  test('every track becomes a rendition with a name and a label of its own', () => {
    const source = tracks(
      { language: 'fr' },
      { language: 'fr', channels: 1 },
      { language: 'fr', title: 'Director "X"' },
    );
    expect(renditions(source)).toEqual([
      ['audio', 2, 'Audio'],
      ['audio-2', 2, 'French'],
      ['audio-3', 1, 'French 2'],
      ['audio-4', 2, 'Director X'],
    ]);
  });

  test('5.1 is kept beside stereo by a ladder of six channels, and only by that', () => {
    const source = tracks({ channels: 2 }, { channels: 8 });
    expect(renditions(source).map(([name, channels]) => `${name} ${channels}`)).toEqual([
      'audio 2',
      'audio-2 2',
      'audio-3 2',
    ]);
    expect(renditions(source, SURROUND).map(([name, channels]) => `${name} ${channels}`)).toEqual([
      'audio 2',
      'audio-2 2',
      'audio-3 2',
      'audio-surround 6',
      'audio-3-surround 6',
    ]);
  });

  test('a second track neither moves the beginning nor the end of the film', () => {
    const source = tracks({ startSeconds: -3, durationSeconds: 900 });
    expect(plan(source).film.durationSeconds).toBe(plan(SOURCE).film.durationSeconds);
    expect(planLayout(source).zeroSeconds).toBe(planLayout(SOURCE).zeroSeconds);
  });

  test('no work on a second track is as urgent as what makes the film playable', () => {
    const jobs = plan(tracks({})).jobs.filter(({ lanes }) => lanes.includes('audio-2'));
    expect(jobs.length).toBeGreaterThan(1);
    expect(Math.max(...jobs.map(({ priority }) => priority))).toBeLessThan(700);
  });
});

describe('the work', () => {
  test('covers every segment of every rendition exactly once', () => {
    const { film, jobs } = plan(SOURCE);
    const seen = jobs.flatMap(({ lanes, firstSegment, endSegment }) =>
      lanes.flatMap((lane) =>
        Array.from({ length: endSegment - firstSegment }, (_, at) => `${lane} ${firstSegment + at}`),
      ),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe(segmentCount(film) * 3);
  });

  test('what makes the film playable is the most urgent and the shortest', () => {
    const { jobs } = plan(SOURCE);
    const most = Math.max(...jobs.map(({ priority }) => priority));
    const urgent = jobs.filter(({ priority }) => priority === most);
    expect(urgent.map(({ lanes, endSegment }) => [lanes, endSegment])).toEqual([
      [['240p'], 1],
      [['audio'], 2],
    ]);
    expect(most).toBeLessThan(900);
  });

  test('the first minute of the lowest rung comes before any upper one goes on; after it one decoding serves all', () => {
    const { jobs } = plan(SOURCE);
    const pictures = jobs.filter(({ kind, firstSegment }) => kind === 'video' && firstSegment > 0);
    const early = pictures.filter(({ firstSegment }) => firstSegment < 15);
    const priorities = (lane: string) => early.filter(({ lanes }) => lanes[0] === lane).map(({ priority }) => priority);
    expect(Math.max(...priorities('480p'))).toBeLessThan(Math.min(...priorities('240p')));
    const late = pictures.filter(({ firstSegment }) => firstSegment >= 15);
    expect(late.length).toBeGreaterThan(20);
    expect(late.filter(({ lanes }) => lanes.join() !== '240p,480p')).toEqual([]);
    expect(Math.max(...late.map(({ priority }) => priority))).toBeLessThan(Math.min(...priorities('240p')));
  });

  test('of equal urgency, the earlier in the film comes first', () => {
    const starts = plan(SOURCE).jobs.map(({ firstSegment }) => firstSegment);
    expect(starts).toEqual([...starts].sort((one, other) => one - other));
  });

  test.each([
    [7, [1, 7]],
    [9, [1, 9]],
    [10, [1, 7, 10]],
    [20, [1, 7, 13, 20]],
    [21, [1, 7, 15, 21]],
    [23, [1, 7, 15, 23]],
    [30, [1, 7, 15, 21, 27, 30]],
  ])('of %i segments, chunks end at %j: a short rest is none of its own', (segments, ends) => {
    const durationSeconds = 4 * segments;
    const { jobs } = plan({ container: 'mov', video: { ...VIDEO, durationSeconds } });
    const lowest = jobs.filter(({ lanes }) => lanes[0] === '240p');
    expect(lowest.map(({ endSegment }) => endSegment)).toEqual(ends);
  });

  test('sound alone needs no pictures', () => {
    const { film, jobs } = plan({ container: 'mp3', audio: { ...AUDIO, channels: 1 } });
    expect(new Set(jobs.map(({ kind }) => kind))).toEqual(new Set(['audio', 'digest']));
    expect(film.audio?.renditions[0]).toMatchObject({ channels: 1, bitrateBps: 96_000 });
    expect(film.storyboard).toBeUndefined();
  });
});

describe("the film's time 0", () => {
  test('is the first picture', () => {
    const late = { ...SOURCE, video: { ...VIDEO, startPts: 1_480 }, audio: { ...AUDIO, startSeconds: 1.4 } };
    expect(planLayout(late)).toMatchObject({ zeroSeconds: 1.48, video: { zeroPts: 1_480 } });
    expect(planLayout(late).audio?.zeroSamples).toBe(Math.round(1.48 * 44_100));
  });

  test('comes with where sound begins, where the container rounds the times of packets', () => {
    const late = { ...SOURCE, audio: { ...AUDIO, startSeconds: 7.277 } };
    const starts = ['matroska', 'flv', 'mov', 'mpegts'].map((container) => planLayout({ ...late, container }).audio);
    const samples = Math.round(7.277 * 44_100);
    expect(starts.map((audio) => audio?.startSamples)).toEqual([samples, samples, undefined, undefined]);
  });

  test('is whole frames earlier when sound leads by much', () => {
    const late = { ...SOURCE, video: { ...VIDEO, startPts: 3_010 } };
    const { zeroSeconds } = planLayout(late);
    expect(zeroSeconds).toBeLessThanOrEqual(0);
    expect((3.01 - zeroSeconds) * 25).toBeCloseTo(76, 6);
  });
});

describe('the length', () => {
  test('is that of the pictures', () => {
    expect(plan({ ...SOURCE, audio: { ...AUDIO, durationSeconds: 600.5 } }).film.video?.frameCount).toBe(15_000);
  });

  test('is that of the sound when it goes on without pictures', () => {
    const { film, jobs } = plan({ ...SOURCE, audio: { ...AUDIO, durationSeconds: 700 } });
    expect(film.video?.frameCount).toBe(17_500);
    expect(jobs[0]?.payload).toMatchObject({ video: { standsStill: true } });
  });

  test('is one picture at least', () => {
    const { film } = plan({ container: 'mov', video: { ...VIDEO, durationSeconds: 0.001 } });
    expect(film.video?.frameCount).toBe(1);
    expect(segmentCount(film)).toBe(1);
  });
});

test('a storyboard has fifty to a hundred tiles, fewer only for what is shorter', () => {
  for (const seconds of [30, 45, 100, 600, 5_400, 7_200]) {
    const { tileCount, intervalSeconds } = planStoryboard({ width: 16, height: 9 }, seconds);
    expect(tileCount).toBeGreaterThanOrEqual(30);
    expect(tileCount).toBeLessThanOrEqual(100);
    expect(tileCount * intervalSeconds).toBeGreaterThanOrEqual(seconds);
  }
  expect(planStoryboard({ width: 9, height: 16 }, 30).tileHeight).toBe(284);
});
