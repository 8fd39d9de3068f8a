import type { Asset } from '../database/assets.ts';
import type { Clock } from '../kernel/clock.ts';
import type { FilmObject } from '../kernel/film/paths.ts';
import type { Wish } from '../queue/queue.ts';
import { assetChannel } from '../queue/signals.ts';
import { prospectOf } from './resolve.ts';

/**
 * Players ask for the first segments and cancel at once when they seek on start: only a request that lasts this long
 * moves work to the front.
 */
const RAISE_AFTER_MS = 100;

/** A wish is said again this often while somebody waits; it lapses three times as late. */
const RENEW_MS = 1_000;

/** Signals may be lost between processes, so the store is looked at again this often whatever happens. */
const LOOK_AGAIN_MS = 250;

export interface AwaitDeps {
  readonly assets: { find(id: string): Promise<Asset | undefined> };
  readonly queue: { raise(wish: Wish): Promise<void>; withdraw(wish: Omit<Wish, 'asker'>): Promise<void> };
  readonly signals: { next(channel: string, waitMs: number, abort?: AbortSignal): Promise<void> };
  readonly clock: Clock;
  readonly holdMs: number;
}

/**
 * Looks for an object, and when it is still to be encoded moves its chunk to the front and waits for it within the hold
 * limit. `missing` when it will never exist, `pending` when the limit came first, `gone` when the asker left: then
 * nothing stays at the front on the asker's account, while one who was asked for patience keeps the turn.
 */
export async function awaitObject<T>(
  deps: AwaitDeps,
  object: FilmObject,
  look: () => Promise<T | undefined>,
  asker: { readonly name: string; readonly departure: AbortSignal },
): Promise<T | 'missing' | 'pending' | 'gone'> {
  const found = await look();
  if (found !== undefined) return found;
  const startedAtMs = deps.clock.now();
  let wish: Wish | undefined;
  let raiseAtMs = startedAtMs + RAISE_AFTER_MS;
  for (;;) {
    const nowMs = deps.clock.now();
    const endsAtMs = startedAtMs + deps.holdMs;
    // What no chunk brings, such as a poster, is never raised: its moment for that is only ever past.
    const patienceMs = wish || nowMs >= raiseAtMs ? LOOK_AGAIN_MS : raiseAtMs - nowMs;
    // Listening starts before looking: what is published between the two wakes us instead of being slept through.
    const news = deps.signals.next(
      assetChannel(object.assetId),
      Math.max(0, Math.min(patienceMs, endsAtMs - nowMs)),
      asker.departure,
    );
    const prospect = prospectOf(object, await deps.assets.find(object.assetId));
    const now = await look();
    if (now !== undefined) return now;
    if (asker.departure.aborted) {
      if (wish) await deps.queue.withdraw(wish);
      return 'gone';
    }
    if (prospect.when === 'never') return 'missing';
    if (nowMs >= endsAtMs) return 'pending';
    if (prospect.work && nowMs >= raiseAtMs) {
      const { rendition: lane, segment } = prospect.work;
      wish = { subject: object.assetId, lane, segment, asker: asker.name };
      raiseAtMs = nowMs + RENEW_MS;
      await deps.queue.raise(wish);
    }
    await news;
  }
}
