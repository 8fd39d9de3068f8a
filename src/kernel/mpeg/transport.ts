import {
  type Edit,
  kindOf,
  type MarkReader,
  type Misfit,
  type OnMark,
  type Passed,
  passStamps,
  sizeOf,
  stampsOf,
  startsPacket,
} from './marks.ts';
import { ProgramFollower } from './programs.ts';

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

/** Of packets that hold nothing. */
const NULL = 0x1fff;

/** Packets of an MPEG transport stream (ISO/IEC 13818-1 section 2.4.3), each under the number its track had at first. */
export class TransportReader implements MarkReader {
  readonly #stride: number;
  readonly #programs = new ProgramFollower();
  readonly #misfits = new Map<string, Misfit>();
  #hasBegun = false;
  #isRenumbered = false;

  constructor(stride: number) {
    this.#stride = stride;
  }

  get isChanged(): boolean {
    return this.#isRenumbered;
  }

  get misfits(): Misfit[] {
    return [...this.#misfits.values()];
  }

  read(bytes: Uint8Array, position: number, onMark: OnMark, isLast: boolean): Passed {
    const edits: Edit[] = [];
    let at = 0;
    let good = 0;
    while (at + (isLast ? PACKET : this.#stride + 1) <= bytes.length) {
      if (!this.#isPacket(bytes, at)) {
        at += 1;
        continue;
      }
      // Half a packet, as where the first part was cut off: a reader that takes it for a whole one loses the next as well.
      if (this.#hasBegun && at > good) edits.push({ from: good, to: at });
      this.#hasBegun = true;
      this.#readPacket(bytes, at, position, onMark);
      at += this.#stride;
      good = at;
    }
    if (this.#hasBegun && at > good && !isLast) edits.push({ from: good, to: at });
    return { done: at, edits };
  }

  /** Damage shifts what follows: where a packet seems to begin, another must begin behind it. */
  #isPacket(bytes: Uint8Array, at: number): boolean {
    const next = at + this.#stride;
    return bytes[at] === SYNC && (next >= bytes.length || bytes[next] === SYNC);
  }

  #readPacket(bytes: Uint8Array, at: number, position: number, onMark: OnMark): void {
    const flags = bytes[at + 1] ?? 0;
    const control = bytes[at + 3] ?? 0;
    const [isDamaged, opens, isScrambled] = [flags & 0x80, flags & 0x40, control & 0xc0];
    if (isDamaged) return;
    const sent = ((flags & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    const payload = at + 4 + (control & 0x20 ? 1 + (bytes[at + 4] ?? 0) : 0);
    const isTable = this.#programs.isTable(sent);
    if (isTable && control & 0x10) {
      this.#programs.takeTable(sent, bytes.subarray(payload, at + PACKET), opens !== 0, position + at);
    }
    const pid = this.#programs.numbers[sent] ?? sent;
    if (pid !== sent) {
      if (!isTable) this.#isRenumbered = true;
      bytes[at + 1] = (flags & 0xe0) | (pid >> 8);
      bytes[at + 2] = pid & 0xff;
    }
    const isOpened = opens && !isScrambled && control & 0x10 && startsPacket(bytes, payload);
    const misfit = isOpened ? this.#programs.misfit(sent) : undefined;
    if (misfit) this.#misfits.set(Object.values(misfit).join(), misfit);
    if (pid === NULL) return;
    const where = { at: position + at };
    if (control & 0x20) {
      const hasReference = (bytes[at + 4] ?? 0) >= 7 && ((bytes[at + 5] ?? 0) & 0x10) !== 0;
      const show = { at: at + 6, form: 'reference' } as const;
      if (hasReference) passStamps(bytes, { show }, { ...where, stream: 2 * pid + 1, kind: 'reference' }, onMark);
    }
    if (!isOpened) return;
    const stamps = stampsOf(bytes, payload, at + PACKET);
    const kind = kindOf(bytes[payload + 3] ?? 0);
    const mark = { ...where, stream: 2 * pid, kind, sizeBytes: sizeOf(bytes, payload) };
    if (stamps) passStamps(bytes, stamps, mark, onMark);
  }
}
