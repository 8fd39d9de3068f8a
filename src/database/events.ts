import type { AssetEvent, EventType, LiveEvent } from '../kernel/event-types.ts';
import { newId } from '../kernel/ids.ts';
import type { Asset } from './assets.ts';
import type { LiveMoment } from './live-stream-rows.ts';
import type { DatabaseTransaction } from './open.ts';

/**
 * Writes to the outbox what happened to an asset, in the very transaction in which it happens: a crash can neither lose
 * an event nor leave one that tells of nothing. The asset is kept as it was, so that a late delivery says the same.
 */
export async function recordEvent(
  trx: DatabaseTransaction,
  type: AssetEvent,
  asset: Asset,
  nowMs: number,
): Promise<void> {
  await record(trx, type, { asset: JSON.stringify(asset), live: null }, nowMs);
}

/** The same of a live stream. */
export async function recordLiveEvent(
  trx: DatabaseTransaction,
  type: LiveEvent,
  moment: LiveMoment,
  nowMs: number,
): Promise<void> {
  await record(trx, type, { asset: null, live: JSON.stringify(moment) }, nowMs);
}

async function record(
  trx: DatabaseTransaction,
  type: EventType,
  about: { readonly asset: string | null; readonly live: string | null },
  nowMs: number,
): Promise<void> {
  await trx
    .insertInto('events')
    .values({ id: newId('ev'), type, ...about, created_at: nowMs, dispatched_at: null })
    .execute();
}
