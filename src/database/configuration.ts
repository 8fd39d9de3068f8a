import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { ConfigByKind, Documents, Kind } from '../kernel/distribution/documents.ts';
import { type SealedFor, seal, unseal } from '../kernel/encryption/seal.ts';
import { noteEdgeChange } from './edge-feed.ts';
import { olderThan, type Position } from './older-than.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { ConfigurationTable } from './schema.ts';
import { transact } from './transact.ts';

/** One document with what the database knows of it. Its secret, if it has one, is not part of it. */
export interface Configuration<K extends Kind = Kind> {
  readonly id: string;
  readonly kind: K;
  readonly config: ConfigByKind[K];
  readonly hasSecret: boolean;
  /** The feed's number of the change that made it what it is: no two states of a document have the same. */
  readonly revision: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface NewConfiguration<K extends Kind = Kind> {
  readonly id: string;
  readonly kind: K;
  readonly config: ConfigByKind[K];
  /** Kept under a seal. */
  readonly secret?: string;
}

/**
 * What an operator configures for edges. Changes come one after the other, whoever makes them: each raises the
 * feed's number first and holds it until its commit, so what a change was checked against still stands when it is written.
 */
export class ConfigurationRepository {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #secret: string;

  constructor(db: Database, clock: Clock, secret: string) {
    this.#db = db;
    this.#clock = clock;
    this.#secret = secret;
  }

  /** Runs one change: all that `work` writes, or nothing when it throws. It may be run again, so it does nothing else. */
  change<T>(work: (change: ConfigurationChange, trx: DatabaseTransaction) => Promise<T>): Promise<T> {
    return transact(this.#db, async (trx) => {
      const revision = await noteEdgeChange(trx);
      return work(new ConfigurationChange(trx, this.#secret, { revision, nowMs: this.#clock.now() }), trx);
    });
  }

  /** All, as one statement saw them. */
  documents(): Promise<Documents> {
    return readDocuments(this.#db);
  }

  find<K extends Kind>(kind: K, id: string): Promise<Configuration<K> | undefined> {
    return findRow(this.#db, kind, id);
  }

  /** Newest first. */
  async list<K extends Kind>(kind: K, limit: number, after?: Position): Promise<Configuration<K>[]> {
    let query = this.#db.selectFrom('configurations').selectAll().where('kind', '=', kind);
    if (after) query = query.where(olderThan('configurations', after));
    const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return rows.map((row) => toConfiguration<K>(row));
  }

  /** The secrets of those that have one, by id; undefined for one that was sealed under another secret than this server's. */
  async secrets(): Promise<ReadonlyMap<string, string | undefined>> {
    const rows = await this.#db
      .selectFrom('configurations')
      .select(['id', 'secret'])
      .where('secret', 'is not', null)
      .execute();
    return new Map(rows.map(({ id, secret }) => [id, unseal(secret ?? '', sealedFor(id), this.#secret)?.toString()]));
  }
}

/** What one change sees and writes. */
export class ConfigurationChange {
  readonly #trx: DatabaseTransaction;
  readonly #secret: string;
  readonly #revision: number;
  readonly #nowMs: number;

  constructor(trx: DatabaseTransaction, secret: string, at: { readonly revision: number; readonly nowMs: number }) {
    this.#trx = trx;
    this.#secret = secret;
    this.#revision = at.revision;
    this.#nowMs = at.nowMs;
  }

  documents(): Promise<Documents> {
    return readDocuments(this.#trx);
  }

  find<K extends Kind>(kind: K, id: string): Promise<Configuration<K> | undefined> {
    return findRow(this.#trx, kind, id);
  }

  async insert<K extends Kind>({ id, kind, config, secret }: NewConfiguration<K>): Promise<Configuration<K>> {
    const row = {
      id,
      kind,
      document: JSON.stringify(config),
      secret: secret === undefined ? null : this.#seal(id, secret),
      revision: this.#revision,
      created_at: this.#nowMs,
      updated_at: this.#nowMs,
    };
    await this.#trx.insertInto('configurations').values(row).execute();
    return toConfiguration(row);
  }

  /** A secret that is left out stays what it was. */
  async replace<K extends Kind>({ id, kind, config, secret }: NewConfiguration<K>): Promise<Configuration<K>> {
    const row = await this.#trx
      .updateTable('configurations')
      .set({
        document: JSON.stringify(config),
        revision: this.#revision,
        updated_at: this.#nowMs,
        ...(secret === undefined ? {} : { secret: this.#seal(id, secret) }),
      })
      .where('id', '=', id)
      .where('kind', '=', kind)
      .returningAll()
      .executeTakeFirstOrThrow();
    return toConfiguration(row);
  }

  async delete(id: string): Promise<void> {
    await this.#trx.deleteFrom('configurations').where('id', '=', id).execute();
  }

  #seal(id: string, secret: string): string {
    return seal(Buffer.from(secret), sealedFor(id), this.#secret);
  }
}

function sealedFor(id: string): SealedFor {
  return { purpose: 'frontrow configuration secrets', place: id };
}

async function findRow<K extends Kind>(
  db: Database | DatabaseTransaction,
  kind: K,
  id: string,
): Promise<Configuration<K> | undefined> {
  const row = await db
    .selectFrom('configurations')
    .selectAll()
    .where('id', '=', id)
    .where('kind', '=', kind)
    .executeTakeFirst();
  return row && toConfiguration<K>(row);
}

async function readDocuments(db: Database | DatabaseTransaction): Promise<Documents> {
  const documents: Record<Kind, Record<string, unknown>> = {
    distribution: {},
    'cache-policy': {},
    'origin-request-policy': {},
    'response-headers-policy': {},
    'key-group': {},
    'origin-access-control': {},
  };
  const rows = await db.selectFrom('configurations').select(['id', 'kind', 'document']).orderBy('id').execute();
  for (const { id, kind, document } of rows) documents[kind][id] = JSON.parse(document);
  return documents as Documents;
}

function toConfiguration<K extends Kind>(row: Selectable<ConfigurationTable>): Configuration<K> {
  return {
    id: row.id,
    kind: row.kind as K,
    config: JSON.parse(row.document) as ConfigByKind[K],
    hasSecret: row.secret !== null,
    revision: Number(row.revision),
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  };
}
