import { createHash, randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import type { EdgeLocation } from '../kernel/steering/fleet.ts';
import { type FeedMark, noteEdgeChange, readFeedMark } from './edge-feed.ts';
import type { Database } from './open.ts';
import type { EdgeTable } from './schema.ts';
import { transact } from './transact.ts';

/** An edge of this fleet. */
export interface KnownEdge {
  readonly id: string;
  readonly name: string;
  readonly location?: EdgeLocation;
  /** Whether it has its credential from here; otherwise it has the fleet's secret. */
  readonly enrolled: boolean;
  /** Gets no new viewers. */
  readonly draining: boolean;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
}

export interface NewEnrolment {
  readonly name?: string | undefined;
  readonly location?: EdgeLocation | undefined;
  readonly lifeMs: number;
}

export interface Enrolment {
  readonly id: string;
  /** Only here: what is kept is its hash. */
  readonly token: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export interface EdgeChange {
  readonly name?: string;
  readonly location?: EdgeLocation | null;
  readonly draining?: boolean;
}

export class EdgeRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async addEnrolment({ name, location, lifeMs }: NewEnrolment): Promise<Enrolment> {
    const now = this.#clock.now();
    const enrolment = { id: newId('en'), token: newToken(), createdAtMs: now, expiresAtMs: now + lifeMs };
    await this.#db
      .insertInto('edge_enrolments')
      .values({
        id: enrolment.id,
        token_hash: hashOf(enrolment.token),
        name: name ?? null,
        location: location ? JSON.stringify(location) : null,
        created_at: now,
        expires_at: enrolment.expiresAtMs,
        used_at: null,
      })
      .execute();
    return enrolment;
  }

  /** Makes an edge of whoever has a token. Undefined when it is none, too old, or has been used. */
  async enrol(token: string, ownName: string | undefined): Promise<KnownEdge | undefined> {
    const now = this.#clock.now();
    return transact(this.#db, async (trx) => {
      // Whoever changes the row first has it; the other finds none left.
      const enrolment = await trx
        .updateTable('edge_enrolments')
        .set({ used_at: now })
        .where('token_hash', '=', hashOf(token))
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .returning(['name', 'location'])
        .executeTakeFirst();
      if (!enrolment) return undefined;
      const id = newId('ed');
      const row = newRow({ id, name: enrolment.name ?? ownName ?? id, enrolled: 1, created_at: now });
      await trx
        .insertInto('edges')
        .values({ ...row, location: enrolment.location })
        .execute();
      await noteEdgeChange(trx);
      return toEdge({ ...row, location: enrolment.location });
    });
  }

  /** Forgets enrolments that nobody can use any more. */
  async sweep(): Promise<void> {
    const now = this.#clock.now();
    await this.#db
      .deleteFrom('edge_enrolments')
      .where(({ eb, or }) => or([eb('used_at', 'is not', null), eb('expires_at', '<=', now)]))
      .execute();
  }

  /** Makes known one that has the fleet's secret, unless it is; it said its id itself. */
  async meet(id: string, name: string): Promise<void> {
    if (await this.find(id)) return;
    await transact(this.#db, async (trx) => {
      const { numInsertedOrUpdatedRows: added = 0n } = await trx
        .insertInto('edges')
        .values(newRow({ id, name, enrolled: 0, created_at: this.#clock.now() }))
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirstOrThrow();
      if (added > 0n) await noteEdgeChange(trx);
    });
  }

  async find(id: string): Promise<KnownEdge | undefined> {
    const row = await this.#db.selectFrom('edges').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toEdge(row);
  }

  /** Oldest first, without those that were revoked. */
  async list(): Promise<KnownEdge[]> {
    const rows = await this.#db
      .selectFrom('edges')
      .selectAll()
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(toEdge);
  }

  mark(): Promise<FeedMark> {
    return readFeedMark(this.#db);
  }

  async revokedIds(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('edges')
      .select('id')
      .where('revoked_at', 'is not', null)
      .orderBy('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Undefined when there is no such edge. */
  async edit(id: string, { name, location, draining }: EdgeChange): Promise<KnownEdge | undefined> {
    return transact(this.#db, async (trx) => {
      const row = await trx
        .selectFrom('edges')
        .selectAll()
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .forUpdate()
        .executeTakeFirst();
      if (!row) return undefined;
      const changed = {
        name: name ?? row.name,
        location: location === undefined ? row.location : location && JSON.stringify(location),
        draining: draining === undefined ? row.draining : Number(draining),
      };
      await trx.updateTable('edges').set(changed).where('id', '=', id).execute();
      await noteEdgeChange(trx);
      return toEdge({ ...row, ...changed });
    });
  }

  /** Revokes for good. False when there is no such edge, or it is revoked. */
  async revoke(id: string): Promise<boolean> {
    return transact(this.#db, async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('edges')
        .set({ revoked_at: this.#clock.now() })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) await noteEdgeChange(trx);
      return numUpdatedRows > 0n;
    });
  }
}

/** `fre_` and 256 bits: it is recognised where it was lost, and nobody guesses it. */
function newToken(): string {
  return `fre_${randomBytes(32).toString('base64url')}`;
}

/** A hash without salt will do for what nobody can guess. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

type Row = Selectable<EdgeTable>;

function newRow(given: Pick<Row, 'id' | 'name' | 'enrolled' | 'created_at'>): Row {
  return { ...given, location: null, draining: 0, revoked_at: null };
}

function toEdge(row: Row): KnownEdge {
  return {
    id: row.id,
    name: row.name,
    ...(row.location === null ? {} : { location: JSON.parse(row.location) as EdgeLocation }),
    enrolled: row.enrolled === 1,
    draining: row.draining === 1,
    createdAtMs: Number(row.created_at),
    ...(row.revoked_at === null ? {} : { revokedAtMs: Number(row.revoked_at) }),
  };
}
