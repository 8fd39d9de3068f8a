import type { PieceReader, PieceRole } from './source-window.ts';

const PACKET = 188;
const SYNC = 0x47;
const PAT = 0;

/** Packets of an MPEG transport stream (ISO/IEC 13818-1 section 2.4.3). */
export class TransportPieces implements PieceReader {
  #tables = new Set<number>([PAT]);
  #hasPicture = false;

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
    if (!opens || !startsElementary(payload)) return { role: 'other' };
    const isRandomAccess = hasAdaptation && length > 0 && (adaptation & 0x40) !== 0;
    const isPicture = ((payload[3] ?? 0) & 0xf0) === 0xe0;
    if (isPicture) this.#hasPicture = true;
    if (!isPicture && this.#hasPicture) return { role: 'other' };
    return { role: isPicture && !isRandomAccess ? 'cut' : 'key' };
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
