import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import { EVENTS, type WebhookEvent } from '../kernel/event-types.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { WebhookTable } from './schema.ts';
import { transact } from './transact.ts';

/** An endpoint that is told what happens. Its secret is needed to sign with, and leaves this file for nothing else. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  /** Undefined for all, also those that come later. */
  readonly events?: readonly WebhookEvent[];
  readonly description?: string;
  /** Nothing is sent to a disabled one. */
  readonly enabled: boolean;
  readonly createdAtMs: number;
}

export interface WebhookChange {
  readonly url?: string;
  readonly events?: readonly WebhookEvent[];
  readonly enabled?: boolean;
}

const ALL = '*';

export class WebhookRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Undefined when there are `limit` webhooks already. */
  async add(
    webhook: Omit<Webhook, 'enabled' | 'createdAtMs'> & { readonly secret: string },
    limit: number,
  ): Promise<Webhook | undefined> {
    const row: Selectable<WebhookTable> = {
      id: webhook.id,
      url: webhook.url,
      events: writeEvents(webhook.events),
      description: webhook.description ?? null,
      secret: webhook.secret,
      enabled: 1,
      created_at: this.#clock.now(),
    };
    const add = async (trx: DatabaseTransaction) => {
      const { count } = await trx
        .selectFrom('webhooks')
        .select((select) => select.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= limit) return undefined;
      await trx.insertInto('webhooks').values(row).execute();
      return toWebhook(row);
    };
    return transact(this.#db, add, 'serializable');
  }

  async find(id: string): Promise<Webhook | undefined> {
    const row = await this.#db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toWebhook(row);
  }

  /** All webhooks, oldest first. */
  async list(): Promise<Webhook[]> {
    const rows = await this.#db.selectFrom('webhooks').selectAll().orderBy('created_at').orderBy('id').execute();
    return rows.map(toWebhook);
  }

  /** The webhook after the change; undefined when there is none. */
  async edit(id: string, change: WebhookChange): Promise<Webhook | undefined> {
    const row = await this.#db
      .updateTable('webhooks')
      .set({
        ...(change.url === undefined ? {} : { url: change.url }),
        ...(change.events === undefined ? {} : { events: writeEvents(change.events) }),
        ...(change.enabled === undefined ? {} : { enabled: change.enabled ? 1 : 0 }),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    return row && toWebhook(row);
  }

  /** Deletes it with its deliveries. False when there is no such webhook. */
  async delete(id: string): Promise<boolean> {
    const result = await this.#db.deleteFrom('webhooks').where('id', '=', id).executeTakeFirst();
    return result.numDeletedRows > 0n;
  }
}

/** Whether an endpoint with this filter, as it is stored, hears of events of `type`. */
export function hears(filter: string, type: string): boolean {
  return filter === ALL || filter.split(' ').includes(type);
}

function writeEvents(events: readonly WebhookEvent[] | undefined): string {
  return events ? EVENTS.filter((each) => events.includes(each)).join(' ') : ALL;
}

function toWebhook(row: Selectable<WebhookTable>): Webhook {
  return {
    id: row.id,
    url: row.url,
    ...(row.events === ALL ? {} : { events: EVENTS.filter((each) => hears(row.events, each)) }),
    ...(row.description === null ? {} : { description: row.description }),
    enabled: row.enabled === 1,
    createdAtMs: Number(row.created_at),
  };
}
