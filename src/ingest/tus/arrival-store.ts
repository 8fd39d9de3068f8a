import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { ERRORS, Upload } from '@tus/server';
import { Fault } from '../../kernel/errors.ts';
import { EarlyTails, writeAll } from '../early-tail.ts';
import { asStorageFault, ignoreMissing } from '../intake.ts';
import type { Checksum } from './checksum.ts';
import { InfoStore } from './info-store.ts';

/** What the database says of an upload whose bytes are not asked for here any more. */
export type UploadState =
  | { readonly kind: 'arriving' }
  | { readonly kind: 'stored'; readonly sizeBytes: number }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown' };

/** What the store needs to know of assets; the row decides, files only carry bytes. */
export interface Arrivals {
  begin(upload: Upload): Promise<void>;
  stateOf(id: string): Promise<UploadState>;
  progress(id: string, receivedBytes: number, sizeBytes: number | undefined): Promise<void>;
}

/** The checksum the running request came with: the library hands its store no headers. */
export const chunkChecksum = new AsyncLocalStorage<Checksum | undefined>();

/**
 * The library's file store with what it lacks: bytes are synced before they are acknowledged, chunks may carry a
 * checksum, an upload is kept for its time after the last byte rather than the first, a full disk is told apart, and an
 * upload whose file has become an asset still answers with its full offset.
 */
export class ArrivalStore extends FileStore {
  readonly #arrivals: Arrivals;
  readonly #folder: string;
  readonly tails: EarlyTails;

  constructor(folder: string, expireMs: number, arrivals: Arrivals) {
    super({ directory: folder, configstore: new InfoStore(folder), expirationPeriodInMilliseconds: expireMs });
    this.#folder = folder;
    this.tails = new EarlyTails(folder);
    this.#arrivals = arrivals;
    this.extensions = [...this.extensions, 'checksum'];
  }

  /** The file first, then the row: an upload without a row is swept, a row without its file could not be resumed. */
  override async create(upload: Upload): Promise<Upload> {
    try {
      const created = await super.create(upload);
      await this.#arrivals.begin(upload);
      return created;
    } catch (cause) {
      await this.drop(upload.id);
      throw asStorageFault(cause);
    }
  }

  override async getUpload(id: string): Promise<Upload> {
    const state = await this.#arrivals.stateOf(id);
    if (state.kind === 'unknown') throw ERRORS.FILE_NOT_FOUND;
    if (state.kind === 'expired') throw ERRORS.FILE_NO_LONGER_EXISTS;
    if (state.kind === 'stored') return new Upload({ id, size: state.sizeBytes, offset: state.sizeBytes });
    const upload = await super.getUpload(id);
    // The server counts the time to live from this date; we count it from the last byte.
    const { mtime } = await stat(this.#fileOf(id));
    upload.creation_date = mtime.toISOString();
    const tail = await this.tails.find(id);
    if (tail) upload.offset = tail.offset;
    return upload;
  }

  /** How many bytes have arrived in order; undefined when their file is gone. */
  async offsetOf(id: string): Promise<number | undefined> {
    const found = await stat(this.#fileOf(id)).catch(ignoreMissing);
    return found && ((await this.tails.find(id))?.offset ?? found.size);
  }

  override async write(body: Readable, id: string, offset: number): Promise<number> {
    const file = await open(this.#fileOf(id), 'r+').catch(ignoreMissing);
    // Repeating the end of a finished upload: the body is empty and there is nothing left to write to.
    if (!file) return offset;
    const size = (await this.configstore.get(id))?.size;
    const marks = await this.#marksOf(id, file);
    const note = async (at: number) => this.#arrivals.progress(id, await marks.note(at), size);
    const checksum = chunkChecksum.getStore();
    try {
      return checksum
        ? await this.#writeChecked(body, id, file, offset, checksum, note)
        : await writeSynced(body, file, offset, note);
    } catch (cause) {
      throw asStorageFault(cause);
    } finally {
      // What arrived before a broken connection counts, and was synced.
      await marks.settle(size).finally(() => file.close());
    }
  }

  /**
   * Keeps the offset of an upload whose file has its full length already: about once a second, and in the end. Nobody is
   * told of more than that, since what lies behind it is sent again after a crash.
   */
  async #marksOf(id: string, file: FileHandle): Promise<OffsetMarks> {
    const tail = await this.tails.find(id);
    if (!tail) return { note: async (at) => at, settle: async () => {} };
    let marked = tail.offset;
    let reached = tail.offset;
    let markedMs = performance.now();
    return {
      note: async (at) => {
        reached = at;
        if (performance.now() - markedMs < MARK_MS) return marked;
        markedMs = performance.now();
        await file.datasync();
        await this.tails.reached(id, tail, at);
        marked = at;
        return marked;
      },
      settle: async (size) => {
        await this.tails.reached(id, tail, reached);
        await this.#arrivals.progress(id, reached, size);
      },
    };
  }

  override async remove(id: string): Promise<void> {
    await this.getUpload(id);
    await this.drop(id);
  }

  /** Removes whatever there is of an upload. */
  async drop(id: string): Promise<void> {
    await rm(this.#fileOf(id), { force: true });
    await rm(this.#chunkOf(id), { force: true });
    await this.tails.drop(id);
    await this.configstore.delete(id);
  }

  /** Ids of every upload with a file here. */
  async unfinished(): Promise<string[]> {
    return (await this.configstore.list?.()) ?? [];
  }

  /** Path of the upload's bytes. */
  fileOf(id: string): string {
    return this.#fileOf(id);
  }

  /** The chunk waits aside until its checksum holds, so that a wrong one leaves the offset where it was. */
  async #writeChecked(
    body: Readable,
    id: string,
    file: FileHandle,
    offset: number,
    checksum: Checksum,
    note: (at: number) => Promise<void>,
  ) {
    const path = this.#chunkOf(id);
    const aside = await open(path, 'w+');
    try {
      const hash = createHash(checksum.algorithm);
      let at = 0;
      for await (const bytes of body as AsyncIterable<Buffer>) {
        hash.update(bytes);
        at = await writeAll(aside, bytes, at);
      }
      if (!hash.digest().equals(checksum.digest)) throw new Fault('UPLOAD_CHECKSUM_MISMATCH');
      return await writeSynced(createReadStream(path), file, offset, note);
    } finally {
      await aside.close();
      await rm(path, { force: true });
    }
  }

  #fileOf(id: string): string {
    return join(this.#folder, id);
  }

  #chunkOf(id: string): string {
    return join(this.#folder, `${id}.chunk`);
  }
}

const MARK_MS = 1_000;

interface OffsetMarks {
  /** Takes note of an offset, and says which one would survive a crash. */
  note(at: number): Promise<number>;
  settle(size: number | undefined): Promise<void>;
}

/** Appends the body at `offset`; what arrived before a broken connection is synced and counts. */
async function writeSynced(
  body: Readable,
  file: FileHandle,
  offset: number,
  note: (at: number) => Promise<void>,
): Promise<number> {
  let at = offset;
  try {
    for await (const bytes of body as AsyncIterable<Buffer>) {
      at = await writeAll(file, bytes, at);
      await note(at);
    }
  } catch (cause) {
    // What stopped the body says more than a disk that then cannot sync either.
    await file.datasync().catch(() => {});
    throw cause;
  }
  await file.datasync();
  return at;
}
