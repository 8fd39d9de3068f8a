import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord, type StateNews } from '../../kernel/edge-feed/message.ts';
import { writeDurably } from '../durable-file.ts';

const FILE_NAME = 'edge-config.json';

/** What an edge last took of everything, so that it starts and judges viewers while control is away. */
export interface FeedCopy {
  readonly lineage: string;
  readonly revision: number;
  readonly states: Readonly<Record<string, StateNews>>;
  readonly logs: Readonly<Record<string, { readonly upTo: number; readonly entries: readonly unknown[] }>>;
}

/** Undefined when there is none. @throws Error for what is no copy */
export async function readCopy(dataDir: string): Promise<FeedCopy | undefined> {
  const text = await readFile(join(dataDir, FILE_NAME), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    return undefined;
  });
  if (text === undefined) return undefined;
  const copy: unknown = JSON.parse(text);
  if (!isCopy(copy)) throw new Error(`${FILE_NAME} is not a copy of the configuration`);
  return copy;
}

/** Of many states one after the other, writes the latest; each caller's promise is that of a write begun after its call. */
export class CopyWriter {
  readonly #dataDir: string;
  readonly #latest: () => FeedCopy;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(dataDir: string, latest: () => FeedCopy) {
    this.#dataDir = dataDir;
    this.#latest = latest;
  }

  write(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const writing = this.#write();
      this.#running = writing.catch(() => {});
      return writing;
    });
    return this.#next;
  }

  async #write(): Promise<void> {
    await mkdir(this.#dataDir, { recursive: true });
    await writeDurably(join(this.#dataDir, FILE_NAME), JSON.stringify(this.#latest()));
  }
}

function isCopy(copy: unknown): copy is FeedCopy {
  if (!isRecord(copy) || typeof copy.lineage !== 'string' || !Number.isSafeInteger(copy.revision)) return false;
  const { states, logs } = copy;
  if (!isRecord(states) || !Object.values(states).every((each) => isRecord(each) && typeof each.version === 'string'))
    return false;
  const isLog = (each: unknown) => isRecord(each) && Number.isSafeInteger(each.upTo) && Array.isArray(each.entries);
  return isRecord(logs) && Object.values(logs).every(isLog);
}
