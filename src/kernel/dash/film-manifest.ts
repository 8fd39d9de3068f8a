import { type AudioRendition, type AudioRole, type Film, segmentCount, segmentTiming } from '../film/film.ts';
import { SEGMENT_DIGITS } from '../film/paths.ts';
import { type Bandwidth, type ListedTracks, plannedBandwidth } from '../hls/film-playlists.ts';
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
  const period = {
    durationSeconds: film.durationSeconds,
    sets: adaptationSets(film, of, (name) => ({ ...timelineOf(film, name), ...names })),
    texts: textSets(subtitles.tracks, subtitles.uriOf),
  };
  return { bufferSeconds: film.segmentSeconds, periods: [period] };
}

/** What is offered of some tracks. `segmentsOf` says where the segments of a rendition lie, in time and by name. */
export function adaptationSets(
  tracks: ListedTracks & { readonly audio?: { readonly sampleRate: number } },
  of: PeakOf,
  segmentsOf: (rendition: string) => SetSegments,
): AdaptationSet[] {
  const { video, audio } = tracks;
  return [
    ...(video ? videoSets(video, of, segmentsOf) : []),
    ...(audio?.renditions ?? []).map((each, index, all) => {
      const isDefault = index === 0 || each.surroundOf === all[0]?.name;
      return { ...audioSet(each, audio?.sampleRate ?? 0, isDefault, of), ...segmentsOf(each.name) };
    }),
  ];
}

export function textSets(tracks: readonly SubtitleTrack[], uriOf: UriOf): TextSet[] {
  return listTracks(tracks).map((listed) => textSet(listed, uriOf));
}

export type UriOf = (track: SubtitleTrack) => string;

const NO_SUBTITLES = { tracks: [], uriOf: () => '' } as const;

function templates(version: number): Pick<AdaptationSet, 'initTemplate' | 'mediaTemplate'> {
  const folder = `v${version}/$RepresentationID$/`;
  return { initTemplate: `${folder}init.mp4`, mediaTemplate: `${folder}s$Number%0${SEGMENT_DIGITS}d$.m4s` };
}

type SetSegments = Omit<AdaptationSet, keyof Unplaced>;
type Unplaced = Pick<AdaptationSet, 'contentType' | 'language' | 'label' | 'roles' | 'representations'>;
type PeakOf = (rendition: string) => number;
type ListedVideo = NonNullable<ListedTracks['video']>;

/**
 * A set for each codec: players switch within one decoder without a seam, and skip the sets they cannot decode. Packets
 * that a publisher sent are cut where his own key frames are, so they may be a set of their own.
 */
function videoSets(video: ListedVideo, of: PeakOf, segmentsOf: (rendition: string) => SetSegments): AdaptationSet[] {
  const familyOf = ({ name, codecs }: ListedVideo['renditions'][number]) =>
    codecs.slice(0, codecs.indexOf('.')) + JSON.stringify(segmentsOf(name));
  const families = Map.groupBy(video.renditions, familyOf);
  return [...families.values()].map((renditions) => ({
    contentType: 'video',
    roles: ['main'],
    ...segmentsOf(renditions[0]?.name ?? ''),
    representations: renditions.map((rendition) => videoRepresentation(video, rendition, of)),
  }));
}

function videoRepresentation(
  video: ListedVideo,
  rendition: ListedVideo['renditions'][number],
  of: PeakOf,
): Representation {
  const { name, codecs, width, height } = rendition;
  return { id: name, codecs, bandwidthBps: of(name), picture: { width, height, frameRate: video.frameRate } };
}

/** Every track is a set of its own, and so is its second encoding with more channels. */
function audioSet(rendition: AudioRendition, sampleRate: number, isDefault: boolean, of: PeakOf): Unplaced {
  const { name, codecs, channels, language, label, role } = rendition;
  return {
    contentType: 'audio',
    ...(language === undefined ? {} : { language }),
    ...(label === undefined ? {} : { label }),
    roles: [isDefault ? 'main' : 'alternate', ...(role === undefined ? [] : [ROLES[role]])],
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
  const timings = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, rendition, index));
  const present = timings.filter((timing) => timing !== undefined);
  return { timescale: present[0]?.timescale ?? 1, timeline: runsOf(present.map(({ durationTicks }) => durationTicks)) };
}

/** Equal neighbours as one run. */
export function runsOf(durations: readonly number[]): AdaptationSet['timeline'] {
  const runs: { durationTicks: number; count: number }[] = [];
  for (const durationTicks of durations) {
    const last = runs.at(-1);
    if (last?.durationTicks === durationTicks) last.count += 1;
    else runs.push({ durationTicks, count: 1 });
  }
  return runs;
}
