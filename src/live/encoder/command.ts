import { guardedStream, pipeName, type StreamContainer } from '../../ffmpeg/streaming.ts';
import type { AudioRendition, Rational } from '../../kernel/film/film.ts';
import { rationalToNumber } from '../../kernel/film/film.ts';
import type { BroadcastFormat, LiveVideoRendition, LiveVideoTrack, RungEncoding } from '../../kernel/live/broadcast.ts';
import type { LivePicture, LiveSource } from '../../kernel/live/source.ts';

export interface EncodeOrder {
  readonly container: StreamContainer;
  readonly source: LiveSource;
  readonly format: BroadcastFormat;
  /** The names of those renditions of the format that this session has. */
  readonly renditions: readonly string[];
  /** Times of arrival instead of the source's own, which are of no use. */
  readonly usesArrivalTimes: boolean;
  readonly maxPixels: number;
  /** Whether the highest rung is the source's own packets. */
  readonly copiesTop: boolean;
}

/** What ffmpeg is told, and what it writes to each of its pipes in turn: renditions by name, the tap, and how it gets on. */
export interface EncodeCommand {
  readonly args: readonly string[];
  readonly renditions: readonly string[];
}

/**
 * How long a stream is looked at before it is read: until all is known of it. What a transport stream has, its first tables
 * say; ffmpeg's programs ask for all later ones too, and would go on looking for the whole time. Not `nobuffer`: that throws
 * away what was looked at, and with it everything up to the next key frame.
 */
export function lookOptions(container: StreamContainer): string[] {
  const isTransport = container === 'mpegts';
  const micros = String((isTransport ? 1 : 3) * 1_000_000);
  const tables = isTransport ? ['-scan_all_pmts', '0'] : [];
  return ['-analyzeduration', micros, '-probesize', String(LOOK_BYTES), '-fpsprobesize', '4', ...tables];
}

const LOOK_BYTES = 8_000_000;

/** Seconds from key frame to key frame: every one is a place to join, to switch and to catch up at. */
export const KEY_FRAME_SECONDS = 1;

/** The arguments of a session's encoder. Its outputs are fragmented MP4 with a fragment a frame, one rendition each. */
export function encodeCommand(order: EncodeOrder): EncodeCommand {
  const { source, format, renditions, copiesTop } = order;
  const track = source.video && format.video;
  const rungs = (track?.renditions ?? []).filter(({ name }) => renditions.includes(name));
  const encoded = copiesTop ? rungs.slice(0, -1) : rungs;
  const sounds = (format.audio?.renditions ?? []).filter(({ name }) => renditions.includes(name));
  const names = [...rungs, ...sounds].map(({ name }) => name);
  const silence = source.audio ? [] : ['-f', 'lavfi', '-i', `anullsrc=r=${format.audio?.sampleRate}:cl=stereo`];
  const args = [
    ...(order.usesArrivalTimes ? ['-use_wallclock_as_timestamps', '1'] : []),
    ...['-max_pixels', String(order.maxPixels), ...lookOptions(order.container), ...guardedStream(order.container)],
    ...['-i', 'pipe:0', ...silence],
    ...(source.video && encoded.length > 0 ? ['-filter_complex', pictureFilter(source.video, encoded)] : []),
    ...(track ? encoded.flatMap((rung, index) => rungOutput(track, rung, index, copiesTop)) : []),
    ...(track && copiesTop ? copyOutput(track, pipeName(encoded.length)) : []),
    ...sounds.flatMap((sound, index) => soundOutput(order, sound, pipeName(rungs.length + index))),
    ...tapOutput(source, pipeName(names.length)),
    ...['-progress', pipeName(names.length + 1), '-stats_period', '1'],
  ];
  return { args, renditions: names };
}

/**
 * Decoded once and scaled to each size. A source that changes its shape in the middle keeps its picture, with bars around
 * it: the renditions' sizes are promised.
 */
function pictureFilter(picture: LivePicture, rungs: readonly LiveVideoRendition[]): string {
  const before = [
    ...(picture.isInterlaced ? ['yadif=deint=interlaced'] : []),
    ...(picture.pixelShape.num === picture.pixelShape.den ? [] : ['scale=trunc(iw*sar/2)*2:ih', 'setsar=1']),
  ];
  const labels = rungs.map((_, index) => `[s${index}]`).join('');
  const split = `[0:V:0]${[...before, `split=${rungs.length}`].join(',')}${labels}`;
  return [split, ...rungs.map((rung, index) => `[s${index}]${fitted(rung)}[v${index}]`)].join(';');
}

