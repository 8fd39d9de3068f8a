import type { AudioRendition, Rational } from '../film/film.ts';

/**
 * What is settled when a broadcast begins and stays until it ends, whoever publishes and however often: its renditions
 * and the numbers its playlists promise. All media time is integer ticks; seconds appear only in what is printed.
 */
export interface BroadcastFormat {
  /** A segment begins with the first key frame at or after every so many seconds. */
  readonly segmentSeconds: number;
  /** EXT-X-TARGETDURATION, whole seconds: no segment's duration, rounded, is above it. */
  readonly targetDurationSeconds: number;
  /** PART-TARGET: no part is longer, and none but the last of a segment is shorter than 85 % of it. */
  readonly partTargetSeconds: number;
  /** How far back viewers may go while it is live; absent for all of it. */
  readonly dvrSeconds?: number;
  readonly video?: LiveVideoTrack;
  readonly audio?: LiveAudioTrack;
}

export interface LiveVideoTrack {
  readonly frameRate: Rational;
  /** Ticks a second, the same in every rendition. */
  readonly timescale: number;
  /** Lowest rung first. */
  readonly renditions: readonly LiveVideoRendition[];
}

export interface LiveVideoRendition {
  /** Unique in the broadcast and safe in a path, such as `360p`. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** RFC 6381, such as `avc1.64001e`. */
  readonly codecs: string;
  /** What the encoder is told; a rendition without it is encoded as usual. */
  readonly encoding?: RungEncoding;
  readonly averageBps: number;
  readonly maxrateBps: number;
}

export interface RungEncoding {
  /** Of H.264, times ten. */
  readonly level: number;
  readonly crf: number;
  readonly preset: string;
}

export interface LiveAudioTrack {
  readonly sampleRate: number;
  readonly renditions: readonly AudioRendition[];
}

/** Every rendition of a broadcast with its clock, pictures first. */
export function renditionsOf({
  video,
  audio,
}: BroadcastFormat): { readonly name: string; readonly timescale: number }[] {
  return [
    ...(video?.renditions ?? []).map(({ name }) => ({ name, timescale: video?.timescale ?? 1 })),
    ...(audio?.renditions ?? []).map(({ name }) => ({ name, timescale: audio?.sampleRate ?? 1 })),
  ];
}

/** One publisher's uninterrupted connection. Every track's clock begins at 0 with it. */
export interface Session {
  /** From 1 in each broadcast. */
  readonly number: number;
  /** Wall clock of tick 0: when the first of its media reached us. Epoch milliseconds. Dates follow by `shiftMs` of segments. */
  readonly beganAtMs: number;
  /** How many of the broadcast's sessions had anything before it; absent for none. */
  readonly discontinuities?: number;
}

/** A complete segment, as it is listed and recorded. */
export interface LiveSegment {
  readonly rendition: string;
  readonly sequence: number;
  readonly session: number;
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly bytes: number;
  /** Where the key frame that it opens on lies in it, with the boxes around it; absent for sound. */
  readonly keyFrame?: { readonly startByte: number; readonly sizeBytes: number };
  /** What its date is moved by, against its session's beginning and ticks; absent for nothing. */
  readonly shiftMs?: number;
  /** Nothing of it is there: EXT-X-GAP. */
  readonly isGap?: true;
}

/** A part that viewers can fetch, with its bytes: one `moof` and one `mdat`. */
export interface LivePart {
  readonly rendition: string;
  readonly sequence: number;
  readonly session: number;
  /** Of its segment, from 0. */
  readonly part: number;
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly timescale: number;
  /** Whether decoding can begin with it. */
  readonly isIndependent: boolean;
  readonly bytes: Uint8Array;
}
