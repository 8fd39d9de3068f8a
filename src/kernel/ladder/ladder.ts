import { Fault } from '../errors.ts';
import type { VideoCodec } from '../film/film.ts';
import { LOUDNESS_LUFS } from '../loudness.ts';

/** What an encoding ladder file says: the ceiling of every rung, not a promise that a film gets it. */
export interface Ladder {
  readonly name: string;
  /** Lowest first within each codec. */
  readonly rungs: readonly Rung[];
  readonly audio: AudioSettings;
}

export interface Rung {
  /** The short side of the picture in pixels, so that a portrait film gets the same rungs as a landscape one. */
  readonly height: number;
  readonly codec: VideoCodec;
  /** How much work the encoder takes upon itself: a word for x264 and x265, a number for SVT-AV1. */
  readonly preset: string;
  /** Constant rate factor, on the encoder's own scale. */
  readonly crf: number;
  /** Cap over one second of buffer, for up to 30 frames a second. */
  readonly maxrateBps: number;
}

export interface AudioSettings {
  readonly bitrateBps: number;
  readonly sampleRate: number;
  /** The most channels that are kept; a source with fewer keeps its own. 6 adds 5.1 beside stereo, where there is any. */
  readonly channels: number;
  /** What sound is brought to; left out, it stays as loud as it is. */
  readonly loudnessLufs?: number;
}

const X26_PRESETS = ['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow', 'slower', 'veryslow'];

/** What each encoder takes: its presets, and the end of its scale of rate factors. */
const ENCODERS: Readonly<Record<VideoCodec, { readonly presets: readonly string[]; readonly worstCrf: number }>> = {
  h264: { presets: X26_PRESETS, worstCrf: 51 },
  hevc: { presets: X26_PRESETS, worstCrf: 51 },
  av1: { presets: ['4', '5', '6', '7', '8', '9', '10', '11', '12'], worstCrf: 63 },
};

/**
 * Reads the text of a ladder file.
 * @throws Fault LADDER_INVALID naming the first entry that is wrong.
 */
export function parseLadder(text: string): Ladder {
  const file = record(readJson(text), 'the file');
  const codec = codecOf(file.codec, 'codec');
  const audio = record(file.audio, 'audio');
  if (audio.codec !== 'aac') throw invalid('audio.codec must be "aac"');
  return {
    name: word(file.name, 'name'),
    rungs: rungs(file.rungs, { codec, preset: preset(file.preset, codec, 'preset') }),
    audio: {
      bitrateBps: whole(audio.bitrateBps, 'audio.bitrateBps', 8_000, 512_000),
      sampleRate: oneOf(audio.sampleRate, 'audio.sampleRate', [44_100, 48_000]),
      channels: oneOf(audio.channels, 'audio.channels', [1, 2, 6]),
      ...(audio.loudnessLufs === undefined ? {} : { loudnessLufs: loudness(audio.loudnessLufs) }),
    },
  };
}

/** A rung is of the file's codec unless it names another, and then also that one's preset. */
function rungs(value: unknown, common: Pick<Rung, 'codec' | 'preset'>): Rung[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid('rungs must be a list with at least one rung');
  const read = value.map((each: unknown, index): Rung => {
    const at = `rungs[${index}]`;
    const rung = record(each, at);
    const codec = rung.codec === undefined ? common.codec : codecOf(rung.codec, `${at}.codec`);
    const own = codec !== common.codec || rung.preset !== undefined;
    return {
      height: whole(rung.height, `${at}.height`, 16, 4_320),
      codec,
      preset: own ? preset(rung.preset, codec, `${at}.preset`) : common.preset,
      crf: whole(rung.crf, `${at}.crf`, 0, ENCODERS[codec].worstCrf),
      maxrateBps: whole(rung.maxrateBps, `${at}.maxrateBps`, 10_000, 500_000_000),
    };
  });
  read.forEach((rung, index) => {
    if (rung.height % 2 !== 0) throw invalid(`rungs[${index}].height must be even`);
    const below = read.slice(0, index).findLast(({ codec }) => codec === rung.codec);
    if (below && below.height >= rung.height) throw invalid(`rungs[${index}].height must be above the rung before it`);
  });
  return read;
}

/** The same ladder with sound brought to another loudness, or with `undefined` left as loud as it is. */
export function withLoudness({ audio, ...ladder }: Ladder, loudnessLufs: number | undefined): Ladder {
  const { loudnessLufs: _before, ...settings } = audio;
  return { ...ladder, audio: { ...settings, ...(loudnessLufs === undefined ? {} : { loudnessLufs }) } };
}

function loudness(value: unknown): number {
  const { least, most } = LOUDNESS_LUFS;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw invalid(`audio.loudnessLufs must be a number from ${least} to ${most}`);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Fault('LADDER_INVALID', { says: 'The ladder file is not JSON.', cause });
  }
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${at} must be an object`);
  return value as Record<string, unknown>;
}

function whole(value: unknown, at: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`${at} must be a whole number from ${min} to ${max}`);
}

function oneOf(value: unknown, at: string, allowed: readonly number[]): number {
  if (typeof value === 'number' && allowed.includes(value)) return value;
  throw invalid(`${at} must be one of ${allowed.join(', ')}`);
}

function word(value: unknown, at: string): string {
  if (typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,31}$/.test(value)) return value;
  throw invalid(`${at} must be a word of small letters, digits and dashes`);
}

function codecOf(value: unknown, at: string): VideoCodec {
  if (typeof value === 'string' && Object.hasOwn(ENCODERS, value)) return value as VideoCodec;
  throw invalid(`${at} must be ${Object.keys(ENCODERS).join(' or ')}`);
}

function preset(value: unknown, codec: VideoCodec, at: string): string {
  const { presets } = ENCODERS[codec];
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && presets.includes(text)) return text;
  throw invalid(`${at} must be one of ${presets.join(', ')}`);
}

function invalid(says: string): Fault {
  return new Fault('LADDER_INVALID', { says: `The encoding ladder is not usable: ${says}.` });
}
