/** What the server takes ahead of an upload at most. */
const TAIL_MAX_BYTES = 64 * 1024 * 1024;

/** Boxes at the top of a file that are looked at. */
const OUTLINE_BOXES = 20;

/**
 * Where the end of an MP4 begins that has its index, when that stands behind the media: sent ahead of the rest, it lets the
 * film begin while it is uploaded. Undefined for every other file. Reads a few bytes here and there.
 */
export async function findIndexAtEnd(file: Blob): Promise<number | undefined> {
  let at = 0;
  let mediaSeen = false;
  for (let count = 0; count < OUTLINE_BOXES && at + 16 <= file.size; count += 1) {
    const box = readHeader(new DataView(await file.slice(at, at + 16).arrayBuffer()));
    if (!box || (count === 0 && box.type !== 'ftyp')) return undefined;
    if (box.type === 'moov') return mediaSeen && file.size - at <= TAIL_MAX_BYTES ? at : undefined;
    if (box.type === 'mdat') mediaSeen = true;
    at += box.sizeBytes;
  }
  return undefined;
}

/** ISO/IEC 14496-12 section 4.2; undefined for a box that goes on to the end of the file, or cannot be one. */
function readHeader(header: DataView): { readonly type: string; readonly sizeBytes: number } | undefined {
  const size = header.getUint32(0);
  const type = String.fromCharCode(...new Uint8Array(header.buffer, 4, 4));
  const sizeBytes = size === 1 ? Number(header.getBigUint64(8)) : size;
  return sizeBytes >= 8 ? { type, sizeBytes } : undefined;
}
