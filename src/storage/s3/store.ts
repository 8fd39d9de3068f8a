import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Log } from '../../kernel/log.ts';
import { decodeKey, encodeKey, LocalCopies } from '../local-copies.ts';
import { checkKey, type LocalFile, type ObjectHead, type ObjectStore, type OpenObject } from '../object-store.ts';
import { Bucket, type BucketPlace, type Patience, type Range } from './bucket.ts';
import { PartBuffers } from './part-buffers.ts';
import { ResumingBody, replaced } from './resuming-body.ts';
import { readFully, Sending } from './sending.ts';

export interface S3StoreOptions extends Patience {
  readonly place: BucketPlace;
  /** A folder of this process alone: copies of objects, and notes of what is being sent. */
  readonly folder: string;
  /** What local copies may take on the disk. */
  readonly copiesBytes: number;
  /** Whether an adopted file stays here as a copy, because programs on this machine will want it. */
  readonly keepAdopted: boolean;
  readonly log: Log;
  /** Bytes of a part of a large object; 5 MiB is the least that S3 takes. */
  readonly partBytes?: number;
  /** Keys on one page of a listing. */
  readonly pageKeys?: number;
}

const PART_BYTES = 8 * 1_048_576;
/** Parts in memory at once, for all uploads together. */
const PARTS_AT_ONCE = 4;

/**
 * Objects in a bucket of any S3 server. A put is one request and so atomic by itself; a large file goes in parts, which
 * become an object only together.
 */
export class S3Store implements ObjectStore {
  readonly #bucket: Bucket;
  readonly #copies: LocalCopies;
  readonly #options: S3StoreOptions;
  readonly #buffers = new PartBuffers(PARTS_AT_ONCE);
  readonly #sendings = new Map<string, Sending>();
  /** Whether the server puts where nothing is, and only there, when it is asked to; undefined until it was tried. */
  #knowsAbsent: boolean | undefined;

