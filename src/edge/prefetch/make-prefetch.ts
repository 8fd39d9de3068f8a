import type { EdgeParts } from '../parts.ts';
import { ownKey } from '../phases/own-key.ts';
import { prefetchAlong } from './along.ts';
import { FilmOrder } from './film-order.ts';
import { LinkedOrder } from './linked-order.ts';
import type { Prefetch } from './prefetch.ts';

/** What an edge without distributions fetches ahead by; undefined where that is switched off. */
export function makePrefetch(parts: EdgeParts): Prefetch | undefined {
  const { settings, clock, origin, naming, films } = parts;
  const { prefetchSegments: depth } = settings;
  if (depth === 0) return undefined;
  const order = films
    ? new FilmOrder()
    : new LinkedOrder((uri, resource, viewedHost) => ownKey(uri, { resource, origin, viewedHost, naming }));
  return prefetchAlong(order, () => parts, { depth, clock });
}
