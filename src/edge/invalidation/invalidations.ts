import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { DiskTier } from '../cache/disk/disk-tier.ts';
import type { Fill } from '../cache/fill.ts';
import type { FillTable } from '../cache/fill-table.ts';
import type { MemoryTier } from '../cache/memory-tier.ts';
import type { BanList } from './ban-list.ts';
import { BanJournal, newNumbering } from './journal.ts';
import { type Survey, surveyTiers } from './survey.ts';
import { Sweeper, type SweepState } from './sweeper.ts';
import { covers, type Target } from './target.ts';

export interface InvalidationParts {
  readonly dataDir: string;
  readonly bans: BanList;
  readonly memory: MemoryTier;
  readonly disk: DiskTier | undefined;
  readonly fills: FillTable;
  readonly clock: Clock;
  readonly log: Log;
}

/** Of many at once, the log has the first. */
const LOGGED_TARGETS = 20;

/** What can be said of invalidations at a moment. */
export interface InvalidationState {
  /** The number of the newest one. */
  readonly sequence: number;
  /** Up to this number they have been looked for everywhere and are finished. */
  readonly finished: number;
  readonly pending: readonly { readonly target: string; readonly soft: boolean; readonly at: string }[];
  readonly sweep: SweepState | undefined;
}

/** Takes invalidations: in force at once, written down before they are answered for, swept behind. */
export class Invalidations {
  readonly #parts: InvalidationParts;
  readonly #journal: BanJournal;
  readonly #sweeper: Sweeper;
  #holdsFolder = false;

  constructor(parts: InvalidationParts) {
    this.#parts = parts;
    const { bans } = parts;
    this.#journal = new BanJournal(parts.dataDir, () => bans.known);
    this.#sweeper = new Sweeper({ ...parts, journal: this.#journal });
  }

  /** Whether what is invalidated is written down in the data folder: not where another edge has that. */
  get holdsFolder(): boolean {
    return this.#holdsFolder;
  }

  get state(): InvalidationState {
    const { floor, known } = this.#parts.bans;
    const pending = known.bans.map(({ target, soft, atMs }) => ({
      target: target.text,
      soft,
      at: new Date(atMs).toISOString(),
    }));
    return { sequence: known.sequence, finished: floor, pending, sweep: this.#sweeper.state };
  }

  /** Takes the data folder's place for invalidations, if it can be had. */
  async take(): Promise<void> {
    try {
      this.#holdsFolder = await this.#journal.take();
    } catch (cause) {
      this.#parts.log.warn({ err: cause }, 'invalidations cannot be written down');
    }
  }

  /** Goes on with what an earlier process left. Before the disk is read. */
  async start(): Promise<void> {
    const { bans, log } = this.#parts;
    bans.restore(this.#holdsFolder ? await this.#journal.read() : newNumbering());
    try {
      await this.#journal.begin();
    } catch (cause) {
      // Under a numbering that nobody knows, what lies on disk is not believed: neither now nor by the next process.
      bans.restore(newNumbering());
      log.warn({ err: cause }, 'invalidations cannot be written down');
    }
  }

  /** When the disk is read. */
  resume(): void {
    if (this.#parts.bans.pending > 0) this.#sweeper.wake();
  }

  /**
   * In force for every request from now on; resolves when it will be after a crash too. A soft one leaves what it covers to
   * be asked about again.
   * @throws Fault INVALIDATIONS_PENDING when too many wait, INVALIDATION_UNRECORDED when it could not be written down
   */
  async invalidate(targets: readonly Target[], soft: boolean): Promise<number> {
    const { bans, fills, clock, log } = this.#parts;
    const added = bans.add(targets, soft, clock.now());
    // What comes may be the old answer: who waits for it gets it, nobody else.
    fills.outdateWhere((fill) => targets.some((target) => mayCover(target, fill)));
    fills.unmarkWhere((key) => targets.some((target) => covers(target, { key, tags: [] })));
    const { sequence } = bans;
    const told = targets.slice(0, LOGGED_TARGETS).map(({ text }) => text);
    log.info({ targets: told, count: targets.length, soft, sequence }, 'invalidated');
    this.#sweeper.wake();
    try {
      await this.#journal.record(added);
    } catch (cause) {
      log.error({ err: cause }, 'an invalidation could not be written down');
      throw new Fault('INVALIDATION_UNRECORDED', { cause });
    }
    return sequence;
  }

  /** What would go. Changes nothing. */
  survey(targets: readonly Target[], maxKeys: number): Promise<Survey> {
    return surveyTiers(targets, maxKeys, this.#parts);
  }

  /** Resolves when nothing is being swept. */
  idle(): Promise<void> {
    return this.#sweeper.idle();
  }

  async stop(): Promise<void> {
    await this.#sweeper.stop();
    await this.#journal.stop();
  }
}

/** While its head has not come, nobody knows what tags a fill's answer will have. */
function mayCover(target: Target, { traits: { key }, answer }: Fill): boolean {
  if (target.kind === 'tag' && !answer) return true;
  return covers(target, { key, tags: answer?.sharedHead.tags ?? [] });
}
