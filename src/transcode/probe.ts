import { open } from 'node:fs/promises';
import { readFfprobe, runFfprobe } from '../ffmpeg/ffmpeg.ts';
import { readBoxHeader } from '../kernel/cmaf/boxes.ts';
import { shownSeconds } from '../kernel/cmaf/cut-grid.ts';
import type { SampleTable } from '../kernel/cmaf/sample-table.ts';
import { Fault } from '../kernel/errors.ts';
import type { AudioRole, LeftOutTrack, Rational } from '../kernel/film/film.ts';
import { SNIFF_BYTES, type Sniffed, sniff } from './sniff.ts';
import {
  type ColourMatrix,
  type SourceAudio,
  type SourceInfo,
  type SourceSubtitles,
  type SourceVideo,
  spanSeconds,
} from './source.ts';
import { readVideoIndex } from './source-index.ts';

export interface ProbeLimits {
  /** Width times height of a coded picture. */
  readonly maxPixels: number;
  readonly maxSeconds: number;
  /** The file is still growing: what it lacks is no fault of it, and nothing may be counted to its end. */
  readonly arriving?: boolean;
  readonly abort: AbortSignal;
}

/**
 * Looks at a stored source.
 * @throws Fault SOURCE_EMPTY, SOURCE_NOT_MEDIA, SOURCE_FORMAT_REFUSED, SOURCE_TRUNCATED, SOURCE_NO_STREAMS,
 * SOURCE_TOO_WIDE or SOURCE_TOO_LONG when it can not or will not be encoded.
 */
export async function probeSource(path: string, limits: ProbeLimits): Promise<SourceInfo> {
  const sniffed = await look(path, limits.arriving ?? false);
  const options = ['-max_pixels', String(limits.maxPixels), '-show_format', '-show_streams'];
  const probing = runFfprobe(path, sniffed === 'iso' ? 'mov' : undefined, options, limits.abort);
  // Beside ffprobe, which takes as long again for the same: most films of this kind are H.264.
  const [probed, index] = await Promise.all([probing, sniffed === 'iso' ? readVideoIndex(path) : []]);
  if (complainsOfSize(probed.says, limits.maxPixels)) throw new Fault('SOURCE_TOO_WIDE');
  if (!probed.read) throw unreadable(probed.says, probed.timedOut);
  const info = readProbe(probed.json);
  if (info.video && info.video.width * info.video.height > limits.maxPixels) throw new Fault('SOURCE_TOO_WIDE');
  const timed = limits.arriving ? stated(info) : await withDurations(path, info, limits.abort);
  if (spanSeconds(timed) > limits.maxSeconds) throw new Fault('SOURCE_TOO_LONG');
  return withSamples(index, withShown(index, timed));
}

/** ffprobe tells no more than the sum of the pictures' lengths. */
function withShown([only, ...others]: readonly SampleTable[], info: SourceInfo): SourceInfo {
  const { video } = info;
  if (!video || !only || others.length > 0 || info.container !== 'mov') return info;
  return { ...info, video: { ...video, durationSeconds: shownSeconds(only, video.durationSeconds) } };
}

/** Adds where the packets lie, for pictures that may be used as they are. */
function withSamples(index: readonly SampleTable[], info: SourceInfo): SourceInfo {
  const { video } = info;
  if (!video?.copyable || info.container !== 'mov') return info;
  const { trackId } = video.copyable;
  const samples = index.find((table) => table.trackId === trackId);
  return samples ? { ...info, video: { ...video, samples } } : info;
}

/** Reads the first bytes, and of ISO files the outline, before any decoder does. */
async function look(path: string, arriving: boolean): Promise<Sniffed> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(SNIFF_BYTES);
    const { bytesRead } = await file.read(head, 0, SNIFF_BYTES, 0);
    const sniffed = sniff(head.subarray(0, bytesRead));
    if (sniffed === 'empty') throw new Fault('SOURCE_EMPTY');
    if (sniffed === 'refused') throw new Fault('SOURCE_FORMAT_REFUSED');
    if (sniffed === 'iso' && !arriving) await refuseCutOff((at, into) => file.read(into, 0, 16, at), size);
    return sniffed;
  } finally {
    await file.close();
  }
}

