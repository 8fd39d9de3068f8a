import { crc32 } from '../crc32.ts';

/**
 * Sections of program specific information (ISO/IEC 13818-1 section 2.4.4), which say what the packets of a transport
 * stream are. Those of one number follow one another in its packets, and may be longer than one.
 */
export type OnSection = (section: Uint8Array) => void;

const NOTHING = new Uint8Array(0);

/** Where a packet has no more sections. */
const STUFFING = 0xff;

/** Puts together the sections of one packet number. */
export class SectionReader {
  #kept = NOTHING;
  #isOpen = false;

  /** Takes what a packet holds; `opens`: a section begins in it. Hands on those that are whole and undamaged. */
  take(payload: Uint8Array, opens: boolean, onSection: OnSection): void {
    if (!opens) {
      if (this.#isOpen) this.#append(payload, onSection);
      return;
    }
    const begins = 1 + (payload[0] ?? 0);
    if (this.#isOpen) this.#append(payload.subarray(1, begins), onSection);
    this.#kept = NOTHING;
    this.#isOpen = true;
    this.#append(payload.subarray(begins), onSection);
  }

  #append(bytes: Uint8Array, onSection: OnSection): void {
    const all = new Uint8Array(this.#kept.length + bytes.length);
    all.set(this.#kept);
    all.set(bytes, this.#kept.length);
    let at = 0;
    while (at + 3 <= all.length && all[at] !== STUFFING) {
      const end = at + 3 + (((all[at + 1] ?? 0) & 0x0f) << 8) + (all[at + 2] ?? 0);
      if (end > all.length) break;
      const section = all.subarray(at, end);
      // With its own check sum at its end nothing is left, if no bit was lost (annex A).
      if (crc32(section, 0xffffffff) === 0) onSection(section);
      at = end;
    }
    this.#isOpen = all[at] !== STUFFING;
    this.#kept = all.slice(at);
  }
}
