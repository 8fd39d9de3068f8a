import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataLock, lockData } from '../../../config/data-lock.ts';
import { writeDurably } from '../../durable-file.ts';
import { FORMAT } from './record.ts';
import { isOurs, segmentNumber } from './segment.ts';

const STAMP = 'cache.json';
const SWEPT = 'swept.json';

/** Up to which ban a folder holds nothing that was banned; `lineage` names the numbering. */
export interface Swept {
  readonly lineage: string;
  readonly upTo: number;
}

/**
 * The folder of a disk cache, held by one process at a time. A stamp says in which form it was written and whose answers
 * are in it, another which bans have been looked for there: what another version or an edge in front of another origin left
 * is emptied, never read, and so is what missed a ban that has been forgotten since.
 */
export class CacheFolder {
  readonly path: string;
  readonly #identity: string;
  #lock: DataLock | undefined;

  constructor(path: string, identity: string) {
    this.path = path;
    this.#identity = identity;
  }

  /**
   * Numbers of the segments in it, oldest first, and up to which ban they were swept; undefined when another process has the
   * folder. @param known up to where bans are forgotten
   */
  async take(known: Swept): Promise<{ numbers: number[]; sweptUpTo: number } | undefined> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    this.#lock = lockData(this.path);
    if (!this.#lock) return undefined;
    const swept = await this.#sweptUpTo(known.lineage);
    const isCurrent = swept === undefined ? known.upTo === 0 : swept >= known.upTo;
    if (!isCurrent || !(await this.#isOwn())) await this.#begin();
    // A full disk may have no room for it; until it has, no ban is forgotten.
    if (!isCurrent || swept === undefined) await this.swept(known).catch(() => {});
    const names = await readdir(this.path);
    const numbers = names.flatMap((name) => segmentNumber(name) ?? []).sort((one, other) => one - other);
    return { numbers, sweptUpTo: Math.max(swept ?? 0, known.upTo) };
  }

  leave(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** Notes how far bans have been looked for; from then on they may be forgotten. */
  async swept(swept: Swept): Promise<void> {
    await writeDurably(join(this.path, SWEPT), JSON.stringify({ lineage: swept.lineage, upTo: swept.upTo }));
  }

  /** Undefined for a folder from before there were bans; -1 where the note is of another numbering, or damaged. */
  async #sweptUpTo(lineage: string): Promise<number | undefined> {
    const note = await readFile(join(this.path, SWEPT), 'utf8').catch(() => undefined);
    if (note === undefined) return undefined;
    const swept = /^\{"lineage":"([^"]*)","upTo":(\d+)\}$/.exec(note);
    return swept?.[1] === lineage ? Number(swept[2]) : -1;
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