/** Boxes at the top of a file that are looked at; a fragmented film has thousands, and its end needs no index. */
const OUTLINE_BOXES = 500;

/** A film cut off in transit has a media box that claims more than the file holds; ffprobe reads on without a word. */
async function refuseCutOff(readAt: (at: number, into: Buffer) => Promise<unknown>, sizeBytes: number): Promise<void> {
  const header = Buffer.alloc(16);
  let at = 0;
  for (let count = 0; at + 8 <= sizeBytes && count < OUTLINE_BOXES; count += 1) {
    await readAt(at, header);
    const box = readBoxHeader(header, 0);
    if (!box || box.sizeBytes < box.headerBytes) return;
    if (at + box.sizeBytes > sizeBytes && ['mdat', 'moov', 'moof'].includes(box.type))
      throw new Fault('SOURCE_TRUNCATED');
    at += box.sizeBytes;
  }
}

/** A decoder that refuses a picture for its size forgets the size: only its complaint still has it. */
function complainsOfSize(says: string, maxPixels: number): boolean {
  const sizes = says.matchAll(/Picture size (\d+)x(\d+) (?:is invalid|exceeds)/g);
  return [...sizes].some(([, width, height]) => Number(width) * Number(height) > maxPixels);
}

function unreadable(says: string, timedOut: boolean): Fault {
  const detail = { says: says.slice(-500), timedOut };
  if (/moov atom not found/.test(says)) return new Fault('SOURCE_TRUNCATED', { detail });
  const refused = /Format not on whitelist|not on whitelist/.test(says);
  const naming = /\b(hls|concat|dash|imf|sdp|rtsp|svg\w*|image2\w*|\w+_pipe|webvtt|srt)\b/.test(says);
  return new Fault(refused && naming ? 'SOURCE_FORMAT_REFUSED' : 'SOURCE_NOT_MEDIA', { detail });
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * ffprobe's JSON as a plain description.
 * @throws Fault SOURCE_NO_STREAMS when neither a picture nor sound can be decoded.
 */
export function readProbe(json: unknown): SourceInfo {
  const { format, streams } = fields(json);
  const container = String(fields(format).format_name ?? '').split(',')[0] ?? '';
  const all = Array.isArray(streams) ? streams.map(fields) : [];
  const whole = seconds(fields(format).duration);
  const video = all.find((each) => each.codec_type === 'video' && isFilm(each));
  const sounds = all.filter((each) => each.codec_type === 'audio' && isKnown(each) && Number(each.channels) > 0);
  const audio = sounds.find((each) => hasDisposition(each, 'default')) ?? sounds[0];
  if (!video && !audio) throw new Fault('SOURCE_NO_STREAMS');
  const others = sounds.filter((each) => each !== audio);
  const kept = others.slice(0, MOST_AUDIO_TRACKS - 1);
  const texts = all.filter(
    (each) => each.codec_type === 'subtitle' && TEXT_SUBTITLES.includes(String(each.codec_name)),
  );
  const subtitles = texts.slice(0, MOST_SUBTITLE_TRACKS);
  const leftOut = [
    ...others.slice(kept.length).map((each) => leftOutTrack(each, 'audio', 'too-many')),
    ...texts.slice(subtitles.length).map((each) => leftOutTrack(each, 'subtitles', 'too-many')),
    ...all.filter(isDrawnText).map((each) => leftOutTrack(each, 'subtitles', 'pictures')),
  ];
  return {
    container,
    ...(video ? { video: readVideo(video, whole) } : {}),
    ...(audio ? { audio: readAudio(audio, whole) } : {}),
    ...(kept.length > 0 ? { otherAudio: kept.map((each) => readAudio(each, whole)) } : {}),
    ...(subtitles.length > 0 ? { subtitles: subtitles.map(readSubtitles) } : {}),
    ...(leftOut.length > 0 ? { leftOut } : {}),
  };
}

/** More than any disc has; each costs an encode of the whole film. */
const MOST_AUDIO_TRACKS = 16;

const MOST_SUBTITLE_TRACKS = 32;

const TEXT_SUBTITLES = ['mov_text', 'subrip', 'srt', 'ass', 'ssa', 'webvtt', 'text'];
const DRAWN_SUBTITLES = ['hdmv_pgs_subtitle', 'dvd_subtitle', 'dvb_subtitle', 'xsub'];

function isDrawnText(stream: Fields): boolean {
  return stream.codec_type === 'subtitle' && DRAWN_SUBTITLES.includes(String(stream.codec_name));
}

function readSubtitles(stream: Fields): SourceSubtitles {
  const language = languageOf(stream);
  const title = titleOf(stream);
  const tellsSounds = hasDisposition(stream, 'hearing_impaired') || hasDisposition(stream, 'captions');
  return {
    streamIndex: Number(stream.index),
    kind: tellsSounds ? 'captions' : 'subtitles',
    isDefault: hasDisposition(stream, 'default'),
    isForced: hasDisposition(stream, 'forced'),
    ...(language === undefined ? {} : { language }),
    ...(title === undefined ? {} : { title }),
  };
}

function leftOutTrack(stream: Fields, kind: LeftOutTrack['kind'], why: LeftOutTrack['why']): LeftOutTrack {
  const language = languageOf(stream);
  return { kind, why, ...(language === undefined ? {} : { language }) };
}

function hasDisposition(stream: Fields, name: string): boolean {
  return Number(fields(stream.disposition)[name]) === 1;
}

/** Cover pictures are video streams too, and so are streams whose decoder is missing. */
function isFilm(stream: Fields): boolean {
  return (
    !hasDisposition(stream, 'attached_pic') && isKnown(stream) && Number(stream.width) > 0 && Number(stream.height) > 0
  );
}

function isKnown(stream: Fields): boolean {
  return typeof stream.codec_name === 'string' && stream.codec_name !== 'unknown' && stream.codec_name !== 'none';
}

function readVideo(stream: Fields, wholeSeconds: number | undefined): SourceVideo {
  const frameRate = ratio(stream.avg_frame_rate) ?? ratio(stream.r_frame_rate);
  const height = Number(stream.height);
  return {
    streamIndex: Number(stream.index),
    width: Number(stream.width),
    height,
    pixelShape: pixelShape(stream.sample_aspect_ratio),
    rotation: rotation(stream),
    ...(frameRate ? { frameRate } : {}),
    timeBase: ratio(stream.time_base) ?? { num: 1, den: 90_000 },
    startPts: Number.isFinite(Number(stream.start_pts)) ? Number(stream.start_pts) : 0,
    durationSeconds: duration(stream, wholeSeconds),
    interlaced: ['tt', 'bb', 'tb', 'bt'].includes(String(stream.field_order)),
    matrix: matrix(stream.color_space, height),
    transfer: transfer(stream.color_transfer),
    ...copyable(stream),
  };
}

function readAudio(stream: Fields, wholeSeconds: number | undefined): SourceAudio {
  const language = languageOf(stream);
  const title = titleOf(stream);
  const role = audioRole(stream);
  return {
    streamIndex: Number(stream.index),
    sampleRate: Number(stream.sample_rate) || 48_000,
    channels: Number(stream.channels),
    startSeconds: Number.isFinite(Number(stream.start_time)) ? Number(stream.start_time) : 0,
    durationSeconds: duration(stream, wholeSeconds),
    ...(language === undefined ? {} : { language }),
    ...(title === undefined ? {} : { title }),
    ...(role === undefined ? {} : { role }),
  };
}

function audioRole(stream: Fields): AudioRole | undefined {
  if (hasDisposition(stream, 'visual_impaired') || hasDisposition(stream, 'descriptions')) return 'description';
  if (hasDisposition(stream, 'hearing_impaired')) return 'clear-speech';
  return hasDisposition(stream, 'comment') ? 'commentary' : undefined;
}

/** Matroska and MPEG-TS call it a title; QuickTime has a handler's name, which muxers fill with their own. */
function titleOf(stream: Fields): string | undefined {
  const { title, handler_name: handler } = fields(stream.tags);
  const named = [title, handler].filter((each): each is string => typeof each === 'string' && each.trim() !== '');
  return named.find((each) => !MUXER_NAMES.test(each))?.slice(0, 200);
}

const MUXER_NAMES = /handler|^(gpac|core media|mainconcept|apple|iso media|l-smash|bento4|sound|audio|subtitles?)\b/i;

/** ffprobe's `id` of an ISO track is its number in hex. */
function copyable(stream: Fields): Pick<SourceVideo, 'copyable'> {
  const plain = stream.codec_name === 'h264' && stream.pix_fmt === 'yuv420p' && stream.field_order === 'progressive';
  const trackId = Number(stream.id);
  return plain && Number.isInteger(trackId) && trackId > 0 ? { copyable: { trackId } } : {};
}

/** Length of a stream, falling back on the container's; 0 when nobody says. Matroska notes it in a tag of its own. */
function duration(stream: Fields, wholeSeconds: number | undefined): number {
  const tagged = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(String(fields(stream.tags).DURATION ?? ''));
  if (tagged) return Number(tagged[1]) * 3_600 + Number(tagged[2]) * 60 + Number(tagged[3]);
  return seconds(stream.duration) ?? wholeSeconds ?? 0;
}

function rotation(stream: Fields): number {
  const sides = Array.isArray(stream.side_data_list) ? stream.side_data_list.map(fields) : [];
  const turned = sides.map((side) => Number(side.rotation)).find(Number.isFinite);
  return Math.round((turned ?? 0) / 90) * 90;
}

/** `0:1` and absent both mean unknown, which everything plays as square. */
function pixelShape(value: unknown): Rational {
  const shape = /^(\d+):(\d+)$/.exec(String(value));
  const [num, den] = [Number(shape?.[1] ?? 1), Number(shape?.[2] ?? 1)];
  // A shape beyond 8 to 1 is a damaged header, not a picture.
  return num > 0 && den > 0 && num / den <= 8 && den / num <= 8 ? { num, den } : { num: 1, den: 1 };
}

/** Untagged pictures follow the habit of their size: standard definition is BT.601, high definition BT.709. */
function matrix(value: unknown, height: number): ColourMatrix {
  if (value === 'bt709') return 'bt709';
  if (value === 'bt2020nc' || value === 'bt2020c') return 'bt2020';
  if (value === 'smpte170m' || value === 'bt470bg' || value === 'fcc') return 'bt601';
  return height >= 720 ? 'bt709' : 'bt601';
}

function transfer(value: unknown): SourceVideo['transfer'] {
  if (value === 'smpte2084') return 'pq';
  return value === 'arib-std-b67' ? 'hlg' : 'sdr';
}

function languageOf(stream: Fields): string | undefined {
  return languageTag(String(fields(stream.tags).language ?? 'und'));
}

/** The shortest BCP 47 tag of what containers write as ISO 639-2, such as `eng`. */
export function languageTag(tag: string): string | undefined {
  if (tag === 'und' || !/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag)) return undefined;
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    // Not a language tag after all: a rendition without a language is still a rendition.
    return undefined;
  }
}

