import { setsByStartCode } from './parameter-sets.ts';
import type { PieceReader, PieceRole } from './source-window.ts';

const PACKET = 188;
const SYNC = 0x47;
const PAT = 0;

/** How far into a picture its sets of parameters are looked for. */
const MOST_OPENING_BYTES = 1_024;

/** The beginning of a picture, of which it is not known yet what sets of parameters it brings. */
interface Opening {
  readonly pid: number;
  readonly bytes: Uint8Array;
}

/** Packets of an MPEG transport stream (ISO/IEC 13818-1 section 2.4.3). */
export class TransportPieces implements PieceReader {
  #tables = new Set<number>([PAT]);
  #hasPicture = false;
  #opening: Opening | undefined;
  #soundPid: number | undefined;
  /** Whether all that came of the sound began with the head of one of its frames, which says how it is set up. */
  #isSoundAligned = true;

  measure(bytes: Uint8Array): number | 'broken' {
    if (bytes.length === 0) return 0;
    return bytes[0] === SYNC ? PACKET : 'broken';
  }

  judge(packet: Uint8Array): PieceRole {
    const [, flags = 0, low = 0, control = 0, length = 0, adaptation = 0] = packet;
    const pid = ((flags & 0x1f) << 8) | low;
    const hasAdaptation = (control & 0x20) !== 0;
    const payload = packet.subarray(4 + (hasAdaptation ? 1 + length : 0));
    const opens = (flags & 0x40) !== 0;
    if (this.#tables.has(pid)) {
      if (pid === PAT && opens) this.#readPrograms(payload);
      return { role: 'head', slot: String(pid) };
    }
    if (!opens || !startsElementary(payload)) return this.#judgeRest(pid, payload);
    const isRandomAccess = hasAdaptation && length > 0 && (adaptation & 0x40) !== 0;
    const id = (payload[3] ?? 0) & 0xf0;
    if (id === 0xe0) return this.#judgePicture(pid, behindHead(payload), isRandomAccess);
    const isSound = id === 0xc0 || id === 0xd0;
    return {
      role: this.#hasPicture ? 'other' : 'key',
      isSound,
      ...(isSound ? this.#readSound(pid, behindHead(payload)) : {}),
    };
  }

  #judgeRest(pid: number, payload: Uint8Array): PieceRole {
    if (pid === this.#soundPid) return { role: 'other', isSound: true };
    if (pid !== this.#opening?.pid) return { role: 'other' };
    const { bytes } = this.#opening;
    return { role: 'other', ...this.#readPicture(pid, Uint8Array.of(...bytes, ...payload)) };
  }

  #judgePicture(pid: number, bytes: Uint8Array, isRandomAccess: boolean): PieceRole {
    this.#hasPicture = true;
    const read = this.#readPicture(pid, bytes);
    return { role: isRandomAccess || read.setUp ? 'key' : 'cut', ...read };
  }

  #readPicture(pid: number, bytes: Uint8Array): Pick<PieceRole, 'setUp'> {
    const sets = setsByStartCode(bytes);
    this.#opening = sets === 'more' && bytes.length < MOST_OPENING_BYTES ? { pid, bytes: bytes.slice() } : undefined;
    return sets && sets !== 'more' ? { setUp: { of: 'picture', bytes: sets } } : {};
  }

  #readSound(pid: number, bytes: Uint8Array): Pick<PieceRole, 'setUp'> {
    this.#soundPid ??= pid;
    if (pid !== this.#soundPid || !this.#isSoundAligned) return {};
    const setUp = soundSetUp(bytes);
    this.#isSoundAligned = setUp !== undefined;
    return setUp ? { setUp: { of: 'sound', bytes: setUp } } : {};
  }

  /** The tables of programs, whose numbers stand behind eight bytes of the section's head (section 2.4.4.3). */
  #readPrograms(payload: Uint8Array): void {
    const section = payload.subarray(1 + (payload[0] ?? 0));
    const length = (((section[1] ?? 0) & 0x0f) << 8) | (section[2] ?? 0);
    const end = Math.min(section.length, 3 + length - 4);
    this.#tables = new Set([PAT]);
    for (let at = 8; at + 4 <= end && this.#tables.size < MOST_TABLES; at += 4) {
      const program = ((section[at] ?? 0) << 8) | (section[at + 1] ?? 0);
      if (program !== 0) this.#tables.add((((section[at + 2] ?? 0) & 0x1f) << 8) | (section[at + 3] ?? 0));
    }
  }
}

const MOST_TABLES = 16;

function startsElementary(payload: Uint8Array): boolean {
  return payload[0] === 0 && payload[1] === 0 && payload[2] === 1;
}

/** What an elementary packet carries (section 2.4.3.6). */
function behindHead(payload: Uint8Array): Uint8Array {
  return payload.subarray(9 + (payload[8] ?? 0));
}

/** Profile, rate and channels in the head of a frame of AAC (ISO/IEC 13818-7 section 6.2); undefined for all else. */
function soundSetUp([first = 0, second = 0, third = 0, fourth = 0]: Uint8Array): Uint8Array | undefined {
  const isAac = first === 0xff && (second & 0xf6) === 0xf0;
  return isAac ? Uint8Array.of(third & 0xfd, fourth & 0xc0) : undefined;
}
