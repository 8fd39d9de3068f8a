import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { FaultCode } from '../kernel/errors.ts';
import type { EventType } from '../kernel/event-types.ts';
import { newId } from '../kernel/ids.ts';
import type { Asset } from './assets.ts';
import type { LiveMoment } from './live-stream-rows.ts';
import { olderThan, type Position } from './older-than.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { WebhookDeliveryTable } from './schema.ts';
import { transact } from './transact.ts';
import { hears } from './webhooks.ts';

/** One event on its way to one endpoint: `pending` until an attempt succeeds or no attempt is left. */
export interface Delivery {
  readonly id: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly eventType: EventType;
  readonly status: WebhookDeliveryTable['status'];
  readonly attempts: number;
  /** What the endpoint answered last. */
  readonly responseStatus?: number;
  /** Why the last attempt got no answer. */
  readonly failure?: FaultCode;
  readonly nextAttemptAtMs?: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** All that an attempt needs. */
export interface Parcel {
  readonly delivery: Delivery;
  readonly url: string;
  readonly secret: string;
  readonly enabled: boolean;
  readonly event: Happening;
}

/** What is told, the same in every attempt. */
export interface Happening {
  readonly id: string;
  readonly type: EventType;
  readonly createdAtMs: number;
  /** As it was then, where it is about one; the same of `live`. */
  readonly asset?: Asset;
  readonly live?: LiveMoment;
}

/** How one attempt went: with an answer or without. */
export type AttemptResult = { readonly responseStatus: number } | { readonly failure: FaultCode };

/** Adds the work of delivering, in the transaction that makes the deliveries. */
export type AddWork = (trx: DatabaseTransaction, deliveries: readonly DeliveryKey[]) => Promise<void>;
export type DeliveryKey = Pick<Delivery, 'id' | 'webhookId'>;

/** Rows of one statement: SQLite binds at most 32,766 values. */
const ROWS_AT_ONCE = 500;

/** The outbox turned into deliveries, and what became of each. A delivery never exists without the job that makes it. */
export class DeliveryRepository {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #addWork: AddWork;

  constructor(db: Database, clock: Clock, addWork: AddWork) {
    this.#db = db;
    this.#clock = clock;
    this.#addWork = addWork;
  }

  /** Makes a delivery of each new event for each endpoint that hears of it; at most `limit` events, oldest first. */
  async dispatch(limit: number): Promise<{ readonly events: number; readonly deliveries: number }> {
    return transact(this.#db, async (trx) => {
      const events = await trx
        .selectFrom('events')
        .select(['id', 'type'])
        .where('dispatched_at', 'is', null)
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        // Those that another process is dispatching at this moment are its own.
        .forUpdate()
        .skipLocked()
        .execute();
      if (events.length === 0) return { events: 0, deliveries: 0 };
      await trx
        .updateTable('events')
        .set({ dispatched_at: this.#clock.now() })
        .where(
          'id',
          'in',
          events.map(({ id }) => id),
        )
        .execute();
      const endpoints = await trx
        .selectFrom('webhooks')
        .select(['id', 'events'])
        .where('enabled', '=', 1)
        // One that is deleted meanwhile goes after this, with its deliveries.
        .forKeyShare()
        .execute();
      const wanted = events.flatMap((event) =>
        endpoints
          .filter((endpoint) => hears(endpoint.events, event.type))
          .map((endpoint) => ({ webhookId: endpoint.id, eventId: event.id })),
      );
      await this.#make(trx, wanted);
      return { events: events.length, deliveries: wanted.length };
    });
  }

  /** Tells one endpoint of an event that is about nothing else; undefined when there is no such endpoint. */
  async ping(webhookId: string): Promise<Delivery | undefined> {
    return transact(this.#db, async (trx) => {
      if (!(await stands(trx, webhookId))) return undefined;
      const now = this.#clock.now();
      const eventId = newId('ev');
      await trx
        .insertInto('events')
        .values({ id: eventId, type: 'ping', asset: null, live: null, created_at: now, dispatched_at: now })
        .execute();
      return this.#makeOne(trx, webhookId, eventId);
    });
  }

  /** Tells the event of a delivery once more; undefined when the endpoint has no such delivery. */
  async replay(webhookId: string, deliveryId: string): Promise<Delivery | undefined> {
    return transact(this.#db, async (trx) => {
      if (!(await stands(trx, webhookId))) return undefined;
      const known = await trx
        .selectFrom('webhook_deliveries')
        .select('event_id')
        .where('id', '=', deliveryId)
        .where('webhook_id', '=', webhookId)
        .executeTakeFirst();
      return known && this.#makeOne(trx, webhookId, known.event_id);
    });
  }

