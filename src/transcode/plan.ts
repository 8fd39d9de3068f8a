import {
  AAC_FRAME,
  type AudioTrack,
  type Film,
  type Rational,
  rationalToNumber,
  type Storyboard,
  segmentCount,
  type VideoTrack,
} from '../kernel/film/film.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import { type DisplaySize, planDisplaySize, planRungs } from '../kernel/ladder/rungs.ts';
import type { NewJob } from '../queue/queue.ts';
import { type ColourMatrix, type SourceInfo, type SourceVideo, videoStartSeconds } from './source.ts';

/** Nominal length of every segment. */
export const SEGMENT_SECONDS = 4;

/** Rates that films have; a source that is none of them gets the next higher one, so that no picture is lost. */
const FRAME_RATES: readonly Rational[] = [
  { num: 24_000, den: 1_001 },
  { num: 24, den: 1 },
  { num: 25, den: 1 },
  { num: 30_000, den: 1_001 },
  { num: 30, den: 1 },
  { num: 48, den: 1 },
  { num: 50, den: 1 },
  { num: 60_000, den: 1_001 },
  { num: 60, den: 1 },
];

/** What an encoder must know of the source beside the film: where its streams are and where the film's zero lies. */
export interface SourceLayout {
  readonly container: string;
  /** The film's time 0 on the source's clock. */
  readonly zeroSeconds: number;
  readonly video?: {
    readonly streamIndex: number;
    /** The film's time 0 in the stream's time base. */
    readonly zeroPts: number;
    /** The sound goes on without pictures: the last one stands until it ends. */
    readonly standsStill: boolean;
    readonly interlaced: boolean;
    readonly matrix: ColourMatrix;
    readonly transfer: SourceVideo['transfer'];
  };
  readonly audio?: {
    readonly streamIndex: number;
    /** The film's time 0 in samples of the source's own rate. */
    readonly zeroSamples: number;
  };
}

export interface Plan {
  readonly film: Film;
  readonly jobs: readonly NewJob[];
}

/** A probed source and a ladder make a film and the work that encodes it. Nothing here reads or runs anything. */
export function planFilm(assetId: string, source: SourceInfo, ladder: Ladder, chunkSegments: number): Plan {
  const film = layOut(source, ladder);
  return { film, jobs: planJobs(assetId, film, planLayout(source), chunkSegments) };
}

function layOut(source: SourceInfo, ladder: Ladder): Film {
  const video = source.video && planVideo(source, source.video, ladder);
  const seconds = video
    ? (video.track.frameCount * video.track.frameRate.den) / video.track.frameRate.num
    : (source.audio?.durationSeconds ?? 0);
  const audio = source.audio && planAudio(source.audio, seconds, ladder);
  return {
    segmentSeconds: SEGMENT_SECONDS,
    durationSeconds: seconds,
    ...(video ? { video: video.track, storyboard: planStoryboard(video.size, seconds) } : {}),
    ...(audio ? { audio } : {}),
  };
}

/** The rate itself when it is within half a percent of a known one, otherwise the next known one above it. */
export function planFrameRate(source: Rational | undefined): Rational {
  const fallback = { num: 25, den: 1 };
  const wanted = rationalToNumber(source ?? fallback);
  const distance = (rate: Rational) => Math.abs(rationalToNumber(rate) / wanted - 1);
  const nearest = FRAME_RATES.reduce((best, rate) => (distance(rate) < distance(best) ? rate : best));
  if (distance(nearest) <= 0.005) return nearest;
  return FRAME_RATES.find((rate) => rationalToNumber(rate) >= wanted) ?? { num: 60, den: 1 };
}

/** Sound that outlasts the picture by less than this is cut with it; more keeps the last picture standing. */
const AUDIO_TAIL_SECONDS = 1;

function planVideo(source: SourceInfo, video: SourceVideo, ladder: Ladder): { track: VideoTrack; size: DisplaySize } {
  const frameRate = planFrameRate(video.frameRate);
  const perSecond = rationalToNumber(frameRate);
  const size = planDisplaySize(video, video.pixelShape, video.rotation);
  const end = standsStill(source, video) ? soundEnd(source) : pictureEnd(video);
  const seconds = end - zeroSeconds(source);
  const track = {
    frameRate,
    framesPerSegment: Math.round(SEGMENT_SECONDS * perSecond),
    frameCount: Math.max(1, Math.round(seconds * perSecond)),
    timescale: frameRate.num < 1_000 ? frameRate.num * 1_000 : frameRate.num,
    renditions: planRungs(ladder, size, frameRate),
  };
  return { track, size };
}

function pictureEnd(video: SourceVideo): number {
  return videoStartSeconds(video) + video.durationSeconds;
}

function soundEnd({ audio }: SourceInfo): number {
  return audio ? audio.startSeconds + audio.durationSeconds : Number.NEGATIVE_INFINITY;
}

function standsStill(source: SourceInfo, video: SourceVideo): boolean {
  return soundEnd(source) > pictureEnd(video) + AUDIO_TAIL_SECONDS;
}

function planAudio(audio: NonNullable<SourceInfo['audio']>, seconds: number, ladder: Ladder): AudioTrack {
  const { sampleRate, bitrateBps, channels } = ladder.audio;
  const kept = Math.min(channels, audio.channels);
  return {
    sampleRate,
    // Rounded up, so that even a last segment of one picture has a frame of sound.
    frameCount: Math.max(1, Math.ceil((seconds * sampleRate) / AAC_FRAME)),
    renditions: [
      {
        name: 'audio',
        codecs: 'mp4a.40.2',
        // One channel needs little more than half of what two do.
        bitrateBps: kept < channels ? Math.round((bitrateBps * 0.625) / 1_000) * 1_000 : bitrateBps,
        channels: kept,
        ...(audio.language === undefined ? {} : { language: audio.language }),
      },
    ],
  };
}