/** Formats whose length is a guess from the bit rate: counting packets is cheap there and exact. */
const GUESSED = ['mp3', 'aac', 'amr', 'ac3', 'eac3', 'h264', 'hevc', 'm4v'];

/** A source of which every length is stated. */
function stated(info: SourceInfo): SourceInfo {
  const lengths = [info.video, info.audio].flatMap((stream) => (stream ? [stream.durationSeconds] : []));
  if (info.container !== 'mov' || !lengths.every((seconds) => seconds > 0)) throw new Fault('SOURCE_TRUNCATED');
  return info;
}

/** Fills in lengths that the container does not state, as with films recorded by a browser, by counting packets. */
async function withDurations(path: string, info: SourceInfo, abort: AbortSignal): Promise<SourceInfo> {
  const guessed = GUESSED.includes(info.container);
  const counted = async <Stream extends SourceVideo | SourceAudio>(stream: Stream, start: number): Promise<Stream> => {
    if (stream.durationSeconds > 0 && !guessed) return stream;
    const end = await lastPacketEnd(path, info.container, stream.streamIndex, undefined, abort);
    if (end === undefined) throw new Fault('SOURCE_NOT_MEDIA', { detail: { why: 'no packets with times' } });
    return { ...stream, durationSeconds: Math.max(0, end - start) };
  };
  const { video, audio } = info;
  return {
    ...info,
    ...(video ? { video: await counted(video, (video.startPts * video.timeBase.num) / video.timeBase.den) } : {}),
    ...(audio ? { audio: await counted(audio, audio.startSeconds) } : {}),
  };
}