  /** Newest first. `after` is the last delivery of the page before; a page holds at most `limit`. */
  async list(webhookId: string, limit: number, after?: Position): Promise<Delivery[]> {
    let query = withEvent(this.#db)
      .where('webhook_id', '=', webhookId)
      .orderBy('webhook_deliveries.created_at', 'desc')
      .orderBy('webhook_deliveries.id', 'desc');
    if (after) query = query.where(olderThan('webhook_deliveries', after));
    return (await query.limit(limit).execute()).map(toDelivery);
  }

  /** What an attempt needs; undefined when the delivery, its event or its endpoint is gone. */
  async parcel(deliveryId: string): Promise<Parcel | undefined> {
    const row = await withEvent(this.#db)
      .innerJoin('webhooks', 'webhooks.id', 'webhook_id')
      .select(['url', 'secret', 'enabled', 'asset', 'live', 'events.created_at as event_created_at'])
      .where('webhook_deliveries.id', '=', deliveryId)
      .executeTakeFirst();
    if (!row) return undefined;
    const event = {
      id: row.event_id,
      type: row.type,
      createdAtMs: Number(row.event_created_at),
      ...(row.asset === null ? {} : { asset: JSON.parse(row.asset) as Asset }),
      ...(row.live === null ? {} : { live: JSON.parse(row.live) as LiveMoment }),
    };
    return { delivery: toDelivery(row), url: row.url, secret: row.secret, enabled: row.enabled === 1, event };
  }

  /**
   * Notes how an attempt went. The word of an attempt that came late never changes a delivery that is settled.
   */
  async attempted(
    deliveryId: string,
    attempts: number,
    result: AttemptResult,
    next: { readonly status: 'delivered' | 'failed' } | { readonly nextAttemptAtMs: number },
  ): Promise<void> {
    await this.#db
      .updateTable('webhook_deliveries')
      .set({
        attempts,
        response_status: 'responseStatus' in result ? result.responseStatus : null,
        failure: 'failure' in result ? result.failure : null,
        status: 'status' in next ? next.status : 'pending',
        next_attempt_at: 'nextAttemptAtMs' in next ? next.nextAttemptAtMs : null,
        updated_at: this.#clock.now(),
      })
      .where('id', '=', deliveryId)
      .where('status', '=', 'pending')
      .execute();
  }

  /** Forgets events dispatched before `beforeMs`, with their deliveries, but none that is still on its way. */
  async sweep(beforeMs: number): Promise<number> {
    const result = await transact(this.#db, (trx) =>
      trx
        .deleteFrom('events')
        .where('dispatched_at', '<', beforeMs)
        .where((where) =>
          where.not(
            where.exists(
              where
                .selectFrom('webhook_deliveries')
                .select('webhook_deliveries.id')
                .whereRef('event_id', '=', 'events.id')
                .where('status', '=', 'pending'),
            ),
          ),
        )
        .executeTakeFirst(),
    );
    return Number(result.numDeletedRows);
  }

  async #makeOne(trx: DatabaseTransaction, webhookId: string, eventId: string): Promise<Delivery> {
    const [made] = await this.#make(trx, [{ webhookId, eventId }]);
    const row = await withEvent(trx)
      .where('webhook_deliveries.id', '=', made?.id ?? '')
      .executeTakeFirstOrThrow();
    return toDelivery(row);
  }

  async #make(
    trx: DatabaseTransaction,
    wanted: readonly { readonly webhookId: string; readonly eventId: string }[],
  ): Promise<readonly DeliveryKey[]> {
    const now = this.#clock.now();
    const keys = wanted.map((each) => ({ ...each, id: newId('dl') }));
    for (let at = 0; at < keys.length; at += ROWS_AT_ONCE) {
      const rows = keys.slice(at, at + ROWS_AT_ONCE).map(({ id, webhookId, eventId }) => ({
        id,
        webhook_id: webhookId,
        event_id: eventId,
        status: 'pending' as const,
        attempts: 0,
        response_status: null,
        failure: null,
        next_attempt_at: now,
        created_at: now,
        updated_at: now,
      }));
      await trx.insertInto('webhook_deliveries').values(rows).execute();
    }
    await this.#addWork(trx, keys);
    return keys;
  }
}

/** Whether there is such an endpoint, which then stays until the transaction is through. */
async function stands(trx: DatabaseTransaction, webhookId: string): Promise<boolean> {
  return !!(await trx.selectFrom('webhooks').select('id').where('id', '=', webhookId).forKeyShare().executeTakeFirst());
}

function withEvent(db: Database) {
  return db
    .selectFrom('webhook_deliveries')
    .innerJoin('events', 'events.id', 'event_id')
    .selectAll('webhook_deliveries')
    .select('events.type');
}

function toDelivery(row: Selectable<WebhookDeliveryTable> & { readonly type: EventType }): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    eventId: row.event_id,
    eventType: row.type,
    status: row.status,
    attempts: row.attempts,
    ...(row.response_status === null ? {} : { responseStatus: row.response_status }),
    ...(row.failure === null ? {} : { failure: row.failure }),
    ...(row.next_attempt_at === null ? {} : { nextAttemptAtMs: Number(row.next_attempt_at) }),
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  };
}
