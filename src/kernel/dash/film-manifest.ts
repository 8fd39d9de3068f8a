import {
  type AudioRendition,
  type AudioRole,
  type Film,
  segmentCount,
  segmentTiming,
  type VideoRendition,
  type VideoTrack,
} from '../film/film.ts';
import { SEGMENT_DIGITS } from '../film/paths.ts';
import { type Bandwidth, plannedBandwidth } from '../hls/film-playlists.ts';
import { type ListedTrack, listTracks } from '../subtitles/listing.ts';
import type { SubtitleTrack } from '../subtitles/track.ts';
import type { AdaptationSet, Manifest, Representation, TextSet } from './manifest.ts';

/**
 * The manifest over the very segments that the playlists name, complete before the first of them exists. `measured` holds
 * what is known of renditions already encoded; the others are stated by their caps.
 */
export function filmManifest(
  film: Film,
  version: number,
  measured: ReadonlyMap<string, Bandwidth> = new Map(),
  subtitles: { readonly tracks: readonly SubtitleTrack[]; readonly uriOf: UriOf } = NO_SUBTITLES,
): Manifest {
  const of = (name: string) => (measured.get(name) ?? plannedBandwidth(film, name)).peakBps;
  const names = templates(version);
  return {
    durationSeconds: film.durationSeconds,
    bufferSeconds: film.segmentSeconds,
    sets: [
      ...videoSets(film).map((set) => ({ ...set(of), ...names })),
      ...(film.audio?.renditions ?? []).map((each, index, all) => {
        const isDefault = index === 0 || each.surroundOf === all[0]?.name;
        return { ...audioSet(film, each, isDefault, of), ...names };
      }),
    ],
    texts: listTracks(subtitles.tracks).map((listed) => textSet(listed, subtitles.uriOf)),
  };
}

type UriOf = (track: SubtitleTrack) => string;

const NO_SUBTITLES = { tracks: [], uriOf: () => '' } as const;

function templates(version: number): Pick<AdaptationSet, 'initTemplate' | 'mediaTemplate'> {
  const folder = `v${version}/$RepresentationID$/`;
  return { initTemplate: `${folder}init.mp4`, mediaTemplate: `${folder}s$Number%0${SEGMENT_DIGITS}d$.m4s` };
}

type Untitled = Omit<AdaptationSet, 'initTemplate' | 'mediaTemplate'>;
type PeakOf = (rendition: string) => number;

/** A set for each codec: players switch within one decoder without a seam, and skip the sets they cannot decode. */
function videoSets(film: Film): ((of: PeakOf) => Untitled)[] {
  const { video } = film;
  if (!video) return [];
  const families = Map.groupBy(video.renditions, ({ codecs }) => codecs.slice(0, codecs.indexOf('.')));
  return [...families.values()].map((renditions) => (of) => ({
    contentType: 'video',
    roles: ['main'],
    ...timelineOf(film, renditions[0]?.name ?? ''),
    representations: renditions.map((rendition) => videoRepresentation(video, rendition, of)),
  }));
}

function videoRepresentation(video: VideoTrack, rendition: VideoRendition, of: PeakOf): Representation {
  const { name, codecs, width, height } = rendition;
  return { id: name, codecs, bandwidthBps: of(name), picture: { width, height, frameRate: video.frameRate } };
}

/** Every track is a set of its own, and so is its second encoding with more channels. */
function audioSet(film: Film, rendition: AudioRendition, isDefault: boolean, of: PeakOf): Untitled {
  const { name, codecs, channels, language, label, role } = rendition;
  const sampleRate = film.audio?.sampleRate ?? 0;
  return {
    contentType: 'audio',
    ...(language === undefined ? {} : { language }),
    ...(label === undefined ? {} : { label }),
    roles: [isDefault ? 'main' : 'alternate', ...(role === undefined ? [] : [ROLES[role]])],
    ...timelineOf(film, name),
    representations: [{ id: name, codecs, bandwidthBps: of(name), sound: { sampleRate, channels } }],
  };
}

/** What a track's role is called in DASH (ISO/IEC 23009-1 section 5.8.5.5). */
const ROLES: Readonly<Record<AudioRole, string>> = {
  description: 'description',
  'clear-speech': 'enhanced-audio-intelligibility',
  commentary: 'commentary',
};

/**
 * What is stated of a text, whose size nobody can measure before a player chooses: more than people read in a second, with
 * three bytes a letter and its times.
 */
const TEXT_BPS = 1_000;

function textSet({ track, label, isDefault }: ListedTrack, uriOf: UriOf): TextSet {
  const { name, language, kind, isForced } = track;
  const use = isForced ? 'forced-subtitle' : kind === 'captions' ? 'caption' : 'subtitle';
  return {
    // No rendition is called so.
    id: `text-${name}`,
    ...(language === undefined ? {} : { language }),
    label,
    roles: [isDefault ? 'main' : 'alternate', use],
    bandwidthBps: TEXT_BPS,
    uri: uriOf(track),
  };
}

/** Exact ticks of every segment: sound is cut at the frame next to the picture's border, so its lengths differ by one. */
function timelineOf(film: Film, rendition: string): Pick<AdaptationSet, 'timescale' | 'timeline'> {
  const timeline: { durationTicks: number; count: number }[] = [];
  let timescale = 1;
  for (let index = 0; index < segmentCount(film); index += 1) {
    const timing = segmentTiming(film, rendition, index);
    if (!timing) break;
    timescale = timing.timescale;
    const last = timeline.at(-1);
    if (last?.durationTicks === timing.durationTicks) last.count += 1;
    else timeline.push({ durationTicks: timing.durationTicks, count: 1 });
  }
  return { timescale, timeline };
}
