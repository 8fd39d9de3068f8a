import { kindOf, type MarkReader, type OnMark, passStamps, stampsOf, startsPacket } from './marks.ts';

const SYNC = 0x47;
const PACKET = 188;

/** A packet alone; with four bytes of arrival time before it, as Blu-ray has them; with a check sum behind it. */
const STRIDES = [188, 192, 204];

/** Packets in a row that make a transport stream of what could be anything. */
const ENOUGH = 5;

/** Finds a transport stream by its sync bytes, which repeat at one distance; undefined when `head` begins none. */
export function findTransport(head: Uint8Array): TransportReader | undefined {
  for (const stride of STRIDES) {
    for (let first = 0; first < stride; first += 1) {
      const syncs = Array.from({ length: ENOUGH }, (_, index) => head[first + index * stride]);
      if (syncs.every((byte) => byte === SYNC)) return new TransportReader(stride);
    }
  }
  return undefined;
}

/** Packets of an MPEG transport stream (ISO/IEC 13818-1 section 2.4.3). */
export class TransportReader implements MarkReader {
  readonly #stride: number;

  constructor(stride: number) {
    this.#stride = stride;
  }

  read(bytes: Uint8Array, position: number, onMark: OnMark, isLast: boolean): number {
    let at = 0;
    while (at + (isLast ? PACKET : this.#stride + 1) <= bytes.length) {
      if (!this.#isPacket(bytes, at)) {
        at += 1;
        continue;
      }
      readPacket(bytes, at, position, onMark);
      at += this.#stride;
    }
    return at;
  }

  /** Damage shifts what follows: where a packet seems to begin, another must begin behind it. */
  #isPacket(bytes: Uint8Array, at: number): boolean {
    const next = at + this.#stride;
    return bytes[at] === SYNC && (next >= bytes.length || bytes[next] === SYNC);
  }
}

function readPacket(bytes: Uint8Array, at: number, position: number, onMark: OnMark): void {
  const flags = bytes[at + 1] ?? 0;
  const control = bytes[at + 3] ?? 0;
  const [isDamaged, opens, isScrambled] = [flags & 0x80, flags & 0x40, control & 0xc0];
  if (isDamaged) return;
  const pid = ((flags & 0x1f) << 8) | (bytes[at + 2] ?? 0);
  const where = { at: position + at };
  let payload = at + 4;
  if (control & 0x20) {
    const adaptation = bytes[payload] ?? 0;
    const hasReference = adaptation >= 7 && ((bytes[payload + 1] ?? 0) & 0x10) !== 0;
    const show = { at: payload + 2, form: 'reference' } as const;
    if (hasReference) passStamps(bytes, { show }, { ...where, stream: 2 * pid + 1, kind: 'reference' }, onMark);
    payload += 1 + adaptation;
  }
  if (!opens || isScrambled || !(control & 0x10) || !startsPacket(bytes, payload)) return;
  const stamps = stampsOf(bytes, payload, at + PACKET);
  const kind = kindOf(bytes[payload + 3] ?? 0);
  if (stamps) passStamps(bytes, stamps, { ...where, stream: 2 * pid, kind }, onMark);
}
