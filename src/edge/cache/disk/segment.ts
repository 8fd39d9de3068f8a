import { close, fdatasync, ftruncate, open, read, rename, unlink, write, writeFile, writeSync, writev } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import {
  endOf,
  type KnownPlace,
  type Mark,
  type Place,
  PREFIX_BYTES,
  placeAt,
  readPrefix,
  writePrefix,
} from './record.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fdatasync);
const renameFile = promisify(rename);
const writeWhole = promisify(writeFile);
const removeFile = promisify(unlink);

const SEGMENT_NAME = /^(\d{8})\.segment$/;

/** The number of a segment file by its name; undefined for other files. */
export function segmentNumber(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether a file of the folder is one of ours. */
export function isOurs(name: string): boolean {
  return /^\d{8}\.(?:segment|places|places\.new)$/.test(name);
}

/**
 * One file of records, written from its beginning to its end and then never longer. When it is full, the places in it are
 * written beside it, so that a start reads those instead of walking through the records. Its descriptor stays open as long
 * as somebody reads, also after the file was removed, so nobody ever reads another record's bytes.
 */
export class Segment<E> {
  readonly number: number;
  /** Entries whose body lies here. */
  readonly entries = new Set<E>();
  sizeBytes: number;
  readonly #folder: string;
  readonly #fd: number;
  #prefixes: Buffer[] = [];
  #records = 0;
  #readers = 0;
  /** Resolves when what was marked without waiting is. */
  #marks: Promise<unknown> = Promise.resolve();
  /** Nobody new may read; the descriptor is closed when the last one who does is through. */
  #left = false;
  /** There may be records at its end that were never said to be there. */
  isSpoilt = false;
  /** Changed since it was last brought to the medium. */
  #changed = false;

  private constructor(folder: string, number: number, fd: number, sizeBytes: number) {
    this.#folder = folder;
    this.number = number;
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
  }

  static async create<E>(folder: string, number: number): Promise<Segment<E>> {
    return new Segment<E>(folder, number, await openFile(pathOf(folder, number), 'wx+', 0o600), 0);
  }

  static async reopen<E>(folder: string, number: number): Promise<Segment<E>> {
    const path = pathOf(folder, number);
    return new Segment<E>(folder, number, await openFile(path, 'r+'), (await stat(path)).size);
  }

  /** What it takes on disk, with the places beside it. */
  get footprintBytes(): number {
    return this.sizeBytes + this.#records * PREFIX_BYTES;
  }

  /** Whoever reads by and by holds the file from the first byte to the last. */
  hold(): void {
    this.#readers += 1;
  }

  letGo(): void {
    this.#leave();
  }

  /** Fills the buffer from a place in the file; false when the file ends before. */
  read(buffer: Buffer, offset: number): Promise<boolean> {
    if (this.#left && this.#readers === 0) return Promise.resolve(false);
    this.#readers += 1;
    return new Promise((resolve, reject) => {
      const on = (done: number) => {
        read(this.#fd, buffer, done, buffer.length - done, offset + done, (cause, bytes) => {
          if (!cause && bytes > 0 && done + bytes < buffer.length) {
            on(done + bytes);
            return;
          }
          this.#leave();
          if (cause) reject(cause);
          else resolve(done + bytes === buffer.length);
        });
      };
      on(0);
    });
  }

  /**
   * Writes records that follow one another at the end. They are there when it resolves; when it rejects none of them is,
   * unless the segment is spoilt.
   */
  async append(buffers: readonly Buffer[], places: readonly Place[]): Promise<void> {
    const bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    this.#changed = true;
    try {
      await this.#writeAll([...buffers], this.sizeBytes);
    } catch (cause) {
      // Records that are whole would be found at the next start, and nobody could say meanwhile that they are gone.
      this.isSpoilt = !(await cutTo(this.#fd, this.sizeBytes));
      throw cause;
    }
    this.sizeBytes += bytes;
    for (const place of places) this.#prefixes.push(writePrefix(place));
    this.#records += places.length;
  }

  /** Says in the record itself what has become of it; when this returns, every start will find that. */
  mark(place: Place, mark: Mark): void {
    if (this.#left) return;
    this.#changed = true;
    writeSync(this.#fd, writePrefix(place, mark), 0, PREFIX_BYTES, place.offset);
  }

  /** Resolves when what was written and marked outlives a power cut too. */
  async sync(): Promise<void> {
    await this.#marks;
    if (this.#left || !this.#changed) return;
    this.#readers += 1;
    try {
      this.#changed = false;
      await syncFile(this.#fd);
    } catch (cause) {
      this.#changed = true;
      throw cause;
    } finally {
      this.#leave();
    }
  }

  /** The same without waiting, for what a newer record makes worthless anyway. `onFailed` is called when it cannot be said. */
  markGoneLater(place: Place, onFailed: () => void): void {
    if (this.#left) return;
    this.#changed = true;
    this.#readers += 1;
    const marked = Promise.withResolvers<void>();
    this.#marks = Promise.all([this.#marks, marked.promise]);
    write(this.#fd, writePrefix(place, 'gone'), 0, PREFIX_BYTES, place.offset, (cause) => {
      this.#leave();
      marked.resolve();
      if (cause) onFailed();
    });
  }

  /** Writes down the places of what was appended since it was made. */
  async seal(): Promise<void> {
    const places = Buffer.concat(this.#prefixes);
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(places));
    const path = placesOf(this.#folder, this.number);
    await writeWhole(`${path}.new`, Buffer.concat([places, sum]), { mode: 0o600 });
    await renameFile(`${path}.new`, path);
    this.#prefixes = [];
  }

  /** Every place in it, in the order of writing: from beside it, or from the records where that is missing or broken. */
  async places(): Promise<KnownPlace[]> {
    const places = (await this.#sealedPlaces()) ?? (await this.#walk());
    this.#records = places.length;
    return places;
  }

  /** Takes the file away; readers go on with what they have. */
  async drop(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.entries.clear();
    await removeFile(pathOf(this.#folder, this.number)).catch(() => cutTo(this.#fd, 0));
    await removeFile(placesOf(this.#folder, this.number)).catch(() => {});
    if (this.#readers === 0) await closeFile(this.#fd);
  }

  async close(): Promise<void> {
    await this.#marks;
    if (this.#left) return;
    this.#left = true;
    if (this.#readers === 0) await closeFile(this.#fd);
  }

  #leave(): void {
    this.#readers -= 1;
    if (this.#readers === 0 && this.#left) close(this.#fd, () => {});
  }

  #writeAll(buffers: Buffer[], offset: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const on = (rest: Buffer[], at: number) => {
        writev(this.#fd, rest, at, (cause, bytes) => {
          if (cause) reject(cause);
          else if (bytes >= lengthOf(rest)) resolve();
          // A disk that is nearly full takes a part, and says why with the next.
          else if (bytes === 0) reject(Object.assign(new Error('nothing was written'), { code: 'ENOSPC' }));
          else on(behind(rest, bytes), at + bytes);
        });
      };
      on(buffers, offset);
    });
  }

  async #sealedPlaces(): Promise<KnownPlace[] | undefined> {
    const bytes = await readFile(placesOf(this.#folder, this.number)).catch(() => undefined);
    if (!bytes || bytes.length % PREFIX_BYTES !== 4) return undefined;
    const places = bytes.subarray(0, -4);
    if (crc32(places) !== bytes.readUInt32LE(places.length)) return undefined;
    const found: KnownPlace[] = [];
    for (let at = 0; at < places.length; at += PREFIX_BYTES) found.push(placeAt(places, at));
    return found;
  }

  /** From record to record, up to the first that is not whole: what a crash left half written ends the file. */
  async #walk(): Promise<KnownPlace[]> {
    const found: KnownPlace[] = [];
    const prefix = Buffer.alloc(PREFIX_BYTES);
    for (let at = 0; at + PREFIX_BYTES <= this.sizeBytes; ) {
      if (!(await this.read(prefix, at))) break;
      const place = readPrefix(prefix);
      if (!place || place.segment !== this.number || place.offset !== at || endOf(place) > this.sizeBytes) break;
      found.push(place);
      this.#prefixes.push(Buffer.from(prefix));
      at = endOf(place);
    }
    // The next start need not walk again; when this fails it does.
    if (found.length > 0) await this.seal().catch(() => {});
    return found;
  }
}

function pathOf(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, '0')}.segment`);
}

function placesOf(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, '0')}.places`);
}

function lengthOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}

/** What is left of a list of buffers when so many bytes of it are written. */
function behind(buffers: readonly Buffer[], written: number): Buffer[] {
  const rest = [...buffers];
  let left = written;
  while (rest[0] && left >= rest[0].length) left -= rest.shift()?.length ?? 0;
  if (rest[0] && left > 0) rest[0] = rest[0].subarray(left);
  return rest;
}

/** Whether the file ends there now; that needs no room on the disk. */
function cutTo(fd: number, sizeBytes: number): Promise<boolean> {
  return new Promise((resolve) => ftruncate(fd, sizeBytes, (cause) => resolve(cause === null)));
}
