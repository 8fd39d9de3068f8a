/**
 * A film, as every role sees it: what the probe and the plan settled before the first frame was encoded. It never
 * changes for one version of an asset, and everything that names a segment (playlists, jobs, storage keys) is computed
 * from it. All media time is integer ticks or frames; seconds appear only when a playlist is printed.
 */

/** Frames a second as an exact fraction, such as 30000/1001. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

export interface VideoRendition {
  /** Unique in the film and safe in a path, such as `360p`. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** RFC 6381, such as `avc1.64001e`; the encoder's init segment is checked against it. */
  readonly codecs: string;
  /** The codec's level times ten, such as 31. */
  readonly level: number;
  /** 0 where nothing is encoded. */
  readonly crf: number;
  readonly maxrateBps: number;
  /** How much work the encoder takes upon itself, in its own words; absent in films planned before there was a choice. */
  readonly preset?: string;
  /** Present where the rendition is the source's own packets: what they need, as the source's index says. */
  readonly copied?: { readonly peakBps: number; readonly averageBps: number };
}

export type VideoCodec = 'h264' | 'hevc' | 'av1';

const CODEC_NAMES: Readonly<Record<string, VideoCodec>> = { avc1: 'h264', hvc1: 'hevc', av01: 'av1' };

/** What a rendition's RFC 6381 name says it is encoded in. */
export function videoCodecOf({ codecs }: Pick<VideoRendition, 'codecs'>): VideoCodec {
  return CODEC_NAMES[codecs.slice(0, codecs.indexOf('.'))] ?? 'h264';
}

export interface VideoTrack {
  readonly frameRate: Rational;
  /** Frames in a whole segment, the same in every rendition. */
  readonly framesPerSegment: number;
  readonly frameCount: number;
  /** Ticks a second; one frame is `timescale * den / num` ticks, a whole number. */
  readonly timescale: number;
  /** Lowest rung first; of several codecs, all of the first before all of the next. */
  readonly renditions: readonly VideoRendition[];
}

export interface AudioRendition {
  readonly name: string;
  readonly codecs: string;
  readonly bitrateBps: number;
  readonly channels: number;
  /** BCP 47, where the source says. */
  readonly language?: string;
  /** What a menu shows, unique among the film's tracks. Films of one track may have none. */
  readonly label?: string;
  readonly role?: AudioRole;
  /** On a second encoding of a track that keeps its surround channels: the name of the first, in stereo. */
  readonly surroundOf?: string;
}

/** What a track is for, beside being the film's sound. */
export type AudioRole = 'description' | 'clear-speech' | 'commentary';

export interface AudioTrack {
  readonly sampleRate: number;
  /** AAC frames of 1024 samples in the whole track, the same in every rendition. */
  readonly frameCount: number;
  /** The default track first; without it the film is not playable. */
  readonly renditions: readonly AudioRendition[];
  /** Present where every track is brought to one loudness: to which, and what the default one had. */
  readonly loudness?: { readonly targetLufs: number; readonly measuredLufs?: number };
}

export interface Film {
  /** Nominal segment length; the real one is a whole number of frames next to it. */
  readonly segmentSeconds: number;
  readonly durationSeconds: number;
  readonly video?: VideoTrack;
  readonly audio?: AudioTrack;
  /** Storyboard, absent for audio. */
  readonly storyboard?: Storyboard;
  /** Tracks of the source that no rendition was made of. */
  readonly leftOut?: readonly LeftOutTrack[];
}

export interface LeftOutTrack {
  readonly kind: 'audio' | 'subtitles';
  /**
   * `pictures`: subtitles that are drawn, not written; `too-many`: beyond the most tracks of a kind; `later`: the first of
   * several recordings that are joined has none like it.
   */
  readonly why: 'pictures' | 'too-many' | 'later';
  /** BCP 47. */
  readonly language?: string;
}

export interface Storyboard {
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly intervalSeconds: number;
  readonly tileCount: number;
}

