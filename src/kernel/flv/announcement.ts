import type { AmfObject } from '../rtmp/amf.ts';
import { writeAmf } from '../rtmp/amf.ts';
import { readVideo } from './codecs.ts';
import { TAG_TYPE } from './write.ts';

/** What an encoder says of its media before it sends any, as far as a reader of Flash video may believe it. */
export interface Announcement {
  readonly audio: boolean;
  readonly video: boolean;
  /** The body of a script tag. */
  readonly body: Uint8Array;
}

/** Names that a reader is helped by, each up to what is sensible: a length or a list of key frames is another's. */
const BELIEVED: Readonly<Record<string, number>> = {
  width: 16_384,
  height: 16_384,
  framerate: 240,
  videocodecid: 15,
  audiocodecid: 15,
  audiosamplerate: 192_000,
};

/** Undefined where it names no codec, and so says nothing of what will come. */
export function readAnnouncement(fields: AmfObject): Announcement | undefined {
  const kept: Record<string, number> = {};
  for (const [name, most] of Object.entries(BELIEVED)) {
    const value = fields.get(name);
    if (typeof value === 'number' && value > 0 && value <= most) kept[name] = value;
  }
  const audio = 'audiocodecid' in kept;
  const video = 'videocodecid' in kept;
  if (!audio && !video) return undefined;
  return { audio, video, body: writeAmf(['onMetaData', kept]) };
}

/** Whether a tag is of a codec that Enhanced RTMP brought, four letters in place of a number: not read here yet. */
export function isEnhanced(type: number, body: Uint8Array): boolean {
  const first = body[0] ?? 0;
  return type === TAG_TYPE.video ? first >= 0x80 : first >> 4 === 9;
}

/** No encoder shows a picture later than this after it is decoded; a larger delay is damage, and is taken out. */
const LONGEST_DELAY_MS = 5_000;

export function withSaneDelay(body: Uint8Array): Uint8Array {
  const { laterMs } = readVideo(body);
  if (Math.abs(laterMs) <= LONGEST_DELAY_MS) return body;
  const sane = new Uint8Array(body);
  sane.fill(0, 2, 5);
  return sane;
}
