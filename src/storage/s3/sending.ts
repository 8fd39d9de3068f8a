import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { Fault } from '../../kernel/errors.ts';
import type { Bucket } from './bucket.ts';
import type { PartBuffers } from './part-buffers.ts';

const MIB = 1_048_576;
/** S3's own limit on the number of parts. */
const PARTS_MAX = 10_000;
/** A source of unknown length may become this long without its parts being planned anew. */
const UNKNOWN_BYTES = 512_000 * MIB;
/** Parts of one object that travel at once. */
const AT_ONCE = 3;
/** How often an upload that the server forgot is begun anew before it counts as the server's trouble. */
const BEGINNINGS = 3;
/** How long sending ahead rests after a failure: the bytes are safe here, and the server may be in trouble. */
const REST_MS = 2_000;

/** Bytes of each part but the last, so that the whole fits into the number of parts that are allowed. */
export function partBytesFor(sizeBytes: number | undefined, leastBytes: number): number {
  const needed = Math.ceil((sizeBytes ?? UNKNOWN_BYTES) / (PARTS_MAX - 1));
  return Math.max(leastBytes, Math.ceil(needed / MIB) * MIB);
}

/** What survives a crash: which upload the parts belong to. Which of them arrived is known to the server. */
interface Note {
  readonly uploadId: string;
  readonly partBytes: number;
}

export interface SendingParts {
  readonly bucket: Bucket;
  /** Shared by all objects of the store: they bound the memory that parts take. */
  readonly buffers: PartBuffers;
  /** Where the note lies. */
  readonly note: string;
  readonly leastPartBytes: number;
}

/**
 * One local file on its way to one key, part by part, while it may still grow. The file's bytes never change once they
 * are there, so a part that arrived stays right; what arrived before a crash or a broken line is not sent again.
 */
export class Sending {
  readonly key: string;
  readonly #parts: SendingParts;
  readonly #abort = new AbortController();
  #file: string;
  #sizeBytes: number | undefined;
  #partBytes = 0;
  #uploadId: string | undefined;
  #etags = new Map<number, string>();
  #safeBytes = 0;
  #restUntilMs = 0;
  #running: Promise<void> | undefined;

  constructor(key: string, file: string, parts: SendingParts) {
    this.key = key;
    this.#file = file;
    this.#parts = parts;
  }

