import type { PieceReader, PieceRole } from './source-window.ts';

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;

/**
 * Elements of a live Matroska or WebM file (RFC 8794): of the two that hold others only the head is a piece, all others are
 * pieces as a whole. Muxers of live streams begin a cluster at each key frame.
 */
export class MatroskaPieces implements PieceReader {
  #hasCluster = false;
  #heads = 0;

  measure(bytes: Uint8Array): number | 'broken' {
    const element = readElement(bytes);
    if (element === undefined) return bytes.length < LONGEST_HEAD ? 0 : 'broken';
    const { id, headBytes, sizeBytes } = element;
    if (id === SEGMENT || id === CLUSTER) return headBytes;
    // Nothing else may be of unknown size.
    return sizeBytes === undefined ? 'broken' : headBytes + sizeBytes;
  }

  judge(piece: Uint8Array): PieceRole {
    const id = readElement(piece)?.id;
    if (id === CLUSTER) {
      this.#hasCluster = true;
      return { role: 'key' };
    }
    if (this.#hasCluster) return { role: 'other' };
    this.#heads += 1;
    return { role: 'head', slot: String(Math.min(this.#heads, MOST_HEADS)) };
  }
}

const LONGEST_HEAD = 12;
const MOST_HEADS = 32;

interface Element {
  readonly id: number;
  readonly headBytes: number;
  /** Undefined where it is not known when it begins. */
  readonly sizeBytes: number | undefined;
}

function readElement(bytes: Uint8Array): Element | undefined {
  const idBytes = Math.clz32(bytes[0] ?? 0) - 23;
  if (idBytes > 4 || bytes.length < idBytes + 1) return undefined;
  const sizeLength = Math.clz32(bytes[idBytes] ?? 0) - 23;
  const headBytes = idBytes + sizeLength;
  if (sizeLength > 8 || bytes.length < headBytes) return undefined;
  const first = (bytes[idBytes] ?? 0) & (0xff >> sizeLength);
  const size = bytes.subarray(idBytes + 1, headBytes).reduce((sum, byte) => sum * 256 + byte, first);
  const isUnknown = size === 2 ** (7 * sizeLength) - 1 || size > Number.MAX_SAFE_INTEGER;
  const id = bytes.subarray(0, idBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  return { id, headBytes, sizeBytes: isUnknown ? undefined : size };
}