/** Where one segment lies on its track's clock. */
export interface SegmentTiming {
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly timescale: number;
}

/** Samples in an AAC frame. */
export const AAC_FRAME = 1024;

export function rationalToNumber(rate: Rational): number {
  return rate.num / rate.den;
}

/** Ticks in one video frame. */
export function frameTicks(video: VideoTrack): number {
  return (video.timescale * video.frameRate.den) / video.frameRate.num;
}

/** The seconds a whole video segment really lasts, such as 4.004 at 29.97 frames a second. */
function segmentSecondsOf(film: Film): number {
  const { video } = film;
  if (!video) return film.segmentSeconds;
  return (video.framesPerSegment * video.frameRate.den) / video.frameRate.num;
}

/** How many segments every rendition of the film has; both kinds of track agree, so that seeking is one index. */
export function segmentCount(film: Film): number {
  const { video, audio, segmentSeconds } = film;
  if (video) return Math.ceil(video.frameCount / video.framesPerSegment);
  if (!audio) return 0;
  // Half a frame less, because boundaries fall on the nearest frame: no segment may begin where the sound has ended.
  const framesPerSegment = (segmentSeconds * audio.sampleRate) / AAC_FRAME;
  return Math.max(1, Math.ceil((audio.frameCount - 0.5) / framesPerSegment));
}

/** First AAC frame of segment `index`: the frame nearest to the video boundary; the track's end for the last one. */
export function audioFrameAt(film: Film, index: number): number {
  const { audio } = film;
  if (!audio) return 0;
  if (index >= segmentCount(film)) return audio.frameCount;
  return Math.min(audio.frameCount, Math.round((index * segmentSecondsOf(film) * audio.sampleRate) / AAC_FRAME));
}

/** Timing of segment `index` of a rendition, or undefined when the film has no such rendition or segment. */
export function segmentTiming(film: Film, rendition: string, index: number): SegmentTiming | undefined {
  if (!Number.isInteger(index) || index < 0 || index >= segmentCount(film)) return undefined;
  const { video, audio } = film;
  if (video?.renditions.some((each) => each.name === rendition)) {
    const first = index * video.framesPerSegment;
    const frames = Math.min(video.framesPerSegment, video.frameCount - first);
    const ticks = frameTicks(video);
    return { startTicks: first * ticks, durationTicks: frames * ticks, timescale: video.timescale };
  }
  if (audio?.renditions.some((each) => each.name === rendition)) {
    const first = audioFrameAt(film, index);
    const frames = audioFrameAt(film, index + 1) - first;
    return { startTicks: first * AAC_FRAME, durationTicks: frames * AAC_FRAME, timescale: audio.sampleRate };
  }
  return undefined;
}

/** Every rendition's name, lowest video rung first, audio last. */
export function renditionNames(film: Film): string[] {
  return [...(film.video?.renditions ?? []), ...(film.audio?.renditions ?? [])].map((each) => each.name);
}

/**
 * The film with its end at video frame `frameCount`, where the source turned out to have no more; undefined when it is
 * no longer than that. Sound keeps whole segments, so that none already published changes: it may outlast the picture.
 */
export function shortenFilm(film: Film, frameCount: number): Film | undefined {
  const { video, audio } = film;
  if (!video || video.frameCount <= frameCount) return undefined;
  const shorter = { ...film, video: { ...video, frameCount } };
  const count = segmentCount(shorter);
  return {
    ...shorter,
    durationSeconds: (frameCount * video.frameRate.den) / video.frameRate.num,
    ...(audio ? { audio: { ...audio, frameCount: audioFrameAt(film, count) } } : {}),
  };
}

/** The film without one of its video renditions; undefined when it has none of this name. */
export function withoutRendition(film: Film, name: string): Film | undefined {
  const { video } = film;
  if (!video?.renditions.some((each) => each.name === name)) return undefined;
  return { ...film, video: { ...video, renditions: video.renditions.filter((each) => each.name !== name) } };
}
