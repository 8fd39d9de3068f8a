import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, opendir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { Fault, isStorageFull } from '../kernel/errors.ts';
import { checkKey, type LocalFile, type ObjectHead, type ObjectStore, type OpenObject } from './object-store.ts';

const ASIDE = '.aside';

/** How long what lies aside may lie there before it must be a leftover, also of a machine that never came back. */
const LEFT_OVER_MS = 24 * 3_600_000;

/**
 * Objects as files below one folder, which several machines may share. A put writes aside (same file system), syncs,
 * renames and syncs the directory, so that a crash leaves the old object or the new one and never half of either.
 */
export class FolderStore implements ObjectStore {
  readonly #root: string;
  readonly #aside: string;

  /** `owner`: a data folder, held by one process at a time; what lies aside is cleared by its own owner only. */
  constructor(root: string, { owner = root } = {}) {
    this.#root = root;
    const name = createHash('sha256')
      .update(`${hostname()}:${resolve(owner)}`)
      .digest('hex')
      .slice(0, 16);
    this.#aside = join(root, ASIDE, name);
  }

  /** Makes the folders and clears what a crash left aside. */
  async start(): Promise<void> {
    await rm(this.#aside, { recursive: true, force: true });
    await mkdir(this.#aside, { recursive: true });
    await this.#clearLeftOvers();
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    await this.#writeAside(body, (aside) => this.#publish(aside, path));
  }

  async putIfAbsent(key: string, body: Uint8Array): Promise<boolean> {
    const path = this.#pathOf(key);
    if (await this.head(key)) return false;
    return this.#writeAside(body, async (aside) => {
      try {
        await this.#publish(aside, path, linkOnly);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
        await rm(aside, { force: true });
        return false;
      }
      return true;
    });
  }

