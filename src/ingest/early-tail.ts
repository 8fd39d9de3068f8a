import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from './intake.ts';

/** Twelve hours of film have an index of half of that. */
export const TAIL_MAX_BYTES = 64 * 1024 * 1024;

/** The end of a source that was sent ahead of what lies before it. */
export interface TailNote {
  /** Its first byte's place in the source. */
  readonly startByte: number;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** How much has arrived in order: the file has its full length from the moment its tail is laid. */
  readonly offset: number;
}

/**
 * Tails lie where they belong in the file that the source arrives in, so that programs can read its index; in order, the
 * upload writes over them, and what is there in the end is what the upload brought. A note beside the file says how far
 * that is: it is written before the file grows, so that no crash can take the tail for what has arrived.
 */
export class EarlyTails {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async find(id: string): Promise<TailNote | undefined> {
    const text = await readFile(this.#noteOf(id), 'utf8').catch(ignoreMissing);
    return text === undefined ? undefined : (JSON.parse(text) as TailNote);
  }

  /** Lays the bytes of the file `from` into `file`, of which `offset` bytes have arrived in order. */
  async lay(id: string, file: string, from: string, startByte: number, offset: number): Promise<void> {
    const bytes = await readFile(from);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await this.#write(id, { startByte, sizeBytes: startByte + bytes.length, sha256, offset });
    const into = await open(file, 'r+');
    try {
      await writeAll(into, bytes, startByte);
      await into.datasync();
    } finally {
      await into.close();
    }
  }

  /** So much has arrived in order, and is on the disk. */
  async reached(id: string, note: TailNote, offset: number): Promise<void> {
    await this.#write(id, { ...note, offset });
  }

  /** Whether the upload brought other bytes than the tail that was sent ahead. */
  async differs(id: string, file: string): Promise<boolean> {
    const note = await this.find(id);
    if (!note) return false;
    const hash = createHash('sha256');
    for await (const bytes of createReadStream(file, { start: note.startByte })) hash.update(bytes as Buffer);
    return hash.digest('hex') !== note.sha256;
  }

  async drop(id: string): Promise<void> {
    await rm(this.#noteOf(id), { force: true });
    await rm(this.partOf(id), { force: true });
  }

  /** Where a tail waits until all of it is there. */
  partOf(id: string): string {
    return join(this.#folder, `${id}.tail.part`);
  }

  async #write(id: string, note: TailNote): Promise<void> {
    const aside = `${this.#noteOf(id)}.aside`;
    const file = await open(aside, 'w', 0o640);
    try {
      await file.writeFile(JSON.stringify(note));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, this.#noteOf(id));
  }

  #noteOf(id: string): string {
    return join(this.#folder, `${id}.tail`);
  }
}

/** Where a tail belongs, as `Content-Range` says it (RFC 9110 section 14.4); undefined for what is no end of a file. */
export function parseTailRange(text: string): { readonly startByte: number; readonly sizeBytes: number } | undefined {
  const [, first = '', last = '', size = ''] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(text) ?? [];
  const [startByte, endByte, sizeBytes] = [Number(first), Number(last) + 1, Number(size)];
  return size !== '' && startByte < endByte && endByte === sizeBytes ? { startByte, sizeBytes } : undefined;
}

export async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
  return position + done;
}