/** Sound that starts this much before the picture is no accident of packing and must not be cut. */
const AUDIO_LEAD_SECONDS = 0.25;

/**
 * Where the film begins: at the first picture, so that pictures fall onto the grid exactly; earlier by whole frames
 * when sound leads, whose time then shows the first picture.
 */
function zeroSeconds(source: SourceInfo): number {
  const { video, audio } = source;
  if (!video) return audio?.startSeconds ?? 0;
  const start = videoStartSeconds(video);
  const lead = start - (audio?.startSeconds ?? start);
  if (lead <= AUDIO_LEAD_SECONDS) return start;
  const perSecond = rationalToNumber(planFrameRate(video.frameRate));
  return start - Math.ceil(lead * perSecond) / perSecond;
}

export function planLayout(source: SourceInfo): SourceLayout {
  const { container, video, audio } = source;
  const zero = zeroSeconds(source);
  return {
    container,
    zeroSeconds: zero,
    ...(video
      ? {
          video: {
            streamIndex: video.streamIndex,
            zeroPts: Math.round((zero * video.timeBase.den) / video.timeBase.num),
            standsStill: standsStill(source, video),
            interlaced: video.interlaced,
            matrix: video.matrix,
            transfer: video.transfer,
          },
        }
      : {}),
    ...(audio ? { audio: { streamIndex: audio.streamIndex, zeroSamples: Math.round(zero * audio.sampleRate) } } : {}),
  };
}

const TILE_WIDTH = 160;
const TILE_COLUMNS = 5;
const TILE_ROWS = 5;
const MOST_TILES = 100;

/** Seconds between tiles that people can read off a clock. */
const TILE_INTERVALS = [0.5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1_800];

/** Between about fifty and a hundred tiles, fewer for clips shorter than half a minute. */
export function planStoryboard(size: DisplaySize, seconds: number): Storyboard {
  const intervalSeconds =
    TILE_INTERVALS.find((each) => seconds / each <= MOST_TILES) ?? Math.ceil(seconds / MOST_TILES);
  const height = (TILE_WIDTH * size.height) / size.width;
  return {
    tileWidth: TILE_WIDTH,
    tileHeight: Math.min(640, Math.max(2, 2 * Math.round(height / 2))),
    columns: TILE_COLUMNS,
    rows: TILE_ROWS,
    intervalSeconds,
    tileCount: Math.max(1, Math.ceil(seconds / intervalSeconds)),
  };
}

/**
 * Sooner is greater. What makes a film playable comes first, then what makes it whole at the lowest rung, then what
 * makes it beautiful; a viewer's wish (1000) beats all of it.
 */
const PRIORITY = { first: 800, poster: 700, upperFirst: 650, lowest: 600, storyboard: 500, upper: 400, digest: 300 };

/** The first chunks are short, so that a film is playable before anything longer is done. */
const FIRST_LOWEST_SEGMENTS = 1;
const FIRST_UPPER_SEGMENTS = 2;
const FIRST_AUDIO_SEGMENTS = 2;

/** Sound is tens of times faster than pictures: more of it makes a chunk worth starting a program for. */
const AUDIO_CHUNK_SEGMENTS = 30;

function planJobs(assetId: string, film: Film, layout: SourceLayout, chunkSegments: number): NewJob[] {
  const [lowest, ...upper] = (film.video?.renditions ?? []).map(({ name }) => name);
  const audio = (film.audio?.renditions ?? []).map(({ name }) => name);
  const jobOf = (
    kind: string,
    lanes: readonly string[],
    [firstSegment, endSegment]: Range,
    priority: number,
  ): NewJob => ({
    kind,
    subject: assetId,
    lanes,
    firstSegment,
    endSegment,
    payload: layout,
    priority,
  });
  const count = segmentCount(film);
  const encoding = (kind: string, lanes: string[], first: number, size: number, early: number, later: number) =>
    lanes.length === 0
      ? []
      : chunks(count, first, size).map((range) => jobOf(kind, lanes, range, range[0] === 0 ? early : later));
  const jobs = [
    ...encoding('video', lowest ? [lowest] : [], FIRST_LOWEST_SEGMENTS, chunkSegments, PRIORITY.first, PRIORITY.lowest),
    ...encoding('audio', audio, FIRST_AUDIO_SEGMENTS, AUDIO_CHUNK_SEGMENTS, PRIORITY.first, PRIORITY.lowest),
    ...encoding('video', upper, FIRST_UPPER_SEGMENTS, chunkSegments, PRIORITY.upperFirst, PRIORITY.upper),
    ...(lowest
      ? [jobOf('poster', [], [0, 0], PRIORITY.poster), jobOf('storyboard', [], [0, 0], PRIORITY.storyboard)]
      : []),
    jobOf('digest', [], [0, 0], PRIORITY.digest),
  ];
  // Equal priorities are taken in the order they were added: the film's order, whatever the kind.
  return jobs.sort((one, other) => one.firstSegment - other.firstSegment);
}

type Range = readonly [first: number, end: number];

function chunks(count: number, first: number, size: number): Range[] {
  const ranges: Range[] = [];
  for (let start = 0; start < count; ) {
    const end = Math.min(count, start + (start === 0 ? first : size));
    ranges.push([start, end]);
    start = end;
  }
  return ranges;
}
