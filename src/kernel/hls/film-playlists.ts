import { type Film, rationalToNumber, segmentCount, segmentTiming, type VideoTrack } from '../film/film.ts';
import { segmentName } from '../film/paths.ts';
import { averageBandwidthBps, type MeasuredSegment, peakBandwidthBps } from './bandwidth.ts';
import type {
  AudioMedia,
  IframePlaylist,
  IframeStream,
  MediaPlaylist,
  MultivariantPlaylist,
  Variant,
} from './playlist.ts';

/** Peak and average bits a second of one rendition. */
export interface Bandwidth {
  readonly peakBps: number;
  readonly averageBps: number;
}

const AUDIO_GROUP = 'audio';

/** Boxes around the samples, as a share of a rendition's planned rate. */
const CONTAINER_SHARE = 1.03;

/** The rate cap leaves this share over the average: CRF spends less than its cap on most of a film. */
const AVERAGE_OF_PEAK = 0.7;

/** The media playlist of one rendition, complete before the first segment exists: every duration is computed. */
export function filmMediaPlaylist(film: Film, rendition: string): MediaPlaylist {
  const segments = durations(film, rendition).map((durationSeconds, index) => ({
    uri: segmentName(index),
    durationSeconds,
  }));
  return { targetDurationSeconds: targetDurationSeconds(film), initUri: 'init.mp4', segments };
}

/** Where the key frame of a segment lies in it. */
export interface KeyFrame {
  readonly startByte: number;
  readonly sizeBytes: number;
}

/**
 * The playlist of a rendition's key frames, one for each segment. Undefined unless every segment's is known, which is
 * once all of them are encoded: unlike durations, sizes cannot be computed.
 */
export function filmIframePlaylist(
  film: Film,
  rendition: string,
  keyFrames: ReadonlyMap<number, KeyFrame>,
): IframePlaylist | undefined {
  const frames = durations(film, rendition).flatMap((durationSeconds, index) => {
    const frame = keyFrames.get(index);
    return frame ? [{ uri: segmentName(index), ...frame, durationSeconds }] : [];
  });
  if (frames.length === 0 || frames.length < segmentCount(film)) return undefined;
  return { targetDurationSeconds: targetDurationSeconds(film), initUri: 'init.mp4', frames };
}

/** What showing the key frames alone needs, at the film's own speed. */
export function iframeBandwidth({ frames, targetDurationSeconds: target }: IframePlaylist): Bandwidth {
  const segments = frames.map(({ sizeBytes, durationSeconds }) => ({ bytes: sizeBytes, durationSeconds }));
  return { peakBps: peakBandwidthBps(segments, target), averageBps: averageBandwidthBps(segments) };
}

/**
 * The multivariant playlist. `measured` holds what is known of renditions already encoded; the others are stated by
 * their caps, which a player may trust not to be passed. `iframes` holds the renditions with a playlist of key frames.
 */
export function filmMultivariantPlaylist(
  film: Film,
  playlistUri: (rendition: string) => string,
  measured: ReadonlyMap<string, Bandwidth> = new Map(),
  iframes: ReadonlyMap<string, IframeRendition> = new Map(),
): MultivariantPlaylist {
  const of = (name: string) => measured.get(name) ?? plannedBandwidth(film, name);
  if (!film.video) return { audio: [], variants: audioVariants(film, playlistUri, of), iframes: [] };
  return {
    audio: audioMedia(film, playlistUri),
    variants: videoVariants(film, playlistUri, of),
    iframes: iframeStreams(film.video, iframes),
  };
}

export interface IframeRendition extends Bandwidth {
  readonly uri: string;
}

function iframeStreams(video: VideoTrack, iframes: ReadonlyMap<string, IframeRendition>): IframeStream[] {
  return video.renditions.flatMap(({ name, codecs, width, height }) => {
    const stream = iframes.get(name);
    if (!stream) return [];
    const { uri, peakBps, averageBps } = stream;
    return [{ uri, bandwidthBps: peakBps, averageBandwidthBps: averageBps, codecs, width, height }];
  });
}

