import type { AuditLogRepository } from '../database/audit-log.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';

const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface AccessSweeperParts {
  readonly audit: Pick<AuditLogRepository, 'sweep'>;
  /** Each knows itself how long it keeps what. */
  readonly others: readonly { sweep(): Promise<void> }[];
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: { readonly auditDays: number };
}

/**
 * Removes records of the audit log, and whatever else is kept for a while only: tokens, links, revocations, and what is over
 * for edges. Any number of sweepers may be at it.
 */
export class AccessSweeper {
  readonly #parts: AccessSweeperParts;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(parts: AccessSweeperParts) {
    this.#parts = parts;
  }

  start(): void {
    const sweep = () => {
      this.#sweeping = this.sweep().catch((cause: unknown) => {
        this.#parts.log.error({ err: cause }, 'what has had its time could not be removed');
      });
    };
    this.#timer = setInterval(sweep, SWEEP_MS);
    sweep();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  async sweep(): Promise<void> {
    const { audit, others, clock, log, settings } = this.#parts;
    for (const each of others) await each.sweep();
    const records = await audit.sweep(clock.now() - settings.auditDays * DAY_MS);
    if (records > 0) log.info({ records }, 'old records of the audit log removed');
  }
}
