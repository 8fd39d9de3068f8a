import type { Log } from '../../kernel/log.ts';
import type { DiskTier } from '../cache/disk/disk-tier.ts';
import type { MemoryTier } from '../cache/memory-tier.ts';
import type { BanList } from './ban-list.ts';
import type { BanJournal } from './journal.ts';
import { inSteps } from './steps.ts';

export interface SweeperParts {
  readonly bans: BanList;
  readonly memory: MemoryTier;
  readonly disk: DiskTier | undefined;
  readonly journal: BanJournal;
  readonly log: Log;
}

/** How far a sweep is. */
export interface SweepState {
  /** Entries looked at, of about so many. */
  readonly seen: number;
  readonly of: number;
}

/** After a disk failed, and while fills run that are older than a ban. */
const RETRY_MS = 1_000;

/**
 * Looks for what was banned in both tiers, in steps between the viewers' requests, and finishes the bans when all has been
 * seen. Nothing depends on when it does: until then a ban is looked at by every hit on what is older.
 */
export class Sweeper {
  readonly #parts: SweeperParts;
  #sweeping: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #swept = 0;
  #seen = 0;
  #of = 0;
  #stopped = false;
  #ailing = false;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  /** Undefined when nothing is being swept. */
  get state(): SweepState | undefined {
    return this.#sweeping && { seen: this.#seen, of: Math.max(this.#seen, this.#of) };
  }

  /** There is a new ban. */
  wake(): void {
    if (this.#stopped || this.#sweeping) return;
    clearTimeout(this.#retry);
    this.#sweeping = this.#sweep()
      .catch((cause) => this.#failed(cause))
      .finally(() => {
        this.#sweeping = undefined;
        const { bans } = this.#parts;
        if (bans.pending === 0 || this.#stopped) return;
        // New ones at once; those that wait for fills under way, or for a disk, by and by.
        if (this.#swept < bans.sequence && !this.#ailing) this.wake();
        else this.#retry = setTimeout(() => this.wake(), RETRY_MS).unref();
      });
  }

  /** Resolves when nothing is being swept. */
  async idle(): Promise<void> {
    while (this.#sweeping) await this.#sweeping;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.idle();
  }

  async #sweep(): Promise<void> {
    const { bans, memory, disk, journal } = this.#parts;
    const goal = bans.sequence;
    if (this.#swept < goal) {
      this.#seen = 0;
      this.#of = memory.entryCount + (disk?.usage.entries ?? 0);
      await this.#walk(memory.entries(), (entry) => memory.stands(entry));
      if (disk) await this.#walk(disk.located, (located) => disk.recheck(located));
      if (this.#stopped) return;
      this.#swept = goal;
    }
    const upTo = bans.finishable(this.#swept);
    if (upTo <= bans.floor) return;
    await disk?.settle(upTo);
    bans.finish(upTo);
    await journal.rewrite();
    this.#ailing = false;
  }

  #walk<T>(items: Iterable<T>, visit: (item: T) => unknown): Promise<void> {
    const count = (item: T) => {
      this.#seen += 1;
      return visit(item);
    };
    return inSteps(items, count, () => this.#stopped);
  }

  /** Bans stay in force; the sweep is tried again. */
  #failed(cause: unknown): void {
    if (!this.#ailing)
      this.#parts.log.warn({ err: cause }, 'a sweep after an invalidation failed and will be repeated');
    this.#ailing = true;
  }
}