/** What the published segments of a rendition really need; undefined unless every one of them is there. */
export function measureBandwidth(
  film: Film,
  rendition: string,
  sizes: ReadonlyMap<number, number>,
): Bandwidth | undefined {
  const segments: MeasuredSegment[] = [];
  for (const [index, durationSeconds] of durations(film, rendition).entries()) {
    const bytes = sizes.get(index);
    if (bytes === undefined) return undefined;
    segments.push({ bytes, durationSeconds });
  }
  return {
    peakBps: peakBandwidthBps(segments, targetDurationSeconds(film)),
    averageBps: averageBandwidthBps(segments),
  };
}

/** One target for every rendition of the film, as players demand of renditions they switch between. */
function targetDurationSeconds(film: Film): number {
  const all = [film.video?.renditions[0], film.audio?.renditions[0]].flatMap((each) =>
    each ? durations(film, each.name) : [],
  );
  return Math.max(1, ...all.map(Math.round));
}

function durations(film: Film, rendition: string): number[] {
  return Array.from({ length: segmentCount(film) }, (_, index) => {
    const timing = segmentTiming(film, rendition, index);
    return timing ? timing.durationTicks / timing.timescale : 0;
  });
}

function plannedBandwidth(film: Film, name: string): Bandwidth {
  const video = film.video?.renditions.find((each) => each.name === name);
  if (video) {
    const peakBps = Math.ceil(video.maxrateBps * CONTAINER_SHARE);
    return { peakBps, averageBps: Math.ceil(peakBps * AVERAGE_OF_PEAK) };
  }
  const audio = film.audio?.renditions.find((each) => each.name === name);
  const peakBps = Math.ceil((audio?.bitrateBps ?? 0) * CONTAINER_SHARE);
  return { peakBps, averageBps: peakBps };
}

function audioMedia(film: Film, playlistUri: (rendition: string) => string): AudioMedia[] {
  return (film.audio?.renditions ?? []).map((rendition, index) => ({
    group: AUDIO_GROUP,
    name: rendition.language === undefined ? 'Audio' : languageName(rendition.language),
    uri: playlistUri(rendition.name),
    channels: rendition.channels,
    isDefault: index === 0,
    ...(rendition.language === undefined ? {} : { language: rendition.language }),
  }));
}

/** A language as a menu shows it, such as `English`; the tag itself where it has no name. */
function languageName(tag: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
}

function audioVariants(
  film: Film,
  playlistUri: (rendition: string) => string,
  of: (name: string) => Bandwidth,
): Variant[] {
  return (film.audio?.renditions ?? []).map(({ name, codecs }) => ({
    uri: playlistUri(name),
    bandwidthBps: of(name).peakBps,
    averageBandwidthBps: of(name).averageBps,
    codecs: [codecs],
  }));
}

function videoVariants(
  film: Film,
  playlistUri: (rendition: string) => string,
  of: (name: string) => Bandwidth,
): Variant[] {
  const { video, audio } = film;
  if (!video) return [];
  const sound = (audio?.renditions ?? []).map(({ name }) => of(name));
  // A variant plays with any member of its audio group, so it is stated with the most demanding one.
  const soundPeak = Math.max(0, ...sound.map(({ peakBps }) => peakBps));
  const soundAverage = Math.max(0, ...sound.map(({ averageBps }) => averageBps));
  const soundCodecs = [...new Set((audio?.renditions ?? []).map(({ codecs }) => codecs))];
  return video.renditions.map(({ name, codecs, width, height }) => ({
    uri: playlistUri(name),
    bandwidthBps: of(name).peakBps + soundPeak,
    averageBandwidthBps: of(name).averageBps + soundAverage,
    codecs: [codecs, ...soundCodecs],
    picture: { width, height, framesPerSecond: rationalToNumber(video.frameRate) },
    ...(audio ? { audioGroup: AUDIO_GROUP } : {}),
  }));
}
