import type { EdgeOptions } from '../edge-options.ts';
import { makeSiteOrigins } from '../origins/make-origins.ts';
import type { Origins } from '../origins/origins.ts';
import type { EdgeParts } from '../parts.ts';
import { phasesOf } from '../phase-table.ts';
import { prefetchAlong } from '../prefetch/along.ts';
import type { EdgeSigner } from '../signer.ts';
import { SiteOrigins } from './site-origins.ts';
import { Sites } from './sites.ts';
import { once } from './tables.ts';

/** The distributions of an edge for films, and their origins. @param edge its own parts, asked for once it has them */
export function makeSites(
  options: EdgeOptions,
  signer: EdgeSigner | undefined,
  filmOrigins: Origins,
  edge: () => EdgeParts,
): { readonly sites: Sites; readonly origins: SiteOrigins } {
  const { settings, clock, places } = options;
  const { prefetchSegments: depth } = settings;
  const origins = new SiteOrigins(settings, () => clock.now(), makeSiteOrigins(options, signer, filmOrigins));
  const sites = new Sites({
    origins,
    edge,
    phasesOf,
    prefetchAlong: (order, partsFor) => (depth === 0 ? undefined : prefetchAlong(order, partsFor, { depth, clock })),
    filmPhases: once(() => phasesOf(edge())),
    needsPlaces: async () => {
      await Promise.all([places?.load('places'), places?.load('networks')]);
    },
  });
  return { sites, origins };
}
