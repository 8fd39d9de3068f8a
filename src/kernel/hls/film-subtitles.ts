import { type Film, segmentCount, segmentTiming } from '../film/film.ts';
import { subtitleSegmentName } from '../film/paths.ts';
import { type Cue, cuesWithin } from '../subtitles/cue.ts';
import { listTracks } from '../subtitles/listing.ts';
import type { SubtitleTrack } from '../subtitles/track.ts';
import { writeVttSegment } from '../subtitles/write.ts';
import type { MediaPlaylist, MultivariantPlaylist, SubtitleMedia } from './playlist.ts';

const SUBTITLE_GROUP = 'subtitles';

/**
 * Segments of the film that share one of its subtitles: about a minute. Their text is small, and a request for every four
 * seconds of it would cost more than it brings; boundaries are the film's all the same.
 */
const FILM_SEGMENTS = 15;

/** Where each segment of subtitles begins, in seconds, and at last where the film ends. */
function boundaries(film: Film): number[] {
  const rendition = (film.video ?? film.audio)?.renditions[0]?.name ?? '';
  const count = segmentCount(film);
  const starts = Array.from({ length: Math.ceil(count / FILM_SEGMENTS) }, (_, index) => {
    const timing = segmentTiming(film, rendition, index * FILM_SEGMENTS);
    return timing ? timing.startTicks / timing.timescale : 0;
  });
  const last = segmentTiming(film, rendition, count - 1);
  return [...starts, last ? (last.startTicks + last.durationTicks) / last.timescale : 0];
}

/** The media playlist of any subtitles of a film: it spans all of it, also where nobody talks. */
export function filmSubtitlePlaylist(film: Film): MediaPlaylist {
  const marks = boundaries(film);
  const segments = marks.slice(1).map((end, index) => ({
    uri: subtitleSegmentName(index),
    durationSeconds: end - (marks[index] ?? 0),
  }));
  const targetDurationSeconds = Math.max(1, ...segments.map(({ durationSeconds }) => Math.ceil(durationSeconds)));
  return { targetDurationSeconds, segments };
}

/** The text of every segment, in order; a cue that lasts over a boundary stands on both sides of it. */
export function filmSubtitleSegments(film: Film, cues: readonly Cue[]): string[] {
  const marks = boundaries(film).map((seconds) => Math.round(seconds * 1_000));
  return marks.slice(1).map((end, index) => writeVttSegment(cuesWithin(cues, marks[index] ?? 0, end)));
}

const CAPTIONS = [
  'public.accessibility.transcribes-spoken-dialog',
  'public.accessibility.describes-music-and-sound',
] as const;

/** The multivariant playlist with subtitles to every variant; as it is when there are none. */
export function withSubtitles(
  playlist: MultivariantPlaylist,
  tracks: readonly SubtitleTrack[],
  playlistUri: (track: SubtitleTrack) => string,
): MultivariantPlaylist {
  const subtitles = subtitleMedia(tracks, playlistUri);
  if (subtitles.length === 0) return playlist;
  const variants = playlist.variants.map((variant) => ({ ...variant, subtitleGroup: SUBTITLE_GROUP }));
  return { ...playlist, subtitles, variants };
}

function subtitleMedia(
  tracks: readonly SubtitleTrack[],
  playlistUri: (track: SubtitleTrack) => string,
): SubtitleMedia[] {
  return listTracks(tracks).map(({ track, label, isDefault, isAutoselected }) => ({
    group: SUBTITLE_GROUP,
    name: label,
    uri: playlistUri(track),
    isDefault,
    isAutoselected,
    isForced: track.isForced,
    ...(track.kind === 'captions' ? { characteristics: CAPTIONS } : {}),
    ...(track.language === undefined ? {} : { language: track.language }),
  }));
}