  constructor(options: S3StoreOptions) {
    this.#options = options;
    this.#bucket = new Bucket(options.place, options, options.pageKeys);
    this.#copies = new LocalCopies({
      folder: join(options.folder, 'copies'),
      maxBytes: options.copiesBytes,
      fetch: (key, head, start, abort) => this.#fetch(key, head, start, abort),
    });
  }

  /**
   * Looks whether the bucket can be used, and clears what a crash cut off.
   * @throws Fault STORAGE_REFUSED for a wrong bucket or wrong credentials, STORAGE_UNAVAILABLE for no answer
   */
  async start(): Promise<void> {
    await mkdir(this.#notes, { recursive: true });
    await this.#copies.start();
    await this.#bucket.check();
  }

  /** Ends what is under way; uploads that were begun are gone on with after the next start. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sendings.values()].map((sending) => sending.stop()));
    await this.#copies.stop();
    this.#bucket.close();
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    checkKey(key);
    await this.#bucket.put(key, body);
  }

  async putIfAbsent(key: string, body: Uint8Array): Promise<boolean> {
    checkKey(key);
    if (this.#knowsAbsent !== false) {
      const stored = await this.#bucket.putIfAbsent(key, body);
      if (stored !== 'unknown') {
        this.#knowsAbsent ??= !stored || (await this.#refusesAgain(key, body));
        return stored;
      }
      this.#knowsAbsent = false;
    }
    // All that is left is to look first.
    if (await this.#bucket.head(key)) return false;
    await this.#bucket.put(key, body);
    return true;
  }

  sendAhead(key: string, file: string, bytes: number, sizeBytes?: number): void {
    checkKey(key);
    // What one request carries at the end is not worth three before.
    if (sizeBytes !== undefined && sizeBytes <= 2 * this.#partBytes) return;
    this.#sending(key, file).ahead(file, bytes, sizeBytes, (cause) => {
      this.#options.log.warn({ key, err: cause }, 'an upload could not be sent ahead');
    });
  }

  async adopt(key: string, file: string, abort?: AbortSignal): Promise<void> {
    checkKey(key);
    const { size } = await stat(file);
    await (size > 2 * this.#partBytes || this.#sendings.has(key) || (await this.#isBegun(key))
      ? this.#sendWhole(key, file, size, abort)
      : this.#sendAtOnce(key, file, size));
    await this.#letGo(key, file);
  }

  async copy(from: string, to: string): Promise<boolean> {
    checkKey(from);
    checkKey(to);
    // S3 refuses a copy that would change nothing.
    if (from === to) return (await this.#bucket.head(from)) !== undefined;
    return this.#bucket.copy(from, to);
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    checkKey(key);
    return this.#bucket.head(key);
  }

  async open(key: string, range?: Range): Promise<OpenObject | undefined> {
    checkKey(key);
    const found = range && range.start >= range.end ? 'outside' : await this.#bucket.get(key, range ? { range } : {});
    if (found === undefined) return undefined;
    if (typeof found === 'string') {
      const head = await this.#bucket.head(key);
      return head && { ...head, body: Readable.from([]) };
    }
    const { body, ...head } = found;
    const whole = { start: range?.start ?? 0, end: Math.min(range?.end ?? head.sizeBytes, head.sizeBytes) };
    return { ...head, body: new ResumingBody(body, whole, (rest, abort) => this.#rest(key, head.etag, rest, abort)) };
  }

  async localFile(key: string, abort?: AbortSignal): Promise<LocalFile | undefined> {
    const head = await this.head(key);
    return head && this.#copies.get(key, head, abort);
  }

  async deletePrefix(prefix: string): Promise<void> {
    checkKey(prefix);
    await this.#giveUp(prefix);
    await this.#copies.drop(prefix);
    if (!prefix.endsWith('/')) return this.#bucket.remove([prefix]);
    for (const { key, uploadId } of await this.#bucket.pendingUploads(prefix)) {
      await this.#bucket.abortUpload({ key, uploadId });
    }
    for await (const keys of this.#bucket.pages(prefix)) await this.#bucket.remove(keys);
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkKey(prefix);
    for await (const keys of this.#bucket.pages(prefix.endsWith('/') ? prefix : `${prefix}/`)) yield* keys;
  }

  /**
   * A server that ignores the condition would replace without a word. So the first object that was stored is sent once
   * more: what would replace it is the same.
   */
  async #refusesAgain(key: string, body: Uint8Array): Promise<boolean> {
    return (await this.#bucket.putIfAbsent(key, body)) === false;
  }

  get #partBytes(): number {
    return this.#options.partBytes ?? PART_BYTES;
  }

  get #notes(): string {
    return join(this.#options.folder, 'sending');
  }

  #sending(key: string, file: string): Sending {
    const known = this.#sendings.get(key);
    if (known) return known;
    const sending = new Sending(key, file, {
      bucket: this.#bucket,
      buffers: this.#buffers,
      note: this.#noteOf(key),
      leastPartBytes: this.#partBytes,
    });
    this.#sendings.set(key, sending);
    return sending;
  }

  #noteOf(key: string): string {
    return join(this.#notes, encodeKey(key));
  }

  async #isBegun(key: string): Promise<boolean> {
    return stat(this.#noteOf(key)).then(
      () => true,
      () => false,
    );
  }

  async #sendAtOnce(key: string, path: string, sizeBytes: number): Promise<void> {
    await this.#buffers.lend(sizeBytes, async (bytes) => {
      const file = await open(path, 'r');
      try {
        await readFully(file, 0, bytes);
      } finally {
        await file.close();
      }
      await this.#bucket.put(key, bytes);
    });
  }

  async #sendWhole(key: string, file: string, sizeBytes: number, abort: AbortSignal | undefined): Promise<void> {
    const sending = this.#sending(key, file);
    const leave = () => {
      this.#sendings.delete(key);
      void sending.stop();
    };
    if (abort?.aborted) leave();
    abort?.addEventListener('abort', leave, { once: true });
    try {
      await sending.finish(file, sizeBytes);
    } finally {
      abort?.removeEventListener('abort', leave);
    }
    this.#sendings.delete(key);
    await sending.tidy();
    // A crash between the beginning of an upload and its note leaves one that nobody would ever end.
    for (const left of await this.#bucket.pendingUploads(key)) {
      if (left.key === key) await this.#bucket.abortUpload(left);
    }
  }

  /** The object stands: the file goes, or stays as its copy. */
  async #letGo(key: string, file: string): Promise<void> {
    const head = this.#options.keepAdopted ? await this.#bucket.head(key) : undefined;
    if (head) await this.#copies.keep(key, head, file);
    else await rm(file, { force: true });
  }

  /** Ends what is being sent below a prefix, also by a former run of which only notes are left. */
  async #giveUp(prefix: string): Promise<void> {
    const noted = (await readdir(this.#notes)).map(decodeKey);
    for (const key of new Set([...noted, ...this.#sendings.keys()])) {
      if (key !== prefix && !(prefix.endsWith('/') && key.startsWith(prefix))) continue;
      const sending = this.#sending(key, '');
      this.#sendings.delete(key);
      await sending.giveUp();
    }
  }

  async #rest(key: string, etag: string, range: Range, abort: AbortSignal): Promise<Readable> {
    const found = await this.#bucket.get(key, { range, etag, abort });
    if (found === undefined || typeof found === 'string') throw replaced(key);
    return found.body;
  }

  async #fetch(key: string, head: ObjectHead, start: number, abort: AbortSignal): Promise<Readable> {
    if (head.sizeBytes === 0) return Readable.from([]);
    const rest = { start, end: head.sizeBytes };
    const first = await this.#rest(key, head.etag, rest, abort);
    return new ResumingBody(first, rest, (range, stop) => this.#rest(key, head.etag, range, stop));
  }
}
