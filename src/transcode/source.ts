import type { SampleTable } from '../kernel/cmaf/sample-table.ts';
import type { AudioRole, LeftOutTrack, Rational } from '../kernel/film/film.ts';
import type { SubtitleKind } from '../kernel/subtitles/track.ts';

/** What the probe found in a source file. Seconds are on the source's own clock, which need not start at 0. */
export interface SourceInfo {
  /** ffmpeg's name of the container, such as `mov`: named again at every later reading, so it is never guessed twice. */
  readonly container: string;
  /** The clock of the stored source jumps: all of this is about the copy whose clock was straightened. */
  readonly straightened?: true;
  readonly video?: SourceVideo;
  /** The default track: it alone has a say in where the film begins and ends. */
  readonly audio?: SourceAudio;
  /** The other tracks, in the source's order. Their lengths may be unknown (0). */
  readonly otherAudio?: readonly SourceAudio[];
  readonly subtitles?: readonly SourceSubtitles[];
  readonly leftOut?: readonly LeftOutTrack[];
}

/** Subtitles that are written, not drawn. */
export interface SourceSubtitles {
  readonly streamIndex: number;
  /** BCP 47. */
  readonly language?: string;
  readonly title?: string;
  readonly kind: SubtitleKind;
  readonly isDefault: boolean;
  readonly isForced: boolean;
}

export interface SourceVideo {
  readonly streamIndex: number;
  readonly width: number;
  readonly height: number;
  /** Width over height of one coded pixel. */
  readonly pixelShape: Rational;
  /** Degrees that a player turns the picture by. */
  readonly rotation: number;
  readonly frameRate?: Rational;
  readonly timeBase: Rational;
  /** First presentation time, in `timeBase`. */
  readonly startPts: number;
  readonly durationSeconds: number;
  readonly interlaced: boolean;
  readonly matrix: ColourMatrix;
  readonly transfer: 'sdr' | 'pq' | 'hlg';
  /** Present where players take these pictures as they are: H.264, progressive, 8 bits, 4:2:0. */
  readonly copyable?: { readonly trackId: number };
  /** Where the packets of such pictures lie, from a container that has an index. */
  readonly samples?: SampleTable;
}

export type ColourMatrix = 'bt601' | 'bt709' | 'bt2020';

export interface SourceAudio {
  readonly streamIndex: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly startSeconds: number;
  readonly durationSeconds: number;
  /** BCP 47. */
  readonly language?: string;
  /** What the source calls the track. */
  readonly title?: string;
  readonly role?: AudioRole;
}

export function videoStartSeconds(video: SourceVideo): number {
  return (video.startPts * video.timeBase.num) / video.timeBase.den;
}

/** From the first picture or sound to the last: streams that lie apart make a film as long as the gap between them. */
export function spanSeconds({ video, audio }: SourceInfo): number {
  const starts = [...(video ? [videoStartSeconds(video)] : []), ...(audio ? [audio.startSeconds] : [])];
  const lengths = [video, audio].flatMap((stream) => (stream ? [stream.durationSeconds] : []));
  const ends = starts.map((start, index) => start + (lengths[index] ?? 0));
  return Math.max(...ends) - Math.min(...starts);
}
