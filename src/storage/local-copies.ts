import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../kernel/errors.ts';
import type { LocalFile, ObjectHead } from './object-store.ts';

export interface LocalCopiesOptions {
  /** Holds copies and nothing else. */
  readonly folder: string;
  /** What the copies may take together; one that is in use stays, whatever it takes. */
  readonly maxBytes: number;
  /** Bytes of the object from `start` to its end; fails when the object is no longer the one of `etag`. */
  readonly fetch: (key: string, head: ObjectHead, start: number, abort: AbortSignal) => Promise<Readable>;
}

/** Room that downloads leave on the disk for everything else. */
const SPARE_BYTES = 268_435_456;

const PARTIAL = '.part';

interface Copy {
  readonly name: string;
  readonly sizeBytes: number;
  complete: boolean;
  /** How many hold it, or wait for it. */
  holders: number;
  usedAt: number;
  /** To be removed once nobody holds it. */
  dropped: boolean;
  download: { readonly done: Promise<void>; readonly stop: AbortController; waiting: number } | undefined;
}

/**
 * Whole objects as files on this machine's disk, for programs that want a path. The least recently used ones go when
 * there are too many; all who want the same object share one download, which goes on where a broken one stopped. A
 * file has its name only when it is whole, so a crash leaves nothing that could be taken for a copy.
 */
export class LocalCopies {
  readonly #options: LocalCopiesOptions;
  readonly #copies = new Map<string, Copy>();
  #uses = 0;

  constructor(options: LocalCopiesOptions) {
    this.#options = options;
  }

