import type { Clock } from '../../kernel/clock.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { aheadKey, fetchAhead } from '../phases/fetch-ahead.ts';
import { Prefetch } from './prefetch.ts';
import type { SegmentOrder } from './segment-order.ts';

/** The edge by which a file is fetched for the viewer of the one before; undefined where it is not to be. */
export type PartsFor = (name: string, viewer: Exchange) => EdgeParts | undefined;

export interface PrefetchTerms {
  /** Segments ahead of the one that is watched. */
  readonly depth: number;
  readonly clock: Clock;
}

/** Fetches ahead along an order of files. */
export function prefetchAlong(order: SegmentOrder, partsFor: PartsFor, { depth, clock }: PrefetchTerms): Prefetch {
  return new Prefetch({
    depth,
    order,
    clock,
    isWorthwhile: (name, viewer) => {
      const parts = partsFor(name, viewer);
      return parts !== undefined && isMissing(aheadKey(name, viewer, parts), parts);
    },
    fetch: (name, viewer, onEnd) => {
      const parts = partsFor(name, viewer);
      if (parts) fetchAhead(name, viewer, parts, onEnd);
      else onEnd(false);
    },
  });
}

/** Neither here nor on its way, and room for it. */
function isMissing(key: string, { tier, disk, fills, clock }: EdgeParts): boolean {
  return tier.isCalm && !tier.has(key) && !disk?.has(key) && !fills.get(key) && !fills.isUncacheable(key, clock.now());
}
