import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { olderThan, type Position } from './older-than.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { AuditLogTable } from './schema.ts';

/** Who did something: names are kept as they were, since users and tokens go. */
export interface Actor {
  readonly kind: AuditLogTable['actor_kind'];
  readonly id?: string;
  readonly name?: string;
}

/** What somebody changed. Records are added and, when they are old, removed; nothing changes one. */
export interface AuditRecord {
  readonly id: string;
  readonly createdAtMs: number;
  readonly actor: Actor;
  /** Where the request came from. */
  readonly address: string;
  /** As the API's document names it. */
  readonly operation: string;
  /** A collection of the API and what of it, such as `assets` and `as_k3v9mn2p4q7r8s5t`. */
  readonly resource: { readonly kind: string; readonly id?: string };
  /** JSON, as is `after`. */
  readonly before?: string;
  readonly after?: string;
  readonly requestId: string;
}

export interface AuditFilter {
  readonly resourceKind?: string;
  readonly resourceId?: string;
  readonly actorId?: string;
  /** Inclusive. */
  readonly sinceMs?: number;
  /** Exclusive. */
  readonly untilMs?: number;
  /** Older than this record. */
  readonly after?: Position;
}

export class AuditLogRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Adds a record; within a transaction it stands or falls with what it tells of. */
  async add(record: Omit<AuditRecord, 'id' | 'createdAtMs'>, trx?: DatabaseTransaction): Promise<void> {
    const { actor, resource } = record;
    const row: Selectable<AuditLogTable> = {
      id: newId('au'),
      created_at: this.#clock.now(),
      actor_kind: actor.kind,
      actor_id: actor.id ?? null,
      actor_name: actor.name ?? null,
      address: record.address,
      operation: record.operation,
      resource_kind: resource.kind,
      resource_id: resource.id ?? null,
      before: record.before ?? null,
      after: record.after ?? null,
      request_id: record.requestId,
    };
    await (trx ?? this.#db).insertInto('audit_log').values(row).execute();
  }

  /** Newest first. */
  async list(limit: number, filter: AuditFilter = {}): Promise<AuditRecord[]> {
    const { resourceKind, resourceId, actorId, sinceMs, untilMs, after } = filter;
    let query = this.#db.selectFrom('audit_log').selectAll();
    if (resourceKind !== undefined) query = query.where('resource_kind', '=', resourceKind);
    if (resourceId !== undefined) query = query.where('resource_id', '=', resourceId);
    if (actorId !== undefined) query = query.where('actor_id', '=', actorId);
    if (sinceMs !== undefined) query = query.where('created_at', '>=', sinceMs);
    if (untilMs !== undefined) query = query.where('created_at', '<', untilMs);
    if (after) query = query.where(olderThan('audit_log', after));
    const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return rows.map(toAuditRecord);
  }

  /** Removes what is older; resolves to how many records that were. */
  async sweep(beforeMs: number): Promise<number> {
    const result = await this.#db.deleteFrom('audit_log').where('created_at', '<', beforeMs).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

function toAuditRecord(row: Selectable<AuditLogTable>): AuditRecord {
  return {
    id: row.id,
    createdAtMs: Number(row.created_at),
    actor: {
      kind: row.actor_kind,
      ...(row.actor_id === null ? {} : { id: row.actor_id }),
      ...(row.actor_name === null ? {} : { name: row.actor_name }),
    },
    address: row.address,
    operation: row.operation,
    resource: { kind: row.resource_kind, ...(row.resource_id === null ? {} : { id: row.resource_id }) },
    ...(row.before === null ? {} : { before: row.before }),
    ...(row.after === null ? {} : { after: row.after }),
    requestId: row.request_id,
  };
}
