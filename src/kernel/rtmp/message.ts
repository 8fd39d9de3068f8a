/** Messages of RTMP and how ours are sent (Adobe's RTMP specification 1.0, sections 5.4, 6.2 and 7). */
export interface RtmpMessage {
  readonly type: number;
  /** 0 is the connection itself. */
  readonly streamId: number;
  /** Milliseconds in 32 bits, which begin anew after 49.7 days. */
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

export const TYPE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  peerBandwidth: 6,
  audio: 8,
  video: 9,
  commandAmf3: 17,
  data: 18,
  command: 20,
} as const;

/** Ours are short: with this chunk size, which we announce first, each is one chunk. */
export const OUR_CHUNK_BYTES = 4_096;

const CONTROL_CHUNKS = 2;
const COMMAND_CHUNKS = 3;

/** A message of at most `OUR_CHUNK_BYTES` as one chunk with a full header (section 5.3.1.2.1). */
export function writeMessage({ type, streamId, payload }: Omit<RtmpMessage, 'timestampMs'>): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type === TYPE.command ? COMMAND_CHUNKS : CONTROL_CHUNKS);
  view.setUint32(4, payload.length << 8);
  view.setUint8(7, type);
  view.setUint32(8, streamId, true);
  bytes.set(payload, 12);
  return bytes;
}

/** A protocol control message: four bytes of a number, and perhaps one more. */
export function writeControl(type: number, value: number, ...more: readonly number[]): Uint8Array {
  const payload = new Uint8Array(4 + more.length);
  new DataView(payload.buffer).setUint32(0, value);
  payload.set(more, 4);
  return writeMessage({ type, streamId: 0, payload });
}