  /**
   * The first `bytes` of the file are there. Sends the whole parts among them in the background; a failure is for a
   * later call to mend.
   */
  ahead(file: string, bytes: number, sizeBytes: number | undefined, failed: (cause: unknown) => void): void {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#safeBytes = Math.max(this.#safeBytes, bytes);
    if (this.#abort.signal.aborted || performance.now() < this.#restUntilMs) return;
    this.#running ??= this.#sendWhole()
      .catch((cause: unknown) => {
        this.#restUntilMs = performance.now() + REST_MS;
        if (!this.#abort.signal.aborted) failed(cause);
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /**
   * Sends what is missing of the finished file and makes it the object.
   * @returns the object's etag
   */
  async finish(file: string, sizeBytes: number): Promise<string> {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    // What runs ahead stops at the end of the parts it knows of.
    this.#safeBytes = 0;
    await this.#running;
    for (let begun = 0; begun < BEGINNINGS; begun += 1) {
      await this.#begin();
      const etag = (await this.#send(sizeBytes, true)) ? await this.#complete(sizeBytes) : undefined;
      if (etag !== undefined) return etag;
      this.#forget();
    }
    throw new Fault('STORAGE_UNAVAILABLE', { detail: { why: 'the server forgets uploads', key: this.key } });
  }

  /** Stops, and has the server drop what arrived. */
  async giveUp(): Promise<void> {
    await this.stop();
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const note = await readNote(this.#parts.note);
    const uploadId = this.#uploadId ?? note?.uploadId;
    if (uploadId !== undefined) await this.#parts.bucket.abortUpload({ key: this.key, uploadId });
    await this.tidy();
  }

  /** Stops and leaves what arrived to the next start. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Removes the note; the object is whole or given up. */
  async tidy(): Promise<void> {
    await rm(this.#parts.note, { force: true });
  }

  async #sendWhole(): Promise<void> {
    for (;;) {
      const wholeBytes = this.#safeBytes;
      if (this.#abort.signal.aborted || wholeBytes < this.#nextPartEnd()) return;
      await this.#begin();
      const known = await this.#send(wholeBytes, false).catch(async (cause: NodeJS.ErrnoException) => {
        // Deleted meanwhile: whoever did that may have looked for uploads to end before this one was begun.
        if (cause.code === 'ENOENT') await this.#drop();
        throw cause;
      });
      if (!known) this.#forget();
    }
  }

  #nextPartEnd(): number {
    const partBytes = this.#partBytes || partBytesFor(this.#sizeBytes, this.#parts.leastPartBytes);
    let number = 1;
    while (this.#etags.has(number)) number += 1;
    return number * partBytes;
  }

  /** Takes up the upload that a note tells of, or begins one. */
  async #begin(): Promise<void> {
    if (this.#uploadId !== undefined && this.#fits()) return;
    const { bucket, note } = this.#parts;
    const kept = await readNote(note);
    const there = kept && (await bucket.parts({ key: this.key, uploadId: kept.uploadId }));
    if (kept && there) {
      this.#uploadId = kept.uploadId;
      this.#partBytes = kept.partBytes;
      // Of another size it can only be a last part, sent by a finish that was cut off: it goes again.
      const whole = there.filter(({ sizeBytes }) => sizeBytes === kept.partBytes);
      this.#etags = new Map(whole.map(({ number, etag }) => [number, etag]));
      if (this.#fits()) return;
      await bucket.abortUpload({ key: this.key, uploadId: kept.uploadId });
    }
    this.#forget();
    this.#partBytes = partBytesFor(this.#sizeBytes, this.#parts.leastPartBytes);
    this.#uploadId = await bucket.beginUpload(this.key);
    await writeNote(note, { uploadId: this.#uploadId, partBytes: this.#partBytes });
  }

  /** Whether the file fits into the parts as they were planned before its length was known. */
  #fits(): boolean {
    return (this.#sizeBytes ?? 0) <= this.#partBytes * PARTS_MAX;
  }

  #forget(): void {
    this.#uploadId = undefined;
    this.#etags.clear();
  }

  /** False when the server knows nothing of the upload any more. */
  async #send(bytes: number, withLast: boolean): Promise<boolean> {
    const count = withLast ? Math.ceil(bytes / this.#partBytes) : Math.floor(bytes / this.#partBytes);
    const missing = Array.from({ length: count }, (_, at) => at + 1).filter((number) => !this.#etags.has(number));
    if (missing.length === 0) return true;
    const file = await open(this.#file, 'r');
    try {
      // A part must not be ahead of what the disk would still have after a power cut.
      await file.datasync();
      const lanes = Array.from({ length: AT_ONCE }, () => this.#sendEach(file, missing, bytes));
      const outcomes = await Promise.allSettled(lanes);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      return outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value);
    } finally {
      await file.close();
    }
  }

  async #sendEach(file: FileHandle, missing: number[], bytes: number): Promise<boolean> {
    for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
      const one = number;
      const etag = await this.#sendPart(file, one, bytes);
      if (etag === undefined) return false;
      this.#etags.set(one, etag);
    }
    return true;
  }

  async #sendPart(file: FileHandle, number: number, bytes: number): Promise<string | undefined> {
    const { bucket, buffers } = this.#parts;
    const { key } = this;
    const start = (number - 1) * this.#partBytes;
    return buffers.lend(Math.min(this.#partBytes, bytes - start), async (body) => {
      this.#abort.signal.throwIfAborted();
      await readFully(file, start, body);
      if (this.#uploadId === undefined) return undefined;
      const upload = { key, uploadId: this.#uploadId };
      try {
        return await bucket.putPart(upload, number, body, this.#abort.signal);
      } catch (cause) {
        // Some servers refuse a part of a forgotten upload unread and hang up; then their answer may never be seen.
        if (!this.#abort.signal.aborted && (await bucket.parts(upload)) === undefined) return undefined;
        throw cause;
      }
    });
  }

  async #complete(sizeBytes: number): Promise<string | undefined> {
    const { bucket } = this.#parts;
    if (this.#uploadId === undefined) return undefined;
    const etag = await bucket.completeUpload({ key: this.key, uploadId: this.#uploadId }, this.#etags);
    const found = await bucket.head(this.key);
    if (found?.sizeBytes !== sizeBytes) return undefined;
    // An answer lost on its way was asked for again, and by then the upload was no more: the object tells by itself.
    return etag !== undefined || found.etag === etagOf(this.#etags) ? found.etag : undefined;
  }
}

/** What servers make of an object's parts where their etags are MD5s; undefined where they are something else. */
function etagOf(etags: ReadonlyMap<number, string>): string | undefined {
  const digests = [...etags].sort(([a], [b]) => a - b).map(([, etag]) => /^"([0-9a-f]{32})"$/.exec(etag)?.[1]);
  const hash = createHash('md5');
  for (const digest of digests) {
    if (digest === undefined) return undefined;
    hash.update(Buffer.from(digest, 'hex'));
  }
  return `"${hash.digest('hex')}-${digests.length}"`;
}

/** Fills `bytes` from the file, from `start` on. */
export async function readFully(file: FileHandle, start: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
    if (bytesRead === 0) throw new Fault('INTERNAL', { detail: { why: 'the file is shorter than it was' } });
    at += bytesRead;
  }
}

async function readNote(file: string): Promise<Note | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as Note;
  } catch {
    // None, or cut off by a power cut: then the upload is begun anew.
    return undefined;
  }
}

async function writeNote(file: string, note: Note): Promise<void> {
  await writeFile(`${file}.aside`, JSON.stringify(note));
  await rename(`${file}.aside`, file);
}
