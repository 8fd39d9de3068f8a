import type { Cue } from './cue.ts';

/** A subtitle rendition of an asset: the film's own, or one that was uploaded. */
export interface SubtitleTrack {
  /** Unique among the asset's and safe in a path; another text gets another name. */
  readonly name: string;
  /** BCP 47. */
  readonly language?: string;
  /** What its maker calls it. */
  readonly title?: string;
  /** `captions` tell the sounds too, for those who do not hear them. */
  readonly kind: SubtitleKind;
  readonly isDefault: boolean;
  /** Only what must be read to follow the film, such as signs in a foreign language. */
  readonly isForced: boolean;
  readonly origin: 'embedded' | 'uploaded';
}

/** A rendition and what it says. */
export interface SubtitleText {
  readonly track: SubtitleTrack;
  readonly cues: readonly Cue[];
}

export type SubtitleKind = 'subtitles' | 'captions';

/** The tracks that viewers see: an uploaded one takes the place of the film's own of the same language and use. */
export function shownTracks<Track extends SubtitleTrack>(tracks: readonly Track[]): Track[] {
  const useOf = ({ language, kind, isForced }: Track) => `${language ?? ''} ${kind} ${isForced}`;
  const uploaded = new Set(tracks.filter(({ origin }) => origin === 'uploaded').map(useOf));
  return tracks.filter((track) => track.origin === 'uploaded' || !uploaded.has(useOf(track)));
}
