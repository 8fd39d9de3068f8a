import type { CachedObject } from '../cache/cached-object.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';

/** A stream that stood still for longer is better seen to be in trouble. */
const MAX_AGE_SECONDS = 15;

/**
 * The newest playlist of the rendition, for who asked for a newer one while the origin cannot be reached: players take one
 * without news for a stream that is late, and come back, where an error makes them give up.
 */
export function standIn(x: Exchange, { live, tier, clock }: EdgeParts): CachedObject | undefined {
  if (x.live?.object.kind !== 'playlist') return undefined;
  for (const key of live.renditions.newestFor(x.resource)) {
    const entry = tier.peek(key);
    if (entry?.kind === 'object' && entry.ageSeconds(clock.now()) <= MAX_AGE_SECONDS) return entry;
  }
  return undefined;
}
