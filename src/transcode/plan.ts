import {
  AAC_FRAME,
  type AudioRendition,
  type AudioTrack,
  type Film,
  type Rational,
  rationalToNumber,
  type Storyboard,
  segmentCount,
  type VideoTrack,
} from '../kernel/film/film.ts';
import { planFrameRate } from '../kernel/film/frame-rates.ts';
import { labelTracks } from '../kernel/film/track-labels.ts';
import { type Complexity, fitRungs } from '../kernel/ladder/by-content.ts';
import type { AudioSettings, Ladder } from '../kernel/ladder/ladder.ts';
import { type DisplaySize, planDisplaySize, planRungs } from '../kernel/ladder/rungs.ts';
import { gainDb } from '../kernel/loudness.ts';
import type { NewJob } from '../queue/queue.ts';
import { planCopy, withCopied } from './plan-copy.ts';
import {
  type ColourMatrix,
  type SourceAudio,
  type SourceInfo,
  type SourceSubtitles,
  type SourceVideo,
  videoStartSeconds,
} from './source.ts';

/** Nominal length of every segment. */
export const SEGMENT_SECONDS = 4;

/** Size of a film's first pictures as they are coded, and width over height as they are shown. */
export interface PictureFrame {
  readonly width: number;
  readonly height: number;
  readonly shape: number;
}

/** What an encoder must know of the source beside the film: where its streams are and where the film's zero lies. */
export interface SourceLayout {
  readonly container: string;
  /** The work reads the straightened copy of the source. */
  readonly straightened?: true;
  /** The film's time 0 on the source's clock. */
  readonly zeroSeconds: number;
  readonly video?: {
    readonly streamIndex: number;
    /** Of an ISO file whose pictures may be copied. */
    readonly trackId?: number;
    /** The film's time 0 in the stream's time base. */
    readonly zeroPts: number;
    /** The sound goes on without pictures: the last one stands until it ends. */
    readonly standsStill: boolean;
    readonly interlaced: boolean;
    readonly matrix: ColourMatrix;
    readonly transfer: SourceVideo['transfer'];
    /** What every picture is brought to, where later ones may well be of another size. */
    readonly frame?: PictureFrame;
  };
  /** The default track, of which the film's first rendition of sound is made. */
  readonly audio?: AudioLayout;
  /** The other tracks, by the name of the rendition that each becomes. */
  readonly otherAudio?: Readonly<Record<string, AudioLayout>>;
  /** What brings renditions of sound to the loudness that was asked for, by their names; absent where none was. */
  readonly gainsDb?: Readonly<Record<string, number>>;
}

export interface AudioLayout {
  readonly streamIndex: number;
  /** The film's time 0 in samples of the source's own rate. */
  readonly zeroSamples: number;
  /** Where the track begins, in samples on the source's clock, in containers that round the times of packets. */
  readonly startSamples?: number;
  readonly channels?: number;
}

export interface Plan {
  readonly film: Film;
  readonly jobs: readonly NewJob[];
}

/** What samples of the source showed, where they were taken. */
export interface Measured {
  readonly complexity?: Complexity;
  /** Of renditions of sound in LUFS, by their names, but for those that are silent. */
  readonly loudness?: Readonly<Record<string, number>>;
}

/** A probed source and a ladder make a film and the work that encodes it. Nothing here reads or runs anything. */
export function planFilm(
  assetId: string,
  source: SourceInfo,
  ladder: Ladder,
  chunkSegments: number,
  { complexity, loudness }: Measured = {},
): Plan {
  const full = layOut(source, ladder, loudness);
  const film = complexity ? fitted(full, complexity) : full;
  const gainsDb = gainsOf(film, ladder.audio, loudness);
  const layout = { ...planLayout(source), ...(gainsDb ? { gainsDb } : {}) };
  return { film, jobs: [...planJobs(assetId, film, layout, chunkSegments), ...planSubtitles(assetId, source, layout)] };
}

/** What the work on a source's own subtitles must know. */
export interface SubtitlesWork extends Pick<SourceLayout, 'container' | 'straightened'> {
  readonly zeroSeconds: number;
  readonly tracks: readonly SourceSubtitles[];
}

/** One job for all of them, since reading the source is what costs. It is not what a film is playable for. */
function planSubtitles(assetId: string, source: SourceInfo, layout: SourceLayout): NewJob[] {
  if (!source.subtitles) return [];
  const { zeroSeconds } = layout;
  const payload: SubtitlesWork = { ...readingOf(layout), zeroSeconds, tracks: source.subtitles };
  const none = { lanes: [], firstSegment: 0, endSegment: 0 };
  return [{ kind: 'subtitles', subject: assetId, ...none, payload, priority: PRIORITY.subtitles }];
}

