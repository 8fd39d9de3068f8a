import type { DateRange } from '../live/date-range.ts';

/** Playlists as values (RFC 8216 and its successor draft): what we write, and what is read back of any playlist. */
export interface MediaPlaylist {
  /** Seconds, a whole number: no segment's duration, rounded, may be above it. */
  readonly targetDurationSeconds: number;
  /** Absent where segments need none, as text does. */
  readonly initUri?: string;
  /** Where the key of segments encrypted by AES-128 is; the init segment is in the clear. */
  readonly keyUri?: string;
  /** Number of the first segment, 0 unless said. An encrypted segment is opened by its number. */
  readonly firstSequence?: number;
  /** What was told at moments of it; its segments have dates then. */
  readonly dateRanges?: readonly DateRange[];
  readonly segments: readonly MediaSegment[];
}

export interface MediaSegment {
  readonly uri: string;
  readonly durationSeconds: number;
  /** It was not recorded in one go with the one before. */
  readonly isSplice?: true;
  /** The init segment that holds from here on, where there is another. */
  readonly initUri?: string;
  /** Wall clock of its first frame, in epoch milliseconds. */
  readonly recordedAtMs?: number;
  /** There is nothing at its address, and the time passes all the same. */
  readonly isGap?: true;
}

/** Key frames alone (RFC 8216 section 4.3.3.6): a range of each segment, shown until the next one. */
export interface IframePlaylist {
  readonly targetDurationSeconds: number;
  readonly initUri: string;
  readonly frames: readonly {
    readonly uri: string;
    readonly startByte: number;
    readonly sizeBytes: number;
    readonly durationSeconds: number;
    /** As in `MediaSegment`. */
    readonly isSplice?: true;
    readonly initUri?: string;
  }[];
}

export interface MultivariantPlaylist {
  readonly variants: readonly Variant[];
  /** Playlists of key frames, in the order of the variants. */
  readonly iframes: readonly IframeStream[];
  readonly audio: readonly AudioMedia[];
  readonly subtitles?: readonly SubtitleMedia[];
  /** Where players begin unless they are told otherwise. */
  readonly startSeconds?: number;
}

export interface Variant {
  readonly uri: string;
  /** Peak bits a second, the audio group's included. */
  readonly bandwidthBps: number;
  readonly averageBandwidthBps: number;
  /** Every codec that playing the variant needs. */
  readonly codecs: readonly string[];
  readonly picture?: { readonly width: number; readonly height: number; readonly framesPerSecond: number };
  /** Group of `AudioMedia` that plays with it. */
  readonly audioGroup?: string;
  /** Group of `SubtitleMedia` that may be shown with it. */
  readonly subtitleGroup?: string;
}

export interface IframeStream {
  readonly uri: string;
  /** Peak and average of the key frames alone, at the film's own speed. */
  readonly bandwidthBps: number;
  readonly averageBandwidthBps: number;
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
}

export interface AudioMedia {
  readonly group: string;
  readonly name: string;
  readonly uri: string;
  readonly channels: number;
  /** BCP 47. */
  readonly language?: string;
  readonly isDefault: boolean;
  /** Players may choose it by the viewer's language. At most one of a group with the same language and characteristics. */
  readonly isAutoselected: boolean;
  /** Uniform type identifiers, such as `public.accessibility.describes-video`. */
  readonly characteristics?: readonly string[];
}

export interface SubtitleMedia {
  readonly group: string;
  readonly name: string;
  readonly uri: string;
  /** BCP 47. */
  readonly language?: string;
  readonly isDefault: boolean;
  readonly isAutoselected: boolean;
  readonly isForced: boolean;
  readonly characteristics?: readonly string[];
}
