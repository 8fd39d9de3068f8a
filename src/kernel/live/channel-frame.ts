import type { LivePart, Session } from './broadcast.ts';

/**
 * Media on a channel: a header of fixed size, big-endian, then the CMAF bytes as they are. The table is in `docs/channel.md`.
 */
export const FRAME_HEADER_BYTES = 48;

const VERSION = 1;
const KINDS = { init: 1, part: 2 } as const;
const INDEPENDENT = 1;
const DISCONTINUITY = 2;

export interface FrameHeader {
  readonly kind: 'init' | 'part';
  readonly isIndependent: boolean;
  /** The first of its rendition in a session after the first. */
  readonly isDiscontinuity: boolean;
  /** Its place in the broadcast's list. */
  readonly rendition: number;
  readonly broadcast: number;
  readonly session: number;
  readonly sequence: number;
  readonly part: number;
  readonly timescale: number;
  readonly durationTicks: number;
  readonly startTicks: number;
  /** Of a part when it was published, of an init the clock at tick 0. Epoch milliseconds. */
  readonly clockMs: number;
}

/** What the frames of one rendition have in common. */
export interface FrameSource {
  readonly rendition: number;
  readonly broadcast: number;
  readonly timescale: number;
}

export function initHeader(source: FrameSource, session: Session): FrameHeader {
  return {
    kind: 'init',
    isIndependent: false,
    isDiscontinuity: session.number > 1,
    ...source,
    session: session.number,
    sequence: 0,
    part: 0,
    durationTicks: 0,
    startTicks: 0,
    clockMs: session.beganAtMs,
  };
}

export function partHeader(source: FrameSource, part: LivePart, isDiscontinuity: boolean, nowMs: number): FrameHeader {
  return {
    kind: 'part',
    isIndependent: part.isIndependent,
    isDiscontinuity,
    ...source,
    session: part.session,
    sequence: part.sequence,
    part: part.part,
    timescale: part.timescale,
    durationTicks: part.durationTicks,
    startTicks: part.startTicks,
    clockMs: nowMs,
  };
}

/** Header and media in one piece. */
export function writeFrame(header: FrameHeader, media: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + media.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, KINDS[header.kind]);
  view.setUint8(2, (header.isIndependent ? INDEPENDENT : 0) | (header.isDiscontinuity ? DISCONTINUITY : 0));
  view.setUint8(3, header.rendition);
  view.setUint32(4, header.broadcast);
  view.setUint32(8, header.session);
  view.setUint32(12, header.sequence);
  view.setUint32(16, header.part);
  view.setUint32(20, header.timescale);
  view.setUint32(24, header.durationTicks);
  view.setBigUint64(32, BigInt(header.startTicks));
  view.setFloat64(40, header.clockMs);
  frame.set(media, FRAME_HEADER_BYTES);
  return frame;
}

/** Undefined for bytes that no version 1 of this writes. */
export function parseFrameHeader(frame: Uint8Array): FrameHeader | undefined {
  if (frame.byteLength < FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const kind = kindOf(view.getUint8(1));
  const flags = view.getUint8(2);
  const startTicks = Number(view.getBigUint64(32));
  const isKnown = view.getUint8(0) === VERSION && flags <= (INDEPENDENT | DISCONTINUITY) && view.getUint32(28) === 0;
  if (!isKnown || !kind || !Number.isSafeInteger(startTicks)) return undefined;
  return {
    kind,
    isIndependent: (flags & INDEPENDENT) !== 0,
    isDiscontinuity: (flags & DISCONTINUITY) !== 0,
    rendition: view.getUint8(3),
    broadcast: view.getUint32(4),
    session: view.getUint32(8),
    sequence: view.getUint32(12),
    part: view.getUint32(16),
    timescale: view.getUint32(20),
    durationTicks: view.getUint32(24),
    startTicks,
    clockMs: view.getFloat64(40),
  };
}

function kindOf(byte: number): FrameHeader['kind'] | undefined {
  if (byte === KINDS.init) return 'init';
  return byte === KINDS.part ? 'part' : undefined;
}
