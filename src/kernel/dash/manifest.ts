import type { Rational } from '../film/film.ts';

/** A static DASH manifest as a value (ISO/IEC 23009-1), as far as we write it: periods of numbered CMAF segments. */
export interface Manifest {
  /** Seconds a player loads before it starts, at the stated bandwidths. */
  readonly bufferSeconds: number;
  /** One behind the other. A film has one. */
  readonly periods: readonly Period[];
}

export interface Period {
  readonly durationSeconds: number;
  readonly sets: readonly AdaptationSet[];
  readonly texts: readonly TextSet[];
}

/** One text for all of the film, in a WebVTT file of its own: the form that DASH-IF's guidelines have for it. */
export interface TextSet {
  /** Unique among the manifest's representations. */
  readonly id: string;
  /** BCP 47. */
  readonly language?: string;
  readonly label: string;
  readonly roles: readonly string[];
  readonly bandwidthBps: number;
  /** Relative to the manifest. */
  readonly uri: string;
}

/** Representations of one content between which a player may switch. */
export interface AdaptationSet {
  readonly contentType: 'video' | 'audio';
  /** BCP 47. */
  readonly language?: string;
  /** Shown in menus. */
  readonly label?: string;
  readonly roles: readonly string[];
  /** Ticks a second of the timeline. */
  readonly timescale: number;
  /** On the segments' own clock: where the first one begins, and which moment is the period's first. 0 unless said. */
  readonly startTicks?: number;
  readonly periodTicks?: number;
  /** Number of the first segment, 0 unless said. */
  readonly startNumber?: number;
  /** Segments in order, equal neighbours as one run. */
  readonly timeline: readonly { readonly durationTicks: number; readonly count: number }[];
  /** Relative to the manifest, with `$RepresentationID$` and `$Number…$` in them. */
  readonly initTemplate: string;
  readonly mediaTemplate: string;
  readonly representations: readonly Representation[];
}

export interface Representation {
  readonly id: string;
  readonly codecs: string;
  readonly bandwidthBps: number;
  readonly picture?: { readonly width: number; readonly height: number; readonly frameRate: Rational };
  readonly sound?: { readonly sampleRate: number; readonly channels: number };
}
