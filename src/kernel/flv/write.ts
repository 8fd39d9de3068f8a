/** Flash video as a byte stream (Adobe's specification of FLV, annex E.2 to E.4). */
export const TAG_TYPE = { audio: 8, video: 9, script: 18 } as const;

const TAG_HEADER = 11;

export function flvHeader(has: { readonly audio: boolean; readonly video: boolean }): Uint8Array {
  const flags = (has.audio ? 4 : 0) | (has.video ? 1 : 0);
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0);
}

/** One tag and, behind it, its size. */
export function flvTag(type: number, timestampMs: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TAG_HEADER + body.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  view.setUint8(0, type);
  view.setUint32(4, (timestampMs % 2 ** 24) << 8);
  view.setUint8(7, Math.floor(timestampMs / 2 ** 24) & 0xff);
  bytes.set(body, TAG_HEADER);
  view.setUint32(TAG_HEADER + body.length, TAG_HEADER + body.length);
  return bytes;
}
