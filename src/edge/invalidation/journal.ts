import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataLock, lockData } from '../../config/data-lock.ts';
import { INVALIDATIONS_FOLDER, MISSED_NOTE } from '../../config/edge-operator.ts';
import { writeDurably } from '../durable-file.ts';
import type { Ban, Known } from './ban-list.ts';
import { parseTarget } from './target.ts';

const JOURNAL = 'journal';

/**
 * Bans on disk, so that what was invalidated stays so after a crash. One line says which numbering this is, each further one
 * is a ban; it is written anew when bans are finished. What cannot be read begins a new numbering, under which everything
 * that an older one left on disk is worthless. Without the folder, which one process has at a time, it is kept in memory.
 */
export class BanJournal {
  readonly #folder: string;
  readonly #known: () => Known;
  #lock: DataLock | undefined;
  #file: FileHandle | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  /** @param known what is to be written when all of it is */
  constructor(dataDir: string, known: () => Known) {
    this.#folder = join(dataDir, INVALIDATIONS_FOLDER);
    this.#known = known;
  }

  /** False when another process has it, or it cannot be had. */
  async take(): Promise<boolean> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#lock = lockData(this.#folder);
    return this.#lock !== undefined;
  }

  /** What an earlier process left; a new numbering where there is none that can be gone on with. */
  async read(): Promise<Known> {
    const missed = join(this.#folder, MISSED_NOTE);
    const hasMissed = await stat(missed).then(
      () => true,
      () => false,
    );
    const text = hasMissed ? '' : await readFile(join(this.#folder, JOURNAL), 'utf8').catch(() => '');
    return readJournal(text) ?? newNumbering();
  }

  /** Writes all that is known. Only then does nobody need to be told any more that something was missed. */
  async begin(): Promise<void> {
    await this.rewrite();
    if (this.#lock) await rm(join(this.#folder, MISSED_NOTE), { force: true });
  }

  /** Resolves when the bans are on the medium. @throws what writing throws; the next call writes everything anew then */
  record(bans: readonly Ban[]): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#file) return this.#writeAll();
      try {
        await this.#file.appendFile(bans.map(writeBan).join(''));
        await this.#file.datasync();
      } catch (cause) {
        await this.#close();
        throw cause;
      }
    });
  }

  rewrite(): Promise<void> {
    return this.#inTurn(() => this.#writeAll());
  }

  async stop(): Promise<void> {
    await this.#inTurn(() => this.#close());
    this.#lock?.release();
    this.#lock = undefined;
  }

  async #writeAll(): Promise<void> {
    if (!this.#lock) return;
    await this.#close();
    const { bans, ...head } = this.#known();
    const path = join(this.#folder, JOURNAL);
    await writeDurably(path, `${JSON.stringify({ journal: 1, ...head })}\n${bans.map(writeBan).join('')}`);
    this.#file = await open(path, 'a', 0o600);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => {});
    return done;
  }
}

/** One under which nothing has been stored or banned yet. */
export function newNumbering(): Known {
  return { lineage: randomBytes(9).toString('base64url'), floor: 0, sequence: 0, bans: [] };
}

function writeBan({ sequence, target, soft, atMs }: Ban): string {
  return `${JSON.stringify({ sequence, target: target.text, soft, atMs })}\n`;
}

/** Undefined for what is no journal, or was damaged. A last line without an end was never answered for. */
export function readJournal(text: string): Known | undefined {
  const lines = text.split('\n').slice(0, -1);
  const head = parseLine(lines[0]);
  const { lineage, floor, sequence } = head ?? {};
  if (head?.journal !== 1 || typeof lineage !== 'string') return undefined;
  if (typeof floor !== 'number' || typeof sequence !== 'number') return undefined;
  const bans = lines.slice(1).map((line) => readBan(parseLine(line)));
  return bans.every((ban) => ban !== undefined) ? { lineage, floor, sequence, bans } : undefined;
}

function readBan(line: Record<string, unknown> | undefined): Ban | undefined {
  const { sequence, target: text, soft, atMs } = line ?? {};
  const target = typeof text === 'string' ? parseTarget(text) : undefined;
  if (!target || typeof sequence !== 'number' || typeof soft !== 'boolean' || typeof atMs !== 'number')
    return undefined;
  return { sequence, target, soft, atMs };
}

function parseLine(line: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