  /** Clears what a crash cut off and finds what it left whole. */
  async start(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (name.endsWith(PARTIAL)) await rm(path, { force: true });
      else this.#add(name, (await stat(path)).size, true);
    }
    await this.#evict();
  }

  /** Ends the downloads; what they brought is gone on with by those who ask next. */
  async stop(): Promise<void> {
    const running = [...this.#copies.values()].flatMap(({ download }) => (download ? [download] : []));
    for (const { stop } of running) stop.abort();
    await Promise.allSettled(running.map(({ done }) => done));
  }

  /** Takes over a finished file as the copy of an object; the file is gone from its old place afterwards. */
  async keep(key: string, head: ObjectHead, file: string): Promise<void> {
    const name = nameOf(key, head);
    if (head.sizeBytes > this.#options.maxBytes || this.#copies.has(name)) return rm(file, { force: true });
    await rename(file, join(this.#options.folder, name));
    this.#add(name, head.sizeBytes, true);
    await this.#evict();
  }

  /**
   * The object as a local file, downloaded unless it is here. Rejects when `abort` fires before it is.
   * @throws Fault STORAGE_FULL when the disk has no room for it, and what `fetch` throws
   */
  async get(key: string, head: ObjectHead, abort?: AbortSignal): Promise<LocalFile> {
    const name = nameOf(key, head);
    const copy = this.#copies.get(name) ?? this.#add(name, head.sizeBytes, false);
    copy.holders += 1;
    let held = true;
    const release = async () => {
      if (!held) return;
      held = false;
      copy.holders -= 1;
      this.#uses += 1;
      copy.usedAt = this.#uses;
      await this.#evict();
    };
    try {
      if (!copy.complete) await this.#join(copy, key, head, abort);
      return { path: join(this.#options.folder, name), release };
    } catch (cause) {
      await release();
      throw cause;
    }
  }

  /** Removes the copies of every object whose key starts with `prefix`, those in use as soon as they are let go. */
  async drop(prefix: string): Promise<void> {
    const start = encodeKey(prefix);
    for (const copy of this.#copies.values()) if (copy.name.startsWith(start)) copy.dropped = true;
    await this.#evict();
  }

  /** Waits for the download, starting it when none runs; the last one who gives up ends it. */
  async #join(copy: Copy, key: string, head: ObjectHead, abort: AbortSignal | undefined): Promise<void> {
    copy.download ??= this.#start(copy, key, head);
    const { download } = copy;
    download.waiting += 1;
    const gaveUp = Promise.withResolvers<never>();
    const give = () => gaveUp.reject(abort?.reason);
    if (abort?.aborted) give();
    abort?.addEventListener('abort', give, { once: true });
    try {
      await Promise.race([download.done, gaveUp.promise]);
    } finally {
      abort?.removeEventListener('abort', give);
      download.waiting -= 1;
      if (download.waiting === 0 && !copy.complete) download.stop.abort();
    }
  }

  #start(copy: Copy, key: string, head: ObjectHead): NonNullable<Copy['download']> {
    const stop = new AbortController();
    const done = this.#download(copy, key, head, stop.signal).finally(() => {
      copy.download = undefined;
    });
    // Nobody may be waiting any more when it fails.
    done.catch(() => {});
    return { done, stop, waiting: 0 };
  }

  async #download(copy: Copy, key: string, head: ObjectHead, abort: AbortSignal): Promise<void> {
    const path = join(this.#options.folder, copy.name);
    const partial = path + PARTIAL;
    const hereBytes = await stat(partial).then(
      ({ size }) => size,
      () => 0,
    );
    await this.#makeRoom(head.sizeBytes - hereBytes);
    if (hereBytes < head.sizeBytes || head.sizeBytes === 0) {
      const body = await this.#options.fetch(key, head, hereBytes, abort);
      await pipeline(body, createWriteStream(partial, { flags: 'a', mode: 0o640 }), { signal: abort }).catch(
        (cause: unknown) => {
          throw Fault.from(cause).code === 'STORAGE_FULL' ? Fault.from(cause) : cause;
        },
      );
    }
    await sync(partial);
    const { size } = await stat(partial);
    if (size !== head.sizeBytes) {
      await rm(partial, { force: true });
      throw new Fault('STORAGE_UNAVAILABLE', { detail: { why: 'the download has another size', key, size } });
    }
    await rename(partial, path);
    copy.complete = true;
  }

  /** @throws Fault STORAGE_FULL when there is no room even without the copies that nobody uses */
  async #makeRoom(bytes: number): Promise<void> {
    // Counted by their size from the moment they are wanted, so what is on its way needs no more than its turn here.
    await this.#evict();
    for (;;) {
      const { bavail, bsize } = await statfs(this.#options.folder);
      const missing = bytes + SPARE_BYTES - bavail * bsize;
      if (missing <= 0) return;
      const oldest = this.#oldestIdle();
      if (!oldest) throw new Fault('STORAGE_FULL', { detail: { wanted: bytes } });
      await this.#remove(oldest);
    }
  }

  /** Chooses all at once, so that nobody is handed a copy that is about to go. */
  async #evict(): Promise<void> {
    const going = [...this.#copies.values()].filter(({ dropped, holders }) => dropped && holders === 0);
    const removals = going.map((copy) => this.#remove(copy));
    while (this.#usedBytes() > this.#options.maxBytes) {
      const oldest = this.#oldestIdle();
      if (!oldest) break;
      removals.push(this.#remove(oldest));
    }
    await Promise.all(removals);
  }

  #oldestIdle(): Copy | undefined {
    const idle = [...this.#copies.values()].filter(({ holders, download }) => holders === 0 && !download);
    return idle.sort((a, b) => a.usedAt - b.usedAt)[0];
  }

  /** The name is free at once; the bytes, which may be many, go in the background of the caller. */
  async #remove(copy: Copy): Promise<void> {
    this.#copies.delete(copy.name);
    const path = join(this.#options.folder, copy.name);
    this.#uses += 1;
    const aside = `${path}.${this.#uses}${PARTIAL}`;
    for (const each of [path, path + PARTIAL]) if (existsSync(each)) renameSync(each, aside);
    await rm(aside, { force: true });
  }

  #usedBytes(): number {
    return [...this.#copies.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  #add(name: string, sizeBytes: number, complete: boolean): Copy {
    this.#uses += 1;
    const copy: Copy = {
      name,
      sizeBytes,
      complete,
      holders: 0,
      usedAt: this.#uses,
      dropped: false,
      download: undefined,
    };
    this.#copies.set(name, copy);
    return copy;
  }
}

/** The key can be read off a copy's name, so that copies of a former run are found by it; `~` is in no key. */
function nameOf(key: string, { etag }: ObjectHead): string {
  return `${encodeKey(key)}~${createHash('sha256').update(etag).digest('hex').slice(0, 16)}`;
}

/** A key as one file name. */
export function encodeKey(key: string): string {
  return key.replaceAll('/', '~');
}

export function decodeKey(name: string): string {
  return name.replaceAll('~', '/');
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
