import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataLock, lockData } from '../../../config/data-lock.ts';
import { FORMAT } from './record.ts';
import { isOurs, segmentNumber } from './segment.ts';

const STAMP = 'cache.json';

/**
 * The folder of a disk cache, held by one process at a time. A stamp says in which form it was written and whose answers
 * are in it: what another version or an edge in front of another origin left is emptied, never read.
 */
export class CacheFolder {
  readonly path: string;
  readonly #identity: string;
  #lock: DataLock | undefined;

  constructor(path: string, identity: string) {
    this.path = path;
    this.#identity = identity;
  }

  /** Numbers of the segments in it, oldest first; undefined when another process has the folder. */
  async take(): Promise<number[] | undefined> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    this.#lock = lockData(this.path);
    if (!this.#lock) return undefined;
    if (!(await this.#isOwn())) await this.#begin();
    const names = await readdir(this.path);
    return names.flatMap((name) => segmentNumber(name) ?? []).sort((one, other) => one - other);
  }

  leave(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  get #stamp(): string {
    return JSON.stringify({ format: FORMAT, of: this.#identity });
  }

  async #isOwn(): Promise<boolean> {
    const text = await readFile(join(this.path, STAMP), 'utf8').catch(() => undefined);
    return text === this.#stamp;
  }

  /** Only files of our own names go: whoever names the wrong folder loses nothing else. */
  async #begin(): Promise<void> {
    const stamp = join(this.path, STAMP);
    // While there is no stamp, a start that breaks off here empties the rest the next time.
    await rm(stamp, { force: true });
    for (const name of await readdir(this.path)) if (isOurs(name)) await rm(join(this.path, name), { force: true });
    await writeFile(`${stamp}.new`, this.#stamp, { mode: 0o600 });
    await rename(`${stamp}.new`, stamp);
  }
}
