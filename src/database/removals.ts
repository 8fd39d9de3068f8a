import type { Clock } from '../kernel/clock.ts';
import type { Database, DatabaseTransaction } from './open.ts';

/**
 * Removals from the store, written down by the same transaction that makes the objects unwanted. Whoever does that
 * removes them at once; this is for the case that it dies before, and for workers that are late with what they had in
 * hand. Names of assets and versions are never used again, so that removing once more can hit nothing else.
 */
export interface Removal {
  /** Of keys, with a slash at the end, or a whole key. */
  readonly prefix: string;
  /** Epoch milliseconds from which on nobody writes there any more. */
  readonly settledAtMs: number;
}

/**
 * How late what is written may come: far more than a lease, and than a store is asked again. Whoever stood still for
 * longer cleans up after himself, as all do.
 */
const LATE_MS = 3_600_000;

/** Notes, as a part of the caller's transaction, that nothing below these prefixes is wanted any more, from a time on. */
export async function noteRemoval(
  trx: DatabaseTransaction,
  prefixes: readonly string[],
  fromMs: number,
): Promise<void> {
  const rows = prefixes.map((prefix) => ({ prefix, settled_at: fromMs + LATE_MS }));
  await trx
    .insertInto('removals')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('prefix').doUpdateSet((set) => ({ settled_at: set.ref('excluded.settled_at') })),
    )
    .execute();
}

/**
 * Takes back, as a part of the caller's transaction, what was noted for a time to come. False when that time has come:
 * somebody may be removing it.
 */
export async function takeBackRemoval(trx: DatabaseTransaction, prefix: string, nowMs: number): Promise<boolean> {
  const noted = await trx
    .deleteFrom('removals')
    .where('prefix', '=', prefix)
    .returning('settled_at')
    .executeTakeFirst();
  return noted !== undefined && Number(noted.settled_at) - LATE_MS > nowMs;
}

export class RemovalRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Those that nobody writes below any more, or all whose time has come; longest noted first, at most `limit`. */
  async list({ settledOnly, limit }: { readonly settledOnly: boolean; readonly limit: number }): Promise<Removal[]> {
    const rows = await this.#db
      .selectFrom('removals')
      .selectAll()
      .where('settled_at', '<=', this.#clock.now() + (settledOnly ? 0 : LATE_MS))
      .orderBy('settled_at')
      .limit(limit)
      .execute();
    return rows.map(({ prefix, settled_at }) => ({ prefix, settledAtMs: Number(settled_at) }));
  }

  /** It was removed after it had settled, and is no more; one that has been noted anew since is kept. */
  async forget({ prefix, settledAtMs }: Removal): Promise<void> {
    await this.#db.deleteFrom('removals').where('prefix', '=', prefix).where('settled_at', '=', settledAtMs).execute();
  }
}
