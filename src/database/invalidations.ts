import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import { noteEdgeChange } from './edge-feed.ts';
import { olderThan, type Position } from './older-than.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { InvalidationTable } from './schema.ts';
import { transact } from './transact.ts';

/** What is not served any more. */
export interface InvalidationBatch {
  /** Paths, which may end in a star, and tags behind a `#`. */
  readonly paths: readonly string[];
  /** Copies may be served once more while they are fetched anew. */
  readonly soft: boolean;
}

export interface Invalidation extends InvalidationBatch {
  readonly id: string;
  /** Edges carry them out in this order, and know by it which they have. */
  readonly sequence: number;
  readonly distributionId: string;
  readonly callerReference?: string;
  readonly createdAtMs: number;
  /** Once every edge has it. */
  readonly completedAtMs?: number;
}

export type NewInvalidation = Pick<Invalidation, 'id' | 'distributionId' | 'callerReference' | 'paths' | 'soft'>;

/** How long one is remembered after every edge has it. */
const KEPT_MS = 30 * 86_400_000;

export class InvalidationRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /**
   * Adds it, or finds the one that the same caller's reference has made before: which of the two it is, its id tells.
   * Undefined when there is no such distribution.
   */
  add(wanted: NewInvalidation): Promise<Invalidation | undefined> {
    return transact(this.#db, async (trx) => {
      // First: from here on nobody else adds one, so a reference that is not there stays so.
      const sequence = await noteEdgeChange(trx);
      const before = await this.#referred(trx, wanted);
      if (before) return before;
      if (!(await isDistribution(trx, wanted.distributionId))) return undefined;
      const row = {
        id: wanted.id,
        sequence,
        distribution_id: wanted.distributionId,
        caller_reference: wanted.callerReference ?? null,
        batch: JSON.stringify({ paths: wanted.paths, soft: wanted.soft } satisfies InvalidationBatch),
        created_at: this.#clock.now(),
        completed_at: null,
      };
      await trx.insertInto('invalidations').values(row).execute();
      return toInvalidation(row);
    });
  }

  async #referred(trx: DatabaseTransaction, wanted: NewInvalidation): Promise<Invalidation | undefined> {
    if (wanted.callerReference === undefined) return undefined;
    const row = await trx
      .selectFrom('invalidations')
      .selectAll()
      .where('distribution_id', '=', wanted.distributionId)
      .where('caller_reference', '=', wanted.callerReference)
      .executeTakeFirst();
    return row && toInvalidation(row);
  }

  async find(distributionId: string, id: string): Promise<Invalidation | undefined> {
    const row = await this.#db
      .selectFrom('invalidations')
      .selectAll()
      .where('id', '=', id)
      .where('distribution_id', '=', distributionId)
      .executeTakeFirst();
    return row && toInvalidation(row);
  }

  /** Newest first. */
  async list(distributionId: string, limit: number, after?: Position): Promise<Invalidation[]> {
    let query = this.#db.selectFrom('invalidations').selectAll().where('distribution_id', '=', distributionId);
    if (after) query = query.where(olderThan('invalidations', after));
    const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return rows.map(toInvalidation);
  }

  /** The number of the newest that there ever was, as far as is known; 0 when there is none. */
  async latest(): Promise<number> {
    // The newest goes with its distribution; who has missed one that was swept must not seem to have missed it for ever.
    return Math.max(await newestOf(this.#db), await this.swept());
  }

  /** Up to this number some may be missing. Asked after what is there was read: it may be swept in between. */
  async swept(): Promise<number> {
    const row = await this.#db.selectFrom('edge_feed').select('invalidations_swept').executeTakeFirstOrThrow();
    return Number(row.invalidations_swept);
  }

  /** Forgets those that have long been completed, but never the newest, and notes how far. */
  async sweep(): Promise<void> {
    const past = this.#clock.now() - KEPT_MS;
    await transact(this.#db, async (trx) => {
      const row = await trx
        .selectFrom('invalidations')
        .select(({ fn }) => fn.max('sequence').as('last'))
        .where('completed_at', '<', past)
        .where('sequence', '<', await newestOf(trx))
        .executeTakeFirst();
      const last = Number(row?.last ?? 0);
      if (last === 0) return;
      // First, as whoever else changes invalidations does: so none waits for the other's rows.
      await trx
        .updateTable('edge_feed')
        .set({ invalidations_swept: last })
        .where('invalidations_swept', '<', last)
        .execute();
      await trx.deleteFrom('invalidations').where('completed_at', '<', past).where('sequence', '<=', last).execute();
    });
  }

  /** Those that not every edge has yet, oldest first. */
  async pending(limit: number): Promise<Invalidation[]> {
    const rows = await this.#db
      .selectFrom('invalidations')
      .selectAll()
      .where('completed_at', 'is', null)
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map(toInvalidation);
  }

  /** Those that came after `sequence`, oldest first. */
  async after(sequence: number, limit: number): Promise<Invalidation[]> {
    const rows = await this.#db
      .selectFrom('invalidations')
      .selectAll()
      .where('sequence', '>', sequence)
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map(toInvalidation);
  }

  /** Says that every edge has it. The first time counts; one that is gone with its distribution is nobody's any more. */
  async complete(id: string): Promise<void> {
    await this.#db
      .updateTable('invalidations')
      .set({ completed_at: this.#clock.now() })
      .where('id', '=', id)
      .where('completed_at', 'is', null)
      .execute();
  }
}

async function newestOf(db: Database): Promise<number> {
  const row = await db
    .selectFrom('invalidations')
    .select(({ fn }) => fn.max('sequence').as('newest'))
    .executeTakeFirst();
  return Number(row?.newest ?? 0);
}

async function isDistribution(trx: DatabaseTransaction, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('configurations')
    .select('id')
    .where('id', '=', id)
    .where('kind', '=', 'distribution')
    .executeTakeFirst();
  return row !== undefined;
}

function toInvalidation(row: Selectable<InvalidationTable>): Invalidation {
  return {
    ...(JSON.parse(row.batch) as InvalidationBatch),
    id: row.id,
    sequence: Number(row.sequence),
    distributionId: row.distribution_id,
    ...(row.caller_reference === null ? {} : { callerReference: row.caller_reference }),
    createdAtMs: Number(row.created_at),
    ...(row.completed_at === null ? {} : { completedAtMs: Number(row.completed_at) }),
  };
}
