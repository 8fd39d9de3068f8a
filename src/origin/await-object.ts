import type { Asset } from '../database/assets.ts';
import type { Clock } from '../kernel/clock.ts';
import type { FilmObject } from '../kernel/film/paths.ts';
import { PRIORITY_VIEWER } from '../queue/queue.ts';
import { assetChannel } from '../queue/signals.ts';
import { prospectOf } from './resolve.ts';

/**
 * Players ask for the first segments and cancel at once when they seek on start: only a request that lasts this long
 * moves work to the front.
 */
const RAISE_AFTER_MS = 100;

/** Signals may be lost between processes, so the store is looked at again this often whatever happens. */
const LOOK_AGAIN_MS = 250;

export interface AwaitDeps {
  readonly assets: { find(id: string): Promise<Asset | undefined> };
  readonly queue: { raise(subject: string, lane: string, segment: number, priority: number): Promise<void> };
  readonly signals: { next(channel: string, waitMs: number, abort?: AbortSignal): Promise<void> };
  readonly clock: Clock;
  readonly holdMs: number;
}

/**
 * Looks for an object, and when it is still to be encoded moves its chunk to the front and waits for it within the hold
 * limit. `missing` when it will never exist, `pending` when the limit came first, `gone` when the asker left.
 */
export async function awaitObject<T>(
  deps: AwaitDeps,
  object: FilmObject,
  look: () => Promise<T | undefined>,
  abort: AbortSignal,
): Promise<T | 'missing' | 'pending' | 'gone'> {
  const found = await look();
  if (found !== undefined) return found;
  const startedAtMs = deps.clock.now();
  let raised = false;
  for (;;) {
    const waitedMs = deps.clock.now() - startedAtMs;
    const patienceMs = raised ? LOOK_AGAIN_MS : RAISE_AFTER_MS;
    // Listening starts before looking: what is published between the two wakes us instead of being slept through.
    const news = deps.signals.next(
      assetChannel(object.assetId),
      Math.max(0, Math.min(patienceMs, deps.holdMs - waitedMs)),
      abort,
    );
    const prospect = prospectOf(object, await deps.assets.find(object.assetId));
    const now = await look();
    if (now !== undefined) return now;
    if (abort.aborted) return 'gone';
    if (prospect.when === 'never') return 'missing';
    if (waitedMs >= deps.holdMs) return 'pending';
    if (prospect.work && !raised && waitedMs >= RAISE_AFTER_MS) {
      raised = true;
      await deps.queue.raise(object.assetId, prospect.work.rendition, prospect.work.segment, PRIORITY_VIEWER);
    }
    await news;
  }
}