  async adopt(key: string, file: string): Promise<void> {
    const path = this.#pathOf(key);
    try {
      await syncPath(file, 'r+');
      await this.#publish(file, path).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EXDEV') throw cause;
        return this.#copyAcross(file, path);
      });
    } catch (cause) {
      throw asFault(cause);
    }
  }

  async copy(from: string, to: string): Promise<boolean> {
    const [source, path] = [this.#pathOf(from), this.#pathOf(to)];
    const aside = join(this.#aside, randomUUID());
    try {
      // A second name for the same bytes, which no put ever changes: it replaces the name, not what is behind it.
      if (!(await linkOrCopy(source, aside))) return false;
      await this.#publish(aside, path);
      return true;
    } catch (cause) {
      throw asFault(cause);
    } finally {
      // Nothing is left of it, unless it failed or both were the same file already.
      await rm(aside, { force: true });
    }
  }

  sendAhead(): void {
    // The file is where it will be: a rename is all that adopt has to do.
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const found = await stat(this.#pathOf(key)).catch(ignoreMissing);
    if (!found?.isFile()) return undefined;
    return headOf(found);
  }

  async open(key: string, range?: { start: number; end: number }): Promise<OpenObject | undefined> {
    const handle = await open(this.#pathOf(key), 'r').catch(ignoreMissing);
    if (!handle) return undefined;
    const found = await handle.stat();
    const isEmptyRange = range !== undefined && range.start >= range.end;
    if (!found.isFile() || isEmptyRange) {
      await handle.close();
      return found.isFile() ? { ...headOf(found), body: Readable.from([]) } : undefined;
    }
    const body = createReadStream('', {
      fd: handle,
      highWaterMark: 256 * 1024,
      ...(range ? { start: range.start, end: range.end - 1 } : {}),
    });
    return { ...headOf(found), body };
  }

  async localFile(key: string): Promise<LocalFile | undefined> {
    const path = this.#pathOf(key);
    const found = await stat(path).catch(ignoreMissing);
    return found?.isFile() ? { path, release: async () => {} } : undefined;
  }

  async deletePrefix(prefix: string): Promise<void> {
    // A writer that is just finishing may put a file into a folder that was already emptied: then it is emptied again.
    const path = this.#pathOf(prefix);
    await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    if (prefix.endsWith('/')) await this.#tidy(dirname(path));
  }

  /** A film's folder goes with the last of its versions. What lies at the top stays: everything is put below it. */
  async #tidy(folder: string): Promise<void> {
    if (folder === this.#root || dirname(folder) === this.#root) return;
    // Not empty, or gone: both are as they should be.
    await rmdir(folder).catch(() => {});
  }

  async *list(prefix: string): AsyncIterable<string> {
    const top = this.#pathOf(prefix);
    const entries = await opendir(top, { recursive: true }).catch(ignoreMissing);
    if (!entries) return;
    for await (const entry of entries) {
      if (entry.isFile()) yield relative(this.#root, join(entry.parentPath, entry.name)).split(sep).join('/');
    }
  }

  /** A store on another file system, where a rename does not reach. */
  async #copyAcross(file: string, path: string): Promise<void> {
    const aside = join(this.#aside, randomUUID());
    try {
      await copyFile(file, aside);
      await syncPath(aside, 'r+');
      await this.#publish(aside, path);
    } catch (cause) {
      await rm(aside, { force: true });
      throw cause;
    }
    await rm(file);
  }

  async #writeAside<T>(body: Uint8Array, publish: (aside: string) => Promise<T>): Promise<T> {
    const aside = join(this.#aside, randomUUID());
    try {
      const file = await open(aside, 'wx', 0o640);
      try {
        await file.writeFile(body);
        await file.sync();
      } finally {
        await file.close();
      }
      return await publish(aside);
    } catch (cause) {
      await rm(aside, { force: true });
      throw asFault(cause);
    }
  }

  async #clearLeftOvers(): Promise<void> {
    const top = join(this.#root, ASIDE);
    for (const entry of await readdir(top, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const found = await stat(path).catch(ignoreMissing);
      if (found && Date.now() - found.mtimeMs > LEFT_OVER_MS) await rm(path, { force: true });
    }
  }

  async #publish(aside: string, path: string, move: Move = rename): Promise<void> {
    const folder = dirname(path);
    const firstMade = await mkdir(folder, { recursive: true });
    await move(aside, path);
    // The new name itself lives in the directory, and a new directory in its parent: a power cut may forget either.
    const top = firstMade === undefined ? folder : dirname(firstMade);
    for (let each = folder; each.length >= top.length; each = dirname(each)) {
      await syncPath(each, 'r');
      if (each === top) break;
    }
  }

  /** Keys come from our own code, yet a key is the last place where a forged name could leave the folder. */
  #pathOf(key: string): string {
    checkKey(key);
    return join(this.#root, key);
  }
}

/** Gives a file its place. */
type Move = (aside: string, path: string) => Promise<void>;

/** What file systems without hard links (exFAT, some network shares) answer. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'];

/** A file can have so many names only (65,000 on ext4). */
const TOO_MANY_LINKS = 'EMLINK';

/** False when there is nothing at `from`. */
async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (cause) {
    if (isMissing(cause)) return false;
    if (![...NO_LINKS, TOO_MANY_LINKS].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    await copyFile(from, to);
    await syncPath(to, 'r+');
  }
  return true;
}

/** A rename that replaces nothing: EEXIST instead. Where there are no links, only what is there before it is seen. */
async function linkOnly(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path);
  } catch (cause) {
    if (!NO_LINKS.includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    return rename(aside, path);
  }
  await rm(aside);
}

async function syncPath(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function headOf(found: { size: number; mtimeMs: number; ino: number }): ObjectHead {
  // A put always makes a new inode, so inode, time and size together change whenever the bytes do.
  const etag = `"${found.ino.toString(36)}-${Math.floor(found.mtimeMs * 1000).toString(36)}-${found.size.toString(36)}"`;
  return { sizeBytes: found.size, etag, modifiedAtMs: found.mtimeMs };
}

function ignoreMissing(cause: unknown): undefined {
  if (isMissing(cause)) return undefined;
  throw cause;
}

function isMissing(cause: unknown): boolean {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function asFault(cause: unknown): unknown {
  return isStorageFull(cause) ? Fault.from(cause) : cause;
}
