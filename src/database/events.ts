import type { EventType } from '../kernel/event-types.ts';
import { newId } from '../kernel/ids.ts';
import type { Asset } from './assets.ts';
import type { DatabaseTransaction } from './open.ts';

/**
 * Writes to the outbox what happened to an asset, in the very transaction in which it happens: a crash can neither lose
 * an event nor leave one that tells of nothing. The asset is kept as it was, so that a late delivery says the same.
 */
export async function recordEvent(
  trx: DatabaseTransaction,
  type: EventType,
  asset: Asset,
  nowMs: number,
): Promise<void> {
  await trx
    .insertInto('events')
    .values({ id: newId('ev'), type, asset: JSON.stringify(asset), created_at: nowMs, dispatched_at: null })
    .execute();
}
