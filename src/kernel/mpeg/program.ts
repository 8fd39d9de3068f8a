import {
  isPlain,
  kindOf,
  type MarkReader,
  type OnMark,
  type Passed,
  passStamps,
  type Stamps,
  stampsOf,
  startsPacket,
} from './marks.ts';

const PACK = 0xba;
const END = 0xb9;
const SYSTEM = 0xbb;
const PRIVATE = 0xbd;

/** A pack's header, without its stuffing. */
const PACK_BYTES = 14;

/** Of the program's own clock; no packet has this number. */
const CLOCK = -1;

/** Whether a program stream begins here, as on discs and in files of MPEG-1 and MPEG-2. */
export function startsProgram(head: Uint8Array): boolean {
  return startsPacket(head, 0) && head[3] === PACK;
}

/** Packs and packets of an MPEG program stream (ISO/IEC 13818-1 section 2.5, ISO/IEC 11172-1 section 2.4). */
export class ProgramReader implements MarkReader {
  readonly isChanged = false;
  readonly misfits = [];

  read(bytes: Uint8Array, position: number, onMark: OnMark): Passed {
    return { done: readPackets(bytes, position, onMark), edits: [] };
  }
}

function readPackets(bytes: Uint8Array, position: number, onMark: OnMark): number {
  let at = 0;
  while (at + PACK_BYTES <= bytes.length) {
    const code = startsPacket(bytes, at) ? (bytes[at + 3] ?? 0) : 0;
    if (code === PACK) {
      readPack(bytes, at, position, onMark);
      at += 12;
    } else if (code >= SYSTEM) {
      const end = at + 6 + ((bytes[at + 4] ?? 0) << 8) + (bytes[at + 5] ?? 0);
      if (end > bytes.length) return at;
      if (code > SYSTEM) readPacket(bytes, [at, end], position, onMark);
      at = end;
    } else at += code === END ? 4 : 1;
  }
  return at;
}

function readPack(bytes: Uint8Array, at: number, position: number, onMark: OnMark): void {
  const isSecond = (bytes[at + 4] ?? 0) >> 6 === 1;
  const show = { at: at + 4, form: isSecond ? 'pack' : 'stamp' } as const;
  passStamps(bytes, { show }, { stream: CLOCK, kind: 'reference', at: position + at }, onMark);
}

function readPacket(bytes: Uint8Array, [at, end]: readonly [number, number], position: number, onMark: OnMark): void {
  const id = bytes[at + 3] ?? 0;
  if (isPlain(id)) return;
  const isSecond = ((bytes[at + 6] ?? 0) & 0xc0) === 0x80;
  const stamps = isSecond ? stampsOf(bytes, at, end) : firstStampsOf(bytes, at + 6, end);
  if (!stamps) return;
  // Sounds and subtitles of a disc share one number, and differ in the first byte of what they hold.
  const within = id === PRIVATE ? (bytes[at + 9 + (bytes[at + 8] ?? 0)] ?? 0) : 0;
  const mark = { stream: 256 * id + within, kind: kindOf(id), at: position + at, sizeBytes: end - at };
  passStamps(bytes, stamps, mark, onMark);
}

/** The time stamps of an MPEG-1 packet, behind stuffing and the size of a buffer. */
function firstStampsOf(bytes: Uint8Array, from: number, end: number): Stamps | undefined {
  let at = from;
  while (at < from + 16 && bytes[at] === 0xff) at += 1;
  if (((bytes[at] ?? 0) & 0xc0) === 0x40) at += 2;
  const which = (bytes[at] ?? 0) >> 4;
  if ((which !== 2 && which !== 3) || at + 10 > end) return undefined;
  const show = { at, form: 'stamp' } as const;
  return which === 3 ? { show, decode: { at: at + 5, form: 'stamp' } } : { show };
}
