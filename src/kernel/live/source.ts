import type { Rational } from '../film/film.ts';
import { FASTEST_SOURCE } from '../film/frame-rates.ts';
import { type DisplaySize, planDisplaySize } from '../ladder/rungs.ts';

/** What a publisher sends, as far as it can be told from the first second of it. */
export interface LiveSource {
  readonly video?: LivePicture;
  readonly audio?: { readonly codec: string };
}

export interface LivePicture {
  readonly codec: string;
  /** As ffprobe calls it, where it does. */
  readonly profile?: string;
  /** As it is shown: turned, and with square pixels. */
  readonly size: DisplaySize;
  readonly pixelShape: Rational;
  readonly pixelFormat: string;
  readonly isInterlaced: boolean;
  /** Absent where the source does not say, as browsers do not. */
  readonly framesPerSecond?: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what ffprobe says of streams; undefined where there is neither a picture nor sound in it. */
export function readLiveSource(json: unknown): LiveSource | undefined {
  const streams = fields(json).streams;
  const all = Array.isArray(streams) ? streams.map(fields) : [];
  const picture = all.find((each) => each.codec_type === 'video' && number(each.width) > 0 && number(each.height) > 0);
  const sound = all.find((each) => each.codec_type === 'audio' && number(each.channels) > 0 && each.codec_name);
  if (!picture && !sound) return undefined;
  return {
    ...(picture ? { video: readPicture(picture) } : {}),
    ...(sound ? { audio: { codec: String(sound.codec_name) } } : {}),
  };
}

function readPicture(stream: Fields): LivePicture {
  const pixelShape = ratio(stream.sample_aspect_ratio, ':') ?? { num: 1, den: 1 };
  const coded = { width: number(stream.width), height: number(stream.height) };
  const framesPerSecond = rateOf(stream);
  return {
    codec: String(stream.codec_name),
    ...(typeof stream.profile === 'string' ? { profile: stream.profile } : {}),
    size: planDisplaySize(coded, pixelShape, rotationOf(stream)),
    pixelShape,
    pixelFormat: String(stream.pix_fmt),
    isInterlaced: ['tt', 'bb', 'tb', 'bt'].includes(String(stream.field_order)),
    ...(framesPerSecond === undefined ? {} : { framesPerSecond }),
  };
}

/** Slower, and faster than any source, is a guess of ffprobe's. */
const SLOWEST = 1;

function rateOf(stream: Fields): number | undefined {
  const rates = [ratio(stream.avg_frame_rate, '/'), ratio(stream.r_frame_rate, '/')];
  return rates
    .flatMap((rate) => (rate ? [rate.num / rate.den] : []))
    .find((rate) => rate >= SLOWEST && rate <= FASTEST_SOURCE);
}

function rotationOf(stream: Fields): number {
  const sides = Array.isArray(stream.side_data_list) ? stream.side_data_list.map(fields) : [];
  return sides.map(({ rotation }) => number(rotation)).find((rotation) => rotation !== 0) ?? 0;
}

function ratio(value: unknown, between: string): Rational | undefined {
  const [num = 0, den = 0] = String(value).split(between).map(Number);
  return num > 0 && den > 0 ? { num, den } : undefined;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function number(value: unknown): number {
  const read = Number(value);
  return Number.isFinite(read) ? read : 0;
}
