import { type FileHandle, open } from 'node:fs/promises';
import { readBoxHeader } from '../kernel/cmaf/boxes.ts';
import { readSampleTables, type SampleTable } from '../kernel/cmaf/sample-table.ts';

/** Boxes at the top of a file that are looked at for the index. */
const OUTLINE_BOXES = 500;

/** Twelve hours of picture and sound have an index of half of that. */
const LARGEST_INDEX_BYTES = 96 * 1024 * 1024;

/** The sample tables of an ISO file's tracks; none for a file without an index, or with one that cannot be right. */
export async function readIndex(path: string): Promise<SampleTable[]> {
  const file = await open(path, 'r');
  try {
    const moov = await readMovieBox(file);
    return moov ? readSampleTables(moov) : [];
  } finally {
    await file.close();
  }
}

async function readMovieBox(file: FileHandle): Promise<Uint8Array | undefined> {
  const { size } = await file.stat();
  const header = Buffer.alloc(16);
  let at = 0;
  for (let count = 0; at + 8 <= size && count < OUTLINE_BOXES; count += 1) {
    const { bytesRead } = await file.read(header, 0, header.length, at);
    const box = readBoxHeader(header.subarray(0, bytesRead), 0);
    if (!box || box.sizeBytes < box.headerBytes) return undefined;
    if (box.type === 'moov') return readExactly(file, at, box.sizeBytes);
    at += box.sizeBytes;
  }
  return undefined;
}

async function readExactly(file: FileHandle, at: number, bytes: number): Promise<Uint8Array | undefined> {
  if (bytes > LARGEST_INDEX_BYTES) return undefined;
  const into = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(into, 0, bytes, at);
  return bytesRead === bytes ? into : undefined;
}
