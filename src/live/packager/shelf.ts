import { joinBytes } from '../../kernel/cmaf/boxes.ts';

/** Bytes of one rendition's newest parts and segments, which are what live viewers ask for. */
export class Shelf {
  readonly #keepTicks: number;
  readonly #keepBytes: number;
  readonly #segments = new Map<
    number,
    { readonly bytes: Uint8Array; readonly parts: readonly (Uint8Array | undefined)[]; readonly durationTicks: number }
  >();
  #bytes = 0;
  #ticks = 0;
  #openSequence = -1;
  #openParts: (Uint8Array | undefined)[] = [];

  /** Keeps the newest so many ticks; whatever the number of bytes, the newest segment stays. */
  constructor(keepTicks: number, keepBytes: number) {
    this.#keepTicks = keepTicks;
    this.#keepBytes = keepBytes;
  }

  /** Undefined for a part of which nothing came. */
  addPart(sequence: number, bytes: Uint8Array | undefined): void {
    this.#openSequence = sequence;
    this.#openParts.push(bytes);
  }

  /** All parts of the open segment in one: its bytes are those of its parts. */
  closeSegment(durationTicks: number): Uint8Array {
    const parts = this.#openParts;
    const bytes = joinBytes(parts.filter((part) => part !== undefined));
    this.#openParts = [];
    if (parts.length === 0) return bytes;
    this.#segments.set(this.#openSequence, { bytes, parts: viewsOf(bytes, parts), durationTicks });
    this.#bytes += bytes.length;
    this.#ticks += durationTicks;
    this.#trim();
    return bytes;
  }

  part(sequence: number, part: number): Uint8Array | undefined {
    const parts = sequence === this.#openSequence ? this.#openParts[part] : undefined;
    return parts ?? this.#segments.get(sequence)?.parts[part];
  }

  segment(sequence: number): Uint8Array | undefined {
    return this.#segments.get(sequence)?.bytes;
  }

  #trim(): void {
    for (const [sequence, { bytes, durationTicks }] of this.#segments) {
      const isTooMuch = this.#ticks - durationTicks >= this.#keepTicks || this.#bytes > this.#keepBytes;
      if (!isTooMuch || this.#segments.size === 1) return;
      this.#segments.delete(sequence);
      this.#bytes -= bytes.length;
      this.#ticks -= durationTicks;
    }
  }
}

/** The parts again, in the memory of the whole, so that nothing is held twice. */
function viewsOf(whole: Uint8Array, parts: readonly (Uint8Array | undefined)[]): (Uint8Array | undefined)[] {
  let at = 0;
  return parts.map((part) => {
    if (!part) return undefined;
    at += part.length;
    return whole.subarray(at - part.length, at);
  });
}
