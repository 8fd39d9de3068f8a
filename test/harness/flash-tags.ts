/** A tag of Flash video, as it lies in a file: what an encoder sends as one RTMP message. */
export interface FlashTag {
  readonly type: number;
  readonly timestampMs: number;
  readonly body: Buffer;
}

const HEADER_BYTES = 9 + 4;
const TAG_BYTES = 11;

export function flashTags(file: Buffer): FlashTag[] {
  const tags: FlashTag[] = [];
  let at = HEADER_BYTES;
  while (at + TAG_BYTES <= file.length) {
    const size = file.readUIntBE(at + 1, 3);
    const timestampMs = file.readUIntBE(at + 4, 3) + file.readUInt8(at + 7) * 2 ** 24;
    tags.push({ type: file.readUInt8(at), timestampMs, body: file.subarray(at + TAG_BYTES, at + TAG_BYTES + size) });
    at += TAG_BYTES + size + 4;
  }
  return tags;
}
