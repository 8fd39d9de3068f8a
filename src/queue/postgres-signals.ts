import type { NoticeLine } from '../database/postgres.ts';
import type { Log } from '../kernel/log.ts';
import { LocalSignals, type Signals } from './signals.ts';

/** Opens a line to everybody on the same database; `heard` gets what others say. */
export type OpenLine = (heard: (channel: string) => void) => Promise<NoticeLine>;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** A process being stopped says its last within this time: others would learn of its work later all the same. */
const LAST_WORD_MS = 500;

/**
 * Signals between processes, by PostgreSQL's NOTIFY on a connection of their own. Waiters in this process are woken at
 * once. While the line is down nothing is heard or said from afar; once it is up again everybody looks anew.
 */
export class PostgresSignals implements Signals {
  readonly #local = new LocalSignals();
  readonly #open: OpenLine;
  readonly #log: Log;
  readonly #stop = new AbortController();
  /** Said here, not yet told to others. */
  #unsaid = new Set<string>();
  #line: NoticeLine | undefined;
  #saying: Promise<void> | undefined;
  #keeping: Promise<void> | undefined;

  constructor(open: OpenLine, log: Log) {
    this.#open = open;
    this.#log = log;
  }

  /** Resolves when the line is up or could not be opened at once; it is kept up from then on. */
  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#keeping = this.#keepOpen(resolve);
    await promise;
  }

  async stop(): Promise<void> {
    const overdue = setTimeout(() => void this.#line?.close(), LAST_WORD_MS);
    await this.#saying;
    clearTimeout(overdue);
    this.#stop.abort();
    await this.#line?.close();
    await this.#keeping;
  }

  notify(channel: string): void {
    this.#local.notify(channel);
    if (!this.#line) return;
    this.#unsaid.add(channel);
    this.#saying ??= this.#say();
  }

  next(channel: string, waitMs: number, abort?: AbortSignal): Promise<void> {
    return this.#local.next(channel, waitMs, abort);
  }

  /** One statement at a time: what is said while it is under way goes with the next, each channel once. */
  async #say(): Promise<void> {
    try {
      // What one turn of the event loop says goes together.
      await null;
      for (let line = this.#line; line && this.#unsaid.size > 0; line = this.#line) {
        const channels = [...this.#unsaid];
        this.#unsaid = new Set();
        await line.send(channels);
      }
    } catch {
      // The line is gone, which its keeper says.
    } finally {
      this.#saying = undefined;
    }
  }

  async #keepOpen(tried: () => void): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#stop.signal.aborted) {
      try {
        this.#line = await this.#open((channel) => this.#local.notify(channel));
        pauseMs = FIRST_PAUSE_MS;
        this.#local.wakeAll();
        tried();
        await this.#line.gone;
        if (!this.#stop.signal.aborted) this.#log.warn({}, 'the line for signals broke; going on without');
      } catch (cause) {
        this.#log.debug({ err: cause }, 'no line for signals');
        tried();
      }
      await this.#line?.close();
      this.#line = undefined;
      this.#unsaid.clear();
      await this.#local.next('line-pause', pauseMs, this.#stop.signal);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }
}