/** How a source is opened. */
function readingOf({ container, straightened }: Pick<SourceLayout, 'container' | 'straightened'>) {
  return { container, ...(straightened ? { straightened } : {}) };
}

/** The same film with the rungs that suit what samples of it showed. */
function fitted(film: Film, complexity: Complexity): Film {
  const { video } = film;
  return video ? { ...film, video: { ...video, renditions: fitRungs(video.renditions, complexity) } } : film;
}

function gainsOf({ audio }: Film, { loudnessLufs }: AudioSettings, loudness: Measured['loudness']) {
  if (!audio || loudnessLufs === undefined) return undefined;
  return Object.fromEntries(audio.renditions.map(({ name }) => [name, gainDb(loudness?.[name], loudnessLufs)]));
}

function layOut(source: SourceInfo, ladder: Ladder, loudness: Measured['loudness']): Film {
  const video = source.video && planVideo(source, source.video, ladder);
  const seconds = video
    ? (video.track.frameCount * video.track.frameRate.den) / video.track.frameRate.num
    : (source.audio?.durationSeconds ?? 0);
  const audio = planAudio(source, seconds, ladder, loudness?.[DEFAULT_AUDIO]);
  return {
    segmentSeconds: SEGMENT_SECONDS,
    durationSeconds: seconds,
    ...(video ? { video: video.track, storyboard: planStoryboard(video.size, seconds) } : {}),
    ...(audio ? { audio } : {}),
    ...(source.leftOut ? { leftOut: source.leftOut } : {}),
  };
}

/** Sound that outlasts the picture by less than this is cut with it; more keeps the last picture standing. */
const AUDIO_TAIL_SECONDS = 1;

function planVideo(source: SourceInfo, video: SourceVideo, ladder: Ladder): { track: VideoTrack; size: DisplaySize } {
  const frameRate = frameRateOf(video);
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
  return { track: startsWithPicture(source, video) ? withCopy(track, video) : track, size };
}

function frameRateOf({ frameRate }: SourceVideo): Rational {
  return planFrameRate(frameRate && rationalToNumber(frameRate));
}

/** Time 0 shows the first picture, and the last one ends the film: then frame and packet are one and the same. */
function startsWithPicture(source: SourceInfo, video: SourceVideo): boolean {
  return zeroSeconds(source) === videoStartSeconds(video) && !standsStill(source, video);
}

