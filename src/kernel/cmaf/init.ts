import { type Box, BoxReader, boxesIn, findBox } from './boxes.ts';

/** What an init segment says of its one track. */
export interface InitFacts {
  /** RFC 6381 name, from the sample entry's own bytes. */
  readonly codecs: string;
  /** Ticks a second. */
  readonly timescale: number;
}

const TO_ENTRY = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd'];

// Bytes of fixed fields before the boxes inside a sample entry (ISO/IEC 14496-12 sections 12.1.3 and 12.2.3).
export const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;

/** Reads an init segment; undefined when it is none, or its codec is not one that we write. */
export function readInit(bytes: Uint8Array): InitFacts | undefined {
  const stsd = findBox(bytes, TO_ENTRY);
  const mdhd = findBox(bytes, ['moov', 'trak', 'mdia', 'mdhd']);
  if (!stsd || !mdhd) return undefined;
  // A full box header and the entry count stand before the first entry.
  const [entry] = boxesIn(bytes, stsd.bodyStart + 8, stsd.end);
  const codecs = entry && readCodecs(bytes, entry);
  const timescale = readTimescale(bytes, mdhd);
  return codecs && timescale ? { codecs, timescale } : undefined;
}

function readTimescale(bytes: Uint8Array, mdhd: Box): number {
  const read = new BoxReader(bytes, mdhd);
  const version = read.u32() >>> 24;
  read.skip(version === 1 ? 16 : 8);
  return read.u32();
}

/** RFC 6381 name of a sample entry; undefined when its codec is not one that we write. */
export function readCodecs(bytes: Uint8Array, entry: Box): string | undefined {
  if (entry.type === 'avc1') return readAvc(bytes, entry);
  if (entry.type === 'hvc1') return readHevc(bytes, entry);
  if (entry.type === 'av01') return readAv1(bytes, entry);
  if (entry.type === 'mp4a') return readAac(bytes, entry);
  return undefined;
}

/** `avc1.` and profile, constraints and level as hex, which are bytes 1 to 3 of `avcC` (ISO/IEC 14496-15). */
function readAvc(bytes: Uint8Array, entry: Box): string | undefined {
  const avcC = findBox(bytes, ['avcC'], entry.bodyStart + VISUAL_ENTRY_BYTES, entry.end);
  if (!avcC || avcC.bodyStart + 4 > avcC.end) return undefined;
  const three = bytes.subarray(avcC.bodyStart + 1, avcC.bodyStart + 4);
  return `avc1.${[...three].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * `hvc1.`, profile, compatibility flags in reverse, tier and level, constraint bytes without the zeros at their end
 * (ISO/IEC 14496-15 annex E.3).
 */
function readHevc(bytes: Uint8Array, entry: Box): string | undefined {
  const hvcC = findBox(bytes, ['hvcC'], entry.bodyStart + VISUAL_ENTRY_BYTES, entry.end);
  if (!hvcC) return undefined;
  const read = new BoxReader(bytes, hvcC);
  read.skip(1);
  const profile = read.u8();
  const compatible = reversed32(read.u32()).toString(16);
  const constraints = Array.from({ length: 6 }, () => read.u8());
  const level = read.u8();
  if (read.cut) return undefined;
  const space = ['', 'A', 'B', 'C'][profile >> 6];
  const tier = profile & 0x20 ? 'H' : 'L';
  const stated = constraints.slice(0, constraints.findLastIndex((byte) => byte !== 0) + 1);
  const parts = [
    `${space}${profile & 0x1f}`,
    compatible,
    `${tier}${level}`,
    ...stated.map((byte) => byte.toString(16)),
  ];
  return `hvc1.${parts.join('.')}`;
}

function reversed32(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit += 1) reversed = (reversed << 1) | ((value >>> bit) & 1);
  return reversed >>> 0;
}

/** `av01.`, profile, level and tier, bits (AV1 in ISO base media, section 5; its bytes are those of `av1C`). */
function readAv1(bytes: Uint8Array, entry: Box): string | undefined {
  const av1C = findBox(bytes, ['av1C'], entry.bodyStart + VISUAL_ENTRY_BYTES, entry.end);
  if (!av1C) return undefined;
  const read = new BoxReader(bytes, av1C);
  read.skip(1);
  const profileAndLevel = read.u8();
  const flags = read.u8();
  if (read.cut) return undefined;
  const level = String(profileAndLevel & 0x1f).padStart(2, '0');
  const bits = flags & 0x40 ? (flags & 0x20 ? '12' : '10') : '08';
  return `av01.${profileAndLevel >> 5}.${level}${flags & 0x80 ? 'H' : 'M'}.${bits}`;
}

/** `mp4a.40.` and the audio object type of the AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1). */
function readAac(bytes: Uint8Array, entry: Box): string | undefined {
  const esds = findBox(bytes, ['esds'], entry.bodyStart + AUDIO_ENTRY_BYTES, entry.end);
  if (!esds) return undefined;
  const read = new BoxReader(bytes, esds);
  read.skip(4);
  if (!enterDescriptor(read, 0x03)) return undefined;
  read.skip(2);
  const flags = read.u8();
  // Three optional fields: another stream's id, a URL, a clock's stream id (ISO/IEC 14496-1 section 7.2.6.5).
  if (flags & 0x80) read.skip(2);
  if (flags & 0x40) read.skip(read.u8());
  if (flags & 0x20) read.skip(2);
  if (!enterDescriptor(read, 0x04)) return undefined;
  const objectType = read.u8();
  read.skip(12);
  if (objectType !== 0x40 || !enterDescriptor(read, 0x05)) return undefined;
  const first = read.u8();
  const audioType = first >> 3 === 31 ? 32 + (((first & 7) << 3) | (read.u8() >> 5)) : first >> 3;
  return read.cut ? undefined : `mp4a.40.${audioType}`;
}

/** Steps over a descriptor's tag and its length of one to four bytes. */
function enterDescriptor(read: BoxReader, tag: number): boolean {
  if (read.u8() !== tag) return false;
  for (let left = 4; left > 0; left -= 1) if ((read.u8() & 0x80) === 0) break;
  return !read.cut;
}
