import { labelTracks } from '../film/track-labels.ts';
import { type SubtitleTrack, shownTracks } from './track.ts';

/** A track as players are told of it, whatever the manifest. */
export interface ListedTrack<Track extends SubtitleTrack = SubtitleTrack> {
  readonly track: Track;
  /** What a menu shows, unique among the asset's. */
  readonly label: string;
  readonly isDefault: boolean;
  /** Players may choose it by the viewer's language. */
  readonly isAutoselected: boolean;
}

/** The tracks that viewers see: at most one default, and no two to a player's own choice that are for the same. */
export function listTracks<Track extends SubtitleTrack>(tracks: readonly Track[]): ListedTrack<Track>[] {
  const shown = shownTracks(tracks);
  const chosen = shown.find(({ isDefault, origin }) => isDefault && origin === 'uploaded');
  const defaultTrack = chosen ?? shown.find(({ isDefault }) => isDefault);
  const labels = labelTracks(shown.map(labelled), 'Subtitles');
  const autoselected = new Set(defaultTrack ? [useOf(defaultTrack)] : []);
  return shown.map((track, index) => {
    const isAutoselected = track === defaultTrack || !autoselected.has(useOf(track));
    autoselected.add(useOf(track));
    return { track, label: labels[index] ?? '', isDefault: track === defaultTrack, isAutoselected };
  });
}

function useOf({ language, kind, isForced }: SubtitleTrack): string {
  return `${language ?? ''} ${kind} ${isForced}`;
}

function labelled({ title, language, kind, isForced }: SubtitleTrack) {
  const role = isForced ? 'forced' : kind === 'captions' ? 'captions' : undefined;
  return {
    ...(title === undefined ? {} : { title }),
    ...(language === undefined ? {} : { language }),
    ...(role === undefined ? {} : { role }),
  };
}
