import type { Clock } from '../kernel/clock.ts';
import type { Database } from './open.ts';
import { transact } from './transact.ts';

/** The answer once given to a POST that carried an Idempotency-Key. */
export interface StoredAnswer {
  /** Tells whether a repetition asks the same thing. */
  readonly requestHash: string;
  readonly status: number;
  readonly body: string;
}

export class IdempotencyKeyRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** The answer stored under `id`, unless it is older than `maxAgeMs`. */
  async find(id: string, maxAgeMs: number): Promise<StoredAnswer | undefined> {
    const row = await this.#db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('id', '=', id)
      .where('created_at', '>', this.#clock.now() - maxAgeMs)
      .executeTakeFirst();
    return row && { requestHash: row.request_hash, status: row.status, body: row.body };
  }

  /** Keeps an answer and forgets those older than `maxAgeMs`. A second answer under one id replaces the first. */
  async keep(id: string, answer: StoredAnswer, maxAgeMs: number): Promise<void> {
    const now = this.#clock.now();
    const kept = { request_hash: answer.requestHash, status: answer.status, body: answer.body, created_at: now };
    await transact(this.#db, async (trx) => {
      await trx
        .deleteFrom('idempotency_keys')
        .where('created_at', '<=', now - maxAgeMs)
        .execute();
      await trx
        .insertInto('idempotency_keys')
        .values({ id, ...kept })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(kept))
        .execute();
    });
  }
}