function fitted({ width, height }: LiveVideoRendition): string {
  const size = `${width}:${height}`;
  return `scale=${size}:force_original_aspect_ratio=decrease:force_divisible_by=2,pad=${size}:-1:-1,setsar=1,format=yuv420p`;
}

/** Of broadcasts that were planned without. */
const USUAL: RungEncoding = { level: 41, crf: 23, preset: 'veryfast' };

/** No B-frames and no look-ahead: they cost what viewers are behind. The rate's cap holds over a second. */
function rungOutput(track: LiveVideoTrack, rung: LiveVideoRendition, index: number, followsSource: boolean): string[] {
  const { level, crf, preset } = rung.encoding ?? USUAL;
  // biome-ignore format: options read in pairs
  return [
    '-map', `[v${index}]`, '-r', rateText(track.frameRate), '-fps_mode', 'cfr',
    '-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency',
    '-profile:v', 'high', '-level:v', (level / 10).toFixed(1),
    ...(preset === 'ultrafast' ? ['-8x8dct', '1'] : []),
    '-crf', String(crf), '-maxrate', String(rung.maxrateBps), '-bufsize', String(rung.maxrateBps),
    ...keyFrames(track.frameRate, followsSource),
    '-video_track_timescale', String(track.timescale),
    ...fragments(pipeName(index)),
  ];
}

/**
 * By time and not by count, so that all rungs have theirs at the same frame whatever was dropped or repeated; at the source's
 * own where one rung is the source.
 */
function keyFrames(frameRate: Rational, followsSource: boolean): string[] {
  const beyond = String(Math.ceil(rationalToNumber(frameRate) * KEY_FRAME_SECONDS * LONGEST_GROUP));
  const forced = followsSource ? 'source_no_drop' : `expr:gte(t,n_forced*${KEY_FRAME_SECONDS})`;
  return ['-g', beyond, '-keyint_min', '1', '-sc_threshold', '0', '-force_key_frames', forced, '-forced-idr', '1'];
}

/** In spans between key frames: a bound that is not reached. */
const LONGEST_GROUP = 10;

/**
 * From where it begins on the clock that all outputs share, which what is encoded is filled up from: a muxer left to itself
 * would have its first picture at 0, ahead of the sound by as much.
 */
function copyOutput(track: LiveVideoTrack, target: string): string[] {
  const clock = ['-video_track_timescale', String(track.timescale), '-avoid_negative_ts', 'disabled'];
  return ['-map', '0:V:0', '-c:v', 'copy', ...clock, ...fragments(target, '+frag_discont')];
}

/** Sound keeps to its clock: gaps are filled, drift is taken up. The packet before time 0, of the encoder's own, is left out. */
function soundOutput({ source, format }: EncodeOrder, sound: AudioRendition, target: string): string[] {
  const filter = source.audio ? ['-af', 'aresample=async=1:first_pts=0'] : [];
  // biome-ignore format: options read in pairs
  return [
    '-map', source.audio ? '0:a:0' : '1:a:0', ...filter,
    '-c:a', 'aac', '-b:a', String(sound.bitrateBps), '-ar', String(format.audio?.sampleRate), '-ac', String(sound.channels),
    '-bsf:a', 'noise=drop=lt(n\\,1)',
    ...fragments(target),
  ];
}

function fragments(target: string, flags = ''): string[] {
  return ['-f', 'mp4', '-movflags', `+frag_every_frame+cmaf${flags}`, '-flush_packets', '1', target];
}

/**
 * A line of text for each of the source's packets, as it is read: what its health is told from. Not in the order of their
 * times: for that the muxer would hold one track back until the other is as far, and nobody would see them drift apart.
 */
function tapOutput(source: LiveSource, target: string): string[] {
  const maps = [...(source.video ? ['-map', '0:V:0'] : []), ...(source.audio ? ['-map', '0:a:0'] : [])];
  return [...maps, '-c', 'copy', '-f', 'framecrc', '-max_interleave_delta', '1', '-flush_packets', '1', target];
}

function rateText({ num, den }: Rational): string {
  return den === 1 ? String(num) : `${num}/${den}`;
}
