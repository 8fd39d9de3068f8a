/**
 * Moments in MPEG systems streams (ISO/IEC 13818-1 and 11172-1): ticks of 90 kHz in 33 bits, which begin anew every 26.5
 * hours. Every reading and writing keeps the marker bits around them as they are.
 */
export const TICKS_PER_SECOND = 90_000;

const ALL_TICKS = 2 ** 33;

/** From one moment to another, the shorter way around; negative where it is earlier. */
export function ticksBetween(from: number, to: number): number {
  const ahead = wrapTicks(to - from);
  return ahead < ALL_TICKS / 2 ? ahead : ahead - ALL_TICKS;
}

/** A moment, moved by whatever many ticks. */
export function wrapTicks(ticks: number): number {
  return ((ticks % ALL_TICKS) + ALL_TICKS) % ALL_TICKS;
}

/** Where in the bytes a moment is written, and in which of three ways. */
export interface TicksField {
  readonly at: number;
  /** `stamp` of a packet, which is also the clock reference of MPEG-1; `reference` of a transport stream; `pack` of MPEG-2. */
  readonly form: 'stamp' | 'reference' | 'pack';
}

export function readTicks(bytes: Uint8Array, { at, form }: TicksField): number {
  const [one = 0, two = 0, three = 0, four = 0, five = 0] = bytes.subarray(at, at + 5);
  if (form === 'stamp') {
    return ((one >> 1) & 7) * 2 ** 30 + ((two << 22) | ((three >> 1) << 15) | (four << 7) | (five >> 1));
  }
  if (form === 'reference') return one * 2 ** 25 + ((two << 17) | (three << 9) | (four << 1) | (five >> 7));
  const upper = ((one >> 3) & 7) * 2 ** 30 + (one & 3) * 2 ** 28;
  return upper + ((two << 20) | ((three >> 3) << 15) | ((three & 3) << 13) | (four << 5) | (five >> 3));
}

export function writeTicks(bytes: Uint8Array, { at, form }: TicksField, ticks: number): void {
  const top = Math.floor(ticks / 2 ** 30);
  const low = ticks % 2 ** 30;
  const set = (offset: number, kept: number, value: number) => {
    bytes[at + offset] = ((bytes[at + offset] ?? 0) & kept) | value;
  };
  if (form === 'stamp') {
    set(0, 0xf1, top << 1);
    set(1, 0, low >> 22);
    set(2, 1, ((low >> 15) & 0x7f) << 1);
    set(3, 0, (low >> 7) & 0xff);
    set(4, 1, (low & 0x7f) << 1);
  } else if (form === 'reference') {
    set(0, 0, Math.floor(ticks / 2 ** 25));
    set(1, 0, (low >> 17) & 0xff);
    set(2, 0, (low >> 9) & 0xff);
    set(3, 0, (low >> 1) & 0xff);
    set(4, 0x7f, (low & 1) << 7);
  } else {
    set(0, 0xc4, (top << 3) | (low >> 28));
    set(1, 0, (low >> 20) & 0xff);
    set(2, 4, (((low >> 15) & 0x1f) << 3) | ((low >> 13) & 3));
    set(3, 0, (low >> 5) & 0xff);
    set(4, 7, (low & 0x1f) << 3);
  }
}