/** Whether a reader that seeks to the first of two moments on the source's clock meets a key frame until the second. */
export async function hasKeyFrame(
  path: string,
  { container, streamIndex }: { readonly container: string; readonly streamIndex: number },
  [from, until]: readonly [from: number, until: number],
  abort: AbortSignal,
): Promise<boolean> {
  const interval = `${Math.max(0, from).toFixed(6)}%${until.toFixed(6)}`;
  const options = ['-select_streams', String(streamIndex), '-show_entries', 'packet=pts_time,flags'];
  const probed = await runFfprobe(path, container, [...options, '-read_intervals', interval], abort);
  const packets = probed.read ? fields(probed.json).packets : [];
  return (Array.isArray(packets) ? packets.map(fields) : []).some(
    ({ flags, pts_time }) => String(flags).startsWith('K') && (seconds(pts_time) ?? until) < until,
  );
}

/**
 * When the last packet of a stream ends, on the source's clock, reading from `fromSeconds` where given. Undefined when
 * there is none from there on. Packets are only counted, nothing is decoded.
 */
export async function lastPacketEnd(
  path: string,
  container: string,
  streamIndex: number,
  fromSeconds: number | undefined,
  abort: AbortSignal,
): Promise<number | undefined> {
  const from = fromSeconds === undefined ? [] : ['-read_intervals', `${Math.max(0, fromSeconds)}%`];
  const options = ['-select_streams', String(streamIndex), '-show_entries', 'packet=pts_time,duration_time', ...from];
  let latest = Number.NEGATIVE_INFINITY;
  // Packets come in decoding order, and one without a time says `N/A`.
  const isRead = await readFfprobe(path, container, options, abort, (line) => {
    if (line === '') return;
    const [shown = Number.NaN, lasts] = line.split(',').map(Number);
    if (Number.isFinite(shown)) latest = Math.max(latest, shown + (Number(lasts) || 0));
  });
  return isRead && Number.isFinite(latest) ? latest : undefined;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function seconds(value: unknown): number | undefined {
  const read = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isFinite(read) ? read : undefined;
}

function ratio(value: unknown): Rational | undefined {
  const parts = /^(\d+)\/(\d+)$/.exec(String(value));
  const [num, den] = [Number(parts?.[1]), Number(parts?.[2])];
  return num > 0 && den > 0 ? { num, den } : undefined;
}