/** Adds the source itself as a rendition where that can be, on a grid that its key frames lie on. */
function withCopy(track: VideoTrack, video: SourceVideo): VideoTrack {
  const copy = planCopy(video, track.frameRate, track.framesPerSegment);
  const renditions = copy && withCopied(track.renditions, copy.rendition);
  // More pictures or fewer than the length tells: the container is not to be trusted about either.
  if (!renditions || Math.abs(copy.frameCount - track.frameCount) > 1) return track;
  return { ...track, renditions, framesPerSegment: copy.framesPerSegment, frameCount: copy.frameCount };
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

function planAudio(
  source: SourceInfo,
  seconds: number,
  ladder: Ladder,
  measuredLufs: number | undefined,
): AudioTrack | undefined {
  const tracks = audioTracks(source);
  if (tracks.length === 0) return undefined;
  const { sampleRate, loudnessLufs: targetLufs } = ladder.audio;
  const labels = labelTracks(tracks, 'Audio');
  const stereo = tracks.map((track, index) => stereoRendition(track, audioName(index), labels[index], ladder.audio));
  const surround = tracks.flatMap((track, index) => {
    const base = stereo[index];
    return base && keepsSurround(track, ladder.audio) ? [surroundRendition(base, ladder.audio)] : [];
  });
  return {
    sampleRate,
    // Rounded up, so that even a last segment of one picture has a frame of sound.
    frameCount: Math.max(1, Math.ceil((seconds * sampleRate) / AAC_FRAME)),
    renditions: [...stereo, ...surround],
    ...(targetLufs === undefined
      ? {}
      : { loudness: { targetLufs, ...(measuredLufs === undefined ? {} : { measuredLufs }) } }),
  };
}

/** The default track first. */
function audioTracks({ audio, otherAudio = [] }: SourceInfo): SourceAudio[] {
  return audio ? [audio, ...otherAudio] : [];
}

const DEFAULT_AUDIO = 'audio';

function audioName(index: number): string {
  return index === 0 ? DEFAULT_AUDIO : `${DEFAULT_AUDIO}-${index + 1}`;
}

/**
 * One channel needs little more than half of what two do; but with less than 88 kbit/s ffmpeg's encoder makes single frames
 * of loud, plain tones up to twice as loud as they are.
 */
const MONO_SHARE = 0.75;

/** 320 kbit/s for six channels where two have 128. */
const SURROUND_SHARE = 2.5;

const SURROUND_CHANNELS = 6;

function stereoRendition(
  track: SourceAudio,
  name: string,
  label: string | undefined,
  { bitrateBps, channels }: AudioSettings,
): AudioRendition {
  const most = Math.min(2, channels);
  const kept = Math.min(most, track.channels);
  return {
    name,
    codecs: 'mp4a.40.2',
    bitrateBps: kept < most ? scaledRate(bitrateBps, MONO_SHARE) : bitrateBps,
    channels: kept,
    ...(track.language === undefined ? {} : { language: track.language }),
    ...(label === undefined ? {} : { label }),
    ...(track.role === undefined ? {} : { role: track.role }),
  };
}

/** 5.0 counts as 5.1 whose bass channel is silent. */
function keepsSurround(track: SourceAudio, { channels }: AudioSettings): boolean {
  return channels >= SURROUND_CHANNELS && track.channels >= SURROUND_CHANNELS - 1;
}

function surroundRendition(stereo: AudioRendition, { bitrateBps }: AudioSettings): AudioRendition {
  return {
    ...stereo,
    name: `${stereo.name}-surround`,
    bitrateBps: scaledRate(bitrateBps, SURROUND_SHARE),
    channels: SURROUND_CHANNELS,
    surroundOf: stereo.name,
  };
}

function scaledRate(bitrateBps: number, share: number): number {
  return Math.round((bitrateBps * share) / 1_000) * 1_000;
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
  const perSecond = rationalToNumber(frameRateOf(video));
  return start - Math.ceil(lead * perSecond) / perSecond;
}

export function planLayout(source: SourceInfo): SourceLayout {
  const { video, audio, otherAudio = [] } = source;
  const zero = zeroSeconds(source);
  return {
    ...readingOf(source),
    zeroSeconds: zero,
    ...(video
      ? {
          video: {
            streamIndex: video.streamIndex,
            ...(video.samples ? { trackId: video.samples.trackId } : {}),
            zeroPts: Math.round((zero * video.timeBase.den) / video.timeBase.num),
            standsStill: standsStill(source, video),
            interlaced: video.interlaced,
            matrix: video.matrix,
            transfer: video.transfer,
            ...(source.straightened || video.interlaced ? { frame: frameOf(video) } : {}),
          },
        }
      : {}),
    ...(audio ? { audio: audioLayout(audio, zero, source.container) } : {}),
    ...(otherAudio.length > 0
      ? {
          otherAudio: Object.fromEntries(
            otherAudio.map((each, index) => [audioName(index + 1), audioLayout(each, zero, source.container)]),
          ),
        }
      : {}),
  };
}

function frameOf({ width, height, pixelShape }: SourceVideo): PictureFrame {
  return { width, height, shape: (width * pixelShape.num) / (height * pixelShape.den) };
}

/** Containers whose clock counts whole milliseconds, each of which is 48 samples long or 44. */
const ROUNDED = ['matroska', 'flv'];

function audioLayout(audio: SourceAudio, zero: number, container: string): AudioLayout {
  const { streamIndex, channels, sampleRate, startSeconds } = audio;
  return {
    streamIndex,
    zeroSamples: Math.round(zero * sampleRate),
    ...(ROUNDED.includes(container) ? { startSamples: Math.round(startSeconds * sampleRate) } : {}),
    channels,
  };
}

/** Which stream a rendition of sound is made of. */
export function audioLayoutOf(layout: SourceLayout, rendition: AudioRendition): AudioLayout | undefined {
  return layout.otherAudio?.[rendition.surroundOf ?? rendition.name] ?? layout.audio;
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

/** Priority from which on a job is what a film lacks before anybody can play it. */
export const PRIORITY_PLAYABLE = 800;

/**
 * Sooner is greater. What makes a film playable comes first, then what makes it whole at the lowest rung, then what
 * makes it beautiful; a viewer's wish (1000) beats all of it.
 */
const PRIORITY = {
  copyFirst: 850,
  first: PRIORITY_PLAYABLE,
  subtitles: 750,
  poster: 700,
  copy: 680,
  upperFirst: 650,
  otherAudioFirst: 640,
  lowest: 600,
  otherAudio: 550,
  storyboard: 500,
  upper: 400,
  digest: 300,
};

/**
 * How far the lowest rung is encoded on its own, before the others: about a minute, so that a first viewer has something
 * to go on with. Beyond, one decoding serves all rungs; a second one for the lowest alone takes a seventh more of the
 * processors for the whole ladder (decisions/0015).
 */
const LOWEST_ALONE_SEGMENTS = 15;

/** The first chunks are short, so that a film is playable before anything longer is done. */
const FIRST_LOWEST_SEGMENTS = 1;
const FIRST_UPPER_SEGMENTS = 2;
const FIRST_AUDIO_SEGMENTS = 2;
const FIRST_COPIED_SEGMENTS = 2;

/** Sound is tens of times faster than pictures: more of it makes a chunk worth starting a program for. */
const AUDIO_CHUNK_SEGMENTS = 30;

/** What is only copied is quicker still, and a viewer who waits for another film must not wait long for the slot. */
const COPIED_CHUNK_SEGMENTS = 60;

function planJobs(assetId: string, film: Film, layout: SourceLayout, chunkSegments: number): NewJob[] {
  const renditions = film.video?.renditions ?? [];
  const [lowest, ...upper] = renditions.filter((each) => !each.copied).map(({ name }) => name);
  const copied = renditions.filter((each) => each.copied).map(({ name }) => name);
  const [audio, ...otherAudio] = (film.audio?.renditions ?? []).map(({ name }) => name);
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
  // With a copied rendition the sound is all that playing still waits for.
  const audioFirst = copied.length > 0 ? PRIORITY.copyFirst : PRIORITY.first;
  const encoding = (
    kind: string,
    lanes: string[],
    [from, end]: Range,
    [first, size]: readonly [first: number, size: number],
    [early, later]: readonly [early: number, later: number],
  ) =>
    lanes.length === 0
      ? []
      : chunks([from, end], first, size).map((range) => jobOf(kind, lanes, range, range[0] === 0 ? early : later));
  const whole: Range = [0, count];
  const apart: Range = [0, count - LOWEST_ALONE_SEGMENTS < chunkSegments ? count : LOWEST_ALONE_SEGMENTS];
  const together: Range = [apart[1], count];
  // A job for each rendition: a track that breaks off, or is asked for, concerns no other.
  const sound = (lanes: string[], early: number, later: number) =>
    encoding('audio', lanes, whole, [FIRST_AUDIO_SEGMENTS, AUDIO_CHUNK_SEGMENTS], [early, later]);
  const pictures = (lanes: string[], range: Range, first: number, early: number, later: number) =>
    encoding('video', lanes, range, [first, chunkSegments], [early, later]);
  const alone = lowest ? [lowest] : [];
  const copying = [PRIORITY.copyFirst, PRIORITY.copy] as const;
  const jobs = [
    ...encoding('copy', copied, whole, [FIRST_COPIED_SEGMENTS, COPIED_CHUNK_SEGMENTS], copying),
    ...pictures(alone, apart, FIRST_LOWEST_SEGMENTS, PRIORITY.first, PRIORITY.lowest),
    ...sound(audio ? [audio] : [], audioFirst, PRIORITY.lowest),
    ...otherAudio.flatMap((name) => sound([name], PRIORITY.otherAudioFirst, PRIORITY.otherAudio)),
    ...pictures(upper, apart, FIRST_UPPER_SEGMENTS, PRIORITY.upperFirst, PRIORITY.upper),
    ...pictures([...alone, ...upper], together, chunkSegments, PRIORITY.upper, PRIORITY.upper),
    ...(lowest
      ? [jobOf('poster', [], [0, 0], PRIORITY.poster), jobOf('storyboard', [], [0, 0], PRIORITY.storyboard)]
      : []),
    jobOf('digest', [], [0, 0], PRIORITY.digest),
  ];
  // Equal priorities are taken in the order they were added: the film's order, whatever the kind.
  return jobs.sort((one, other) => one.firstSegment - other.firstSegment);
}

type Range = readonly [first: number, end: number];

/** A rest shorter than half a chunk goes with the one before it: another start of the encoder would cost more than it. */
function chunks([from, end]: Range, first: number, size: number): Range[] {
  const ranges: Range[] = [];
  for (let start = from; start < end; ) {
    const wanted = start + (start === from ? first : size);
    const until = start > 0 && end - wanted < size / 2 ? end : Math.min(end, wanted);
    ranges.push([start, until]);
    start = until;
  }
  return ranges;
}
