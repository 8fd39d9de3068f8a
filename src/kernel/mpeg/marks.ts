import { readTicks, type TicksField, wrapTicks, writeTicks } from './timestamp.ts';

/** A place in a systems stream that names a moment: a packet's time stamps, or a reference of the clock itself. */
export interface Mark {
  /** The same for all marks of one elementary stream, and for all references of one clock. */
  readonly stream: number;
  readonly kind: 'picture' | 'other' | 'reference';
  /** Byte of the file at which its packet begins. */
  readonly at: number;
  /** When to decode and when to show what begins here, in ticks. */
  readonly decode: number;
  readonly show: number;
  /** Of its packet, where the packet says so. */
  readonly sizeBytes?: number | undefined;
}

/** Is told of every mark in the order of the file, and says by how many ticks it is to be moved. */
export type OnMark = (mark: Mark) => number;

/** What has become of a piece of a stream. */
export interface Passed {
  /** How many bytes are done with: the rest must be shown again with more behind it, unless it was the last. */
  readonly done: number;
  /** In order, and none within another. */
  readonly edits: readonly Edit[];
}

/** Bytes that others take the place of in a copy, or none where they are no part of the stream. */
export interface Edit {
  readonly from: number;
  /** Exclusive; the same as `from` where nothing is taken away. */
  readonly to: number;
  readonly bytes?: Uint8Array;
}

/** A track of a later part that nothing of the first part goes on as. */
export interface Misfit {
  readonly kind: 'picture' | 'sound';
  /** Nothing else of its kind goes on in its part: the film would end there, or fall silent. */
  readonly isNeeded: boolean;
  /** Three letters, as written. */
  readonly language?: string;
}

/** Reads a stream piece by piece, from its start to its end. */
export interface MarkReader {
  /**
   * Reads the packets that are whole in `bytes`, whose first one lies at `position` of the file, and moves their marks in
   * place, as it does all else by which a later part of the stream differs from the first.
   */
  read(bytes: Uint8Array, position: number, onMark: OnMark, isLast: boolean): Passed;
  /** Whether something else than a moment is another than it was sent. */
  readonly isChanged: boolean;
  /** What of later parts has no place in the film, in the order of its coming. */
  readonly misfits: readonly Misfit[];
}

/** The time stamps of one packet: to be shown, and to be decoded where that is another moment. */
export interface Stamps {
  readonly show: TicksField;
  readonly decode?: TicksField;
}

/** Tells of a packet's time stamps and moves them by what is answered. */
export function passStamps(
  bytes: Uint8Array,
  { show, decode }: Stamps,
  mark: Omit<Mark, 'show' | 'decode'>,
  onMark: OnMark,
): void {
  const shown = readTicks(bytes, show);
  const decoded = decode ? readTicks(bytes, decode) : shown;
  const ticks = onMark({ ...mark, show: shown, decode: decoded });
  if (ticks === 0) return;
  writeTicks(bytes, show, wrapTicks(shown + ticks));
  if (decode) writeTicks(bytes, decode, wrapTicks(decoded + ticks));
}

/** Whether packets of this stream have no header of their own (ISO/IEC 13818-1 table 2-21). */
export function isPlain(streamId: number): boolean {
  return PLAIN_IDS.includes(streamId);
}

const PLAIN_IDS = [0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff];

/** The time stamps of an MPEG-2 packet whose start code is at `at`; undefined when it has none before `end`. */
export function stampsOf(bytes: Uint8Array, at: number, end: number): Stamps | undefined {
  if (at + 19 > end || isPlain(bytes[at + 3] ?? 0) || ((bytes[at + 6] ?? 0) & 0xc0) !== 0x80) return undefined;
  const which = (bytes[at + 7] ?? 0) >> 6;
  if (which < 2) return undefined;
  const show = { at: at + 9, form: 'stamp' } as const;
  return which === 3 ? { show, decode: { at: at + 14, form: 'stamp' } } : { show };
}

/** How long the packet whose start code is at `at` says that it is, its header included; undefined where it leaves that open. */
export function sizeOf(bytes: Uint8Array, at: number): number | undefined {
  const behind = ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0);
  return behind > 0 ? 6 + behind : undefined;
}

export function startsPacket(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1;
}

/** Video by its stream id; sound, subtitles and what is private are told apart by nobody here. */
export function kindOf(streamId: number): 'picture' | 'other' {
  return streamId >= 0xe0 && streamId <= 0xef ? 'picture' : 'other';
}
