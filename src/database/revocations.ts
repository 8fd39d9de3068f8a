import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { noteEdgeChange } from './edge-feed.ts';
import { olderThan, type Position } from './older-than.ts';
import type { Database } from './open.ts';
import type { RevocationTable } from './schema.ts';
import { transact } from './transact.ts';

/** A single grant that counts no more, though its key does. */
export interface Revocation {
  readonly id: string;
  /** Names the grant; see `kernel/access/grant-id.ts`. */
  readonly grantId: string;
  readonly keyPairId: string;
  readonly reason?: string;
  /** When the grant is over by itself. */
  readonly expiresAtMs: number;
  readonly createdAtMs: number;
}

/** As edges hear of it. */
export interface RevocationChange extends Pick<Revocation, 'grantId' | 'expiresAtMs'> {
  readonly sequence: number;
  readonly removed: boolean;
}

export type NewRevocation = Pick<Revocation, 'grantId' | 'keyPairId' | 'expiresAtMs'> & {
  readonly reason?: string | undefined;
};

/** Edges whose clocks lag have it longer. */
const LATE_MS = 3_600_000;

export class RevocationRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Revokes a grant; one that is revoked stays so under the id it has. Undefined when there are `max` already. */
  async add({ grantId, keyPairId, expiresAtMs, reason }: NewRevocation, max: number): Promise<Revocation | undefined> {
    return transact(this.#db, async (trx) => {
      // First: from here on nobody else adds one.
      const sequence = await noteEdgeChange(trx);
      const before = await trx.selectFrom('revocations').selectAll().where('grant_id', '=', grantId).executeTakeFirst();
      if (before && before.removed_at === null) return toRevocation(before);
      if (before) await trx.deleteFrom('revocations').where('grant_id', '=', grantId).execute();
      const { count } = await trx
        .selectFrom('revocations')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= max) return undefined;
      const row: Selectable<RevocationTable> = {
        id: newId('rv'),
        grant_id: grantId,
        sequence,
        key_pair_id: keyPairId,
        reason: reason ?? null,
        expires_at: expiresAtMs,
        created_at: this.#clock.now(),
        removed_at: null,
      };
      await trx.insertInto('revocations').values(row).execute();
      return toRevocation(row);
    });
  }

  async find(id: string): Promise<Revocation | undefined> {
    const row = await this.#db
      .selectFrom('revocations')
      .selectAll()
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .executeTakeFirst();
    return row && toRevocation(row);
  }

  /** Newest first. */
  async list(limit: number, after?: Position): Promise<Revocation[]> {
    let query = this.#db.selectFrom('revocations').selectAll().where('removed_at', 'is', null);
    if (after) query = query.where(olderThan('revocations', after));
    const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return rows.map(toRevocation);
  }

  /** Takes a revocation back. False when there is none of this id. */
  async remove(id: string): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const sequence = await noteEdgeChange(trx);
      const { numUpdatedRows } = await trx
        .updateTable('revocations')
        .set({ removed_at: this.#clock.now(), sequence })
        .where('id', '=', id)
        .where('removed_at', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    });
  }

  /** What was revoked or taken back after a number; all that counts without one. */
  async changes(sequence: number | undefined): Promise<RevocationChange[]> {
    const rows = await this.#db
      .selectFrom('revocations')
      .select(['grant_id', 'expires_at', 'sequence', 'removed_at'])
      .$if(sequence !== undefined, (query) => query.where('sequence', '>', sequence ?? 0))
      .$if(sequence === undefined, (query) => query.where('removed_at', 'is', null))
      .orderBy('sequence')
      .execute();
    return rows.map((row) => ({
      grantId: row.grant_id,
      expiresAtMs: Number(row.expires_at),
      sequence: Number(row.sequence),
      removed: row.removed_at !== null,
    }));
  }

  /** Those whose grants are over. */
  async sweep(): Promise<void> {
    await this.#db
      .deleteFrom('revocations')
      .where('expires_at', '<', this.#clock.now() - LATE_MS)
      .execute();
  }
}

function toRevocation(row: Selectable<RevocationTable>): Revocation {
  return {
    id: row.id,
    grantId: row.grant_id,
    keyPairId: row.key_pair_id,
    ...(row.reason === null ? {} : { reason: row.reason }),
    expiresAtMs: Number(row.expires_at),
    createdAtMs: Number(row.created_at),
  };
}
