import { type FileHandle, open } from 'node:fs/promises';
import { readBoxHeader } from '../kernel/cmaf/boxes.ts';
import { readSampleTables, type SampleTable } from '../kernel/cmaf/sample-table.ts';

/** Boxes at the top of a file that are looked at for the index. */
const OUTLINE_BOXES = 500;

/** Twelve hours of picture and sound have an index of half of that. */
const LARGEST_INDEX_BYTES = 96 * 1024 * 1024;

/** How long a video track's tables are kept: a look at a film is followed at once by the first work on its packets. */
const KEPT_MS = 10_000;

interface Kept {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
  readonly tables: readonly SampleTable[];
}

let kept: Kept | undefined;
let letGo: NodeJS.Timeout | undefined;

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

/** The same of its video tracks alone, and from memory when the file was asked for just before. */
export async function readVideoIndex(path: string): Promise<readonly SampleTable[]> {
  const file = await open(path, 'r');
  try {
    const { size: sizeBytes, mtimeMs: changedMs } = await file.stat();
    if (kept?.path === path && kept.sizeBytes === sizeBytes && kept.changedMs === changedMs) return kept.tables;
    const moov = await readMovieBox(file);
    const tables = moov ? readSampleTables(moov, 'video') : [];
    keep({ path, sizeBytes, changedMs, tables });
    return tables;
  } finally {
    await file.close();
  }
}

function keep(read: Kept): void {
  kept = read;
  clearTimeout(letGo);
  letGo = setTimeout(() => {
    kept = undefined;
  }, KEPT_MS).unref();
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
