import { crc32 } from '../crc32.ts';

/** One page of an Ogg file (RFC 3533 section 6), as it lies in `bytes`. */
export interface Page {
  readonly at: number;
  readonly end: number;
  /** Where what it holds begins. */
  readonly body: number;
  readonly begins: boolean;
  readonly continues: boolean;
  readonly serial: number;
  /** The codec's own count at its end; undefined when no packet ends here. */
  readonly granule: bigint | undefined;
  /** Length of each packet that ends here, and of what is left for the next page. */
  readonly packets: readonly number[];
  readonly isOpen: boolean;
}

/** Bytes before the lengths of what a page holds. */
export const PAGE_HEADER = 27;
const NO_PACKET = -1n;

/** Whether an Ogg file begins here. */
export function startsOgg(head: Uint8Array): boolean {
  return isPattern(head, 0);
}

function isPattern(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x4f && bytes[at + 1] === 0x67 && bytes[at + 2] === 0x67 && bytes[at + 3] === 0x53;
}

/** The page at a byte; `more`: it may be whole when more bytes are there. */
export function pageAt(bytes: Uint8Array, at: number): Page | 'more' | undefined {
  if (!isPattern(bytes, at) || bytes[at + 4] !== 0) return undefined;
  const count = bytes[at + 26] ?? 0;
  const body = at + PAGE_HEADER + count;
  if (body > bytes.length) return 'more';
  const lacing = bytes.subarray(at + PAGE_HEADER, body);
  const end = body + lacing.reduce((sum, length) => sum + length, 0);
  if (end > bytes.length) return 'more';
  if (readSum(bytes, at) !== sumOf(bytes.subarray(at, end))) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, PAGE_HEADER);
  const granule = view.getBigInt64(6, true);
  return {
    at,
    end,
    body,
    begins: ((bytes[at + 5] ?? 0) & 2) !== 0,
    continues: ((bytes[at + 5] ?? 0) & 1) !== 0,
    serial: view.getUint32(14, true),
    granule: granule === NO_PACKET ? undefined : granule,
    packets: packetsOf(lacing),
    isOpen: lacing.at(-1) === 255,
  };
}

/** A length of 255 goes on in the next number. */
function packetsOf(lacing: Uint8Array): number[] {
  const packets: number[] = [];
  let length = 0;
  for (const [index, part] of lacing.entries()) {
    length += part;
    if (part === 255 && index < lacing.length - 1) continue;
    packets.push(length);
    length = 0;
  }
  return packets;
}

function readSum(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(22, true);
}

const NO_SUM = new Uint8Array(4);

function sumOf(page: Uint8Array): number {
  const before = crc32(page.subarray(0, 22), 0);
  return crc32(page.subarray(26), crc32(NO_SUM, before));
}

/** What a page is made to say of itself; it is never the last one of its stream. */
export interface Renamed {
  readonly serial: number;
  readonly sequence: number;
  readonly granule: bigint | undefined;
}

const LAST = 4;

/** Writes a page's header anew, in place. */
export function renamePage(bytes: Uint8Array, { at, end }: Page, { serial, sequence, granule }: Renamed): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, end - at);
  view.setUint8(5, view.getUint8(5) & ~LAST);
  view.setBigInt64(6, granule ?? NO_PACKET, true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  view.setUint32(22, sumOf(bytes.subarray(at, end)), true);
}
