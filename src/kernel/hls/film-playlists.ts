import {
  type AudioRendition,
  type AudioRole,
  type Film,
  type Rational,
  rationalToNumber,
  segmentCount,
  segmentTiming,
  type VideoRendition,
} from '../film/film.ts';
import { segmentName } from '../film/paths.ts';
import { languageName } from '../film/track-labels.ts';
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

/**
 * The media playlist of one rendition, complete before the first segment exists: every duration is computed. `keyUri` is
 * where the key of an encrypted film is.
 */
export function filmMediaPlaylist(film: Film, rendition: string, keyUri?: string): MediaPlaylist {
  const segments = durations(film, rendition).map((durationSeconds, index) => ({
    uri: segmentName(index),
    durationSeconds,
  }));
  const target = { targetDurationSeconds: targetDurationSeconds(film) };
  return { ...target, initUri: 'init.mp4', ...(keyUri === undefined ? {} : { keyUri }), segments };
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
  const { video } = film;
  const ordered = video && measured.size === 0 ? { ...video, renditions: readyFirst(video.renditions) } : video;
  return multivariantPlaylist({ ...film, ...(ordered ? { video: ordered } : {}) }, playlistUri, of, iframes);
}

/** The tracks that a multivariant playlist lists, whatever they were made of. */
export interface ListedTracks {
  readonly video?: {
    readonly frameRate: Rational;
    readonly renditions: readonly Pick<VideoRendition, 'name' | 'codecs' | 'width' | 'height'>[];
  };
  readonly audio?: { readonly renditions: readonly AudioRendition[] };
}

/** The multivariant playlist of some tracks, video in the order given. */
export function multivariantPlaylist(
  tracks: ListedTracks,
  playlistUri: (rendition: string) => string,
  of: (rendition: string) => Bandwidth,
  iframes: ReadonlyMap<string, IframeRendition>,
): MultivariantPlaylist {
  const groups = audioGroups(tracks);
  if (!tracks.video) {
    const several = groups.filter(({ members }) => members.length > 1);
    const audio = several.flatMap((group) => audioMedia(group, playlistUri));
    return { audio, variants: audioVariants(groups, playlistUri, of), iframes: [] };
  }
  return {
    audio: groups.flatMap((group) => audioMedia(group, playlistUri)),
    variants: videoVariants(tracks.video, groups, playlistUri, of),
    iframes: iframeStreams(tracks.video, iframes),
  };
}

export interface IframeRendition extends Bandwidth {
  readonly uri: string;
}

type ListedVideo = NonNullable<ListedTracks['video']>;

