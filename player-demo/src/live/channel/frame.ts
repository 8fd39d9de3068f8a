/** A binary message of a live channel: 48 bytes, then CMAF. The table is in docs/channel.md. */
const HEADER_BYTES = 48;
const INIT = 1;
const PART = 2;

export interface Frame {
  readonly kind: 'init' | 'part';
  readonly isIndependent: boolean;
  /** Its place in the broadcast's list of renditions. */
  readonly rendition: number;
  readonly broadcast: number;
  readonly session: number;
  readonly durationSeconds: number;
  /** Since the session began. */
  readonly startSeconds: number;
  /** Of an init: the clock at the session's begin. Of a part: when it was published. Epoch milliseconds. */
  readonly clockMs: number;
  readonly media: Uint8Array<ArrayBuffer>;
}

/** Undefined for what a later version of the protocol may send. */
export function readFrame(bytes: ArrayBuffer): Frame | undefined {
  if (bytes.byteLength <= HEADER_BYTES) return undefined;
  const view = new DataView(bytes);
  const kind = view.getUint8(1);
  if (view.getUint8(0) !== 1 || (kind !== INIT && kind !== PART)) return undefined;
  const timescale = view.getUint32(20);
  return {
    kind: kind === INIT ? 'init' : 'part',
    isIndependent: (view.getUint8(2) & 1) === 1,
    rendition: view.getUint8(3),
    broadcast: view.getUint32(4),
    session: view.getUint32(8),
    durationSeconds: view.getUint32(24) / timescale,
    startSeconds: Number(view.getBigUint64(32)) / timescale,
    clockMs: view.getFloat64(40),
    media: new Uint8Array(bytes, HEADER_BYTES),
  };
}
