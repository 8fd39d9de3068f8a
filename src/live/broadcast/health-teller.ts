import type { Hold } from '../../database/broadcasts.ts';
import type { HealthProblem, IngestHealth } from '../../kernel/live/health.ts';
import type { Log } from '../../kernel/log.ts';
import type { BroadcastDeps } from './deps.ts';

/** Brings a source's health to the database, and tells of changes for the worse and the better. One write at a time. */
export class HealthTeller {
  readonly #deps: Pick<BroadcastDeps, 'streams' | 'broadcasts'>;
  readonly #log: Log;
  #told = '';
  #next: { readonly hold: Hold; readonly health: IngestHealth } | undefined;
  #isWriting = false;

  constructor(deps: Pick<BroadcastDeps, 'streams' | 'broadcasts'>, log: Log) {
    this.#deps = deps;
    this.#log = log;
  }

  tell(hold: Hold, health: IngestHealth): void {
    this.#next = { hold, health };
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (let next = this.#take(); next; next = this.#take()) {
      try {
        await this.#deps.streams.setHealth(next.hold, next.health);
        await this.#tellChange(next.hold, next.health.problems);
      } catch (cause) {
        this.#log.warn({ err: cause }, 'the health of a broadcast could not be told');
      }
    }
    this.#isWriting = false;
  }

  #take() {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  async #tellChange(hold: Hold, problems: readonly HealthProblem[]): Promise<void> {
    const now = problems.join();
    if (now === this.#told) return;
    const { broadcasts } = this.#deps;
    await (problems.length > 0 ? broadcasts.unhealthy(hold, problems) : broadcasts.recovered(hold));
    this.#told = now;
    this.#log.info({ problems }, 'the health of a broadcast changed');
  }
}