function iframeStreams(video: ListedVideo, iframes: ReadonlyMap<string, IframeRendition>): IframeStream[] {
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

/** What a rendition may need at most, and about as an average, before it is encoded. */
export function plannedBandwidth(film: Film, name: string): Bandwidth {
  const video = film.video?.renditions.find((each) => each.name === name);
  if (video?.copied) return video.copied;
  if (video) {
    const peakBps = Math.ceil(video.maxrateBps * CONTAINER_SHARE);
    return { peakBps, averageBps: Math.ceil(peakBps * AVERAGE_OF_PEAK) };
  }
  const audio = film.audio?.renditions.find((each) => each.name === name);
  const peakBps = Math.ceil((audio?.bitrateBps ?? 0) * CONTAINER_SHARE);
  return { peakBps, averageBps: peakBps };
}

/** Renditions of sound of which a player takes one: every track, each with as many channels as the group is for. */
interface AudioGroup {
  readonly id: string;
  readonly members: readonly AudioRendition[];
}

/** Stereo first: the group that everything plays. A second one only where some track keeps more channels. */
function audioGroups({ audio }: ListedTracks): AudioGroup[] {
  const all = audio?.renditions ?? [];
  const stereo = all.filter(({ surroundOf }) => surroundOf === undefined);
  if (stereo.length === 0) return [];
  const surround = stereo.map((base) => all.find(({ surroundOf }) => surroundOf === base.name) ?? base);
  const most = Math.max(...surround.map(({ channels }) => channels));
  const groups = [{ id: AUDIO_GROUP, members: stereo }];
  return all.length > stereo.length ? [...groups, { id: `${AUDIO_GROUP}-${most}`, members: surround }] : groups;
}

/** What a track's role is called in HLS. A commentary has no name of its own there. */
const CHARACTERISTICS: Readonly<Partial<Record<AudioRole, string>>> = {
  description: 'public.accessibility.describes-video',
  'clear-speech': 'public.accessibility.enhances-speech-intelligibility',
};

function audioMedia({ id, members }: AudioGroup, playlistUri: (rendition: string) => string): AudioMedia[] {
  const autoselected = new Set<string>();
  return members.map((rendition, index) => {
    const { name, label, language, channels, role } = rendition;
    const characteristic = role && CHARACTERISTICS[role];
    const kind = `${language ?? ''} ${characteristic ?? ''}`;
    // Two that a player could not tell apart must not both be offered to its own choice (RFC 8216 section 4.3.4.1.1).
    const isAutoselected = index === 0 || (role !== 'commentary' && !autoselected.has(kind));
    if (isAutoselected) autoselected.add(kind);
    return {
      group: id,
      name: label ?? (language === undefined ? 'Audio' : languageName(language)),
      uri: playlistUri(name),
      channels,
      isDefault: index === 0,
      isAutoselected,
      ...(characteristic ? { characteristics: [characteristic] } : {}),
      ...(language === undefined ? {} : { language }),
    };
  });
}

/** What the group's most demanding member adds to a variant, which plays with any of them. */
function soundOf(group: AudioGroup | undefined, of: (name: string) => Bandwidth): Bandwidth & { codecs: string[] } {
  const members = group?.members ?? [];
  const bandwidths = members.map(({ name }) => of(name));
  return {
    peakBps: Math.max(0, ...bandwidths.map(({ peakBps }) => peakBps)),
    averageBps: Math.max(0, ...bandwidths.map(({ averageBps }) => averageBps)),
    codecs: [...new Set(members.map(({ codecs }) => codecs))],
  };
}

/** A film of sound: a variant for every rendition of its one track, or for every group of its tracks. */
function audioVariants(
  groups: readonly AudioGroup[],
  playlistUri: (rendition: string) => string,
  of: (name: string) => Bandwidth,
): Variant[] {
  return groups.flatMap((group) => {
    const [first] = group.members;
    if (!first) return [];
    const { peakBps, averageBps, codecs } = soundOf(group, of);
    return {
      uri: playlistUri(first.name),
      bandwidthBps: peakBps,
      averageBandwidthBps: averageBps,
      codecs,
      ...(group.members.length > 1 ? { audioGroup: group.id } : {}),
    };
  });
}

/** What a player may start with before it knows its line; hls.js takes the same for the most. */
const MOST_TO_START_WITH_BPS = 5_000_000;

/** Players start with the first variant: while the film is being encoded, one that needs no encoding plays soonest. */
function readyFirst(renditions: readonly VideoRendition[]): readonly VideoRendition[] {
  const copied = renditions.find((each) => each.copied && each.copied.peakBps <= MOST_TO_START_WITH_BPS);
  return copied ? [copied, ...renditions.filter((each) => each !== copied)] : renditions;
}

function videoVariants(
  { frameRate, renditions }: ListedVideo,
  groups: readonly AudioGroup[],
  playlistUri: (rendition: string) => string,
  of: (name: string) => Bandwidth,
): Variant[] {
  return (groups.length > 0 ? groups : [undefined]).flatMap((group) => {
    const sound = soundOf(group, of);
    return renditions.map(({ name, codecs, width, height }) => ({
      uri: playlistUri(name),
      bandwidthBps: of(name).peakBps + sound.peakBps,
      averageBandwidthBps: of(name).averageBps + sound.averageBps,
      codecs: [codecs, ...sound.codecs],
      picture: { width, height, framesPerSecond: rationalToNumber(frameRate) },
      ...(group ? { audioGroup: group.id } : {}),
    }));
  });
}
