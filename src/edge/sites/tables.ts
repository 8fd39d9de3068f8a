import type { CacheBehavior, DistributionConfig } from '../../kernel/distribution/model.ts';
import type { SiteConfig } from '../../kernel/distribution/site-config.ts';
import { Fault } from '../../kernel/errors.ts';
import type { PhaseTable } from '../drive.ts';
import type { Exchange } from '../exchange.ts';
import type { Origins } from '../origins/origins.ts';
import type { EdgeParts, Gate } from '../parts.ts';
import type { Prefetch } from '../prefetch/prefetch.ts';
import { type Behavior, behaviorOf, originNamed } from './behavior.ts';
import type { SiteParts } from './site.ts';
import type { Approach } from './site-origins.ts';

/** What a behaviour's requests go on by. */
export interface Chosen {
  readonly behavior: Behavior;
  /** Undefined for films. */
  readonly origin: Origins | undefined;
  /** What its files are fetched by for a viewer; undefined for those of films, which have an order of their own. */
  readonly partsFor: ((x: Exchange) => EdgeParts) | undefined;
  phasesFor(x: Exchange): PhaseTable;
}

interface Named {
  readonly phasesAt: Behavior['phasesAt'];
  /** That of the distribution: what one behaviour's playlist names may fall under another. */
  readonly prefetch: () => Prefetch | undefined;
  readonly id: string;
  readonly distribution: DistributionConfig;
  readonly behavior: CacheBehavior;
  readonly config: SiteConfig;
}

/**
 * The edge that one behaviour is. What can be wrong with it is found here; its phases, which have memories of their own, are
 * made when somebody first asks. @throws Fault CONFIG_REFUSED, SettingsError
 */
export function tablesOf(named: Named, site: SiteParts): Chosen {
  const behavior = behaviorOf(named);
  const edge = site.edge();
  const gate = gateOf(named, behavior, edge);
  if (!behavior.rules) {
    const phases = once(() => site.phasesOf({ ...edge, behavior, gate }));
    return { behavior, origin: undefined, partsFor: undefined, phasesFor: phases };
  }
  const { id, config } = named;
  const { targetOriginId } = named.behavior;
  const { tellsHost, naming } = behavior.rules;
  const made = (scheme: Approach['scheme']) => {
    const origin = site.origins.of(id, targetOriginId, config, { scheme, tellsHost });
    const compressions = named.behavior.compress ? edge.compressions : undefined;
    const own = { behavior, gate, origin, naming, compressions };
    const parts = once(
      (): EdgeParts => ({ ...edge, mode: 'proxy', films: undefined, ...own, prefetch: named.prefetch() }),
    );
    return { origin, parts, phases: once(() => site.phasesOf(parts())) };
  };
  const clear = made('http');
  const secured = matchesViewer(named) ? made('https') : clear;
  const madeFor = secured === clear ? () => clear : (x: Exchange) => (edge.schemeOf(x) === 'https' ? secured : clear);
  return { behavior, origin: clear.origin, partsFor: (x) => madeFor(x).parts(), phasesFor: (x) => madeFor(x).phases() };
}

/** Made when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Whoever is let in brings a grant by a key of these groups, and by no other that is registered. */
function gateOf(
  { behavior: { trustedKeyGroups }, config }: Named,
  { rules }: Behavior,
  { gate }: EdgeParts,
): Gate | undefined {
  if (trustedKeyGroups.length === 0) return rules ? undefined : gate;
  if (!gate) throw new Fault('CONFIG_REFUSED', { detail: { step: 'key groups at an edge that knows no keys' } });
  const trusted = new Set(trustedKeyGroups.flatMap((group) => config.keyGroups[group] ?? []));
  const { keys, groupKeys } = gate;
  return {
    keys: {
      find: (keyPairId) => (trusted.has(keyPairId) ? keys.find(keyPairId) : undefined),
      findTokenKey: (kid) => firstFound(trustedKeyGroups, (group) => groupKeys.findGroupKey(group, kid)),
    },
    groupKeys,
    proofs: gate.proofs,
    revoked: gate.revoked,
    // Control may give another one at any time.
    get derivedKey() {
      return gate.derivedKey;
    },
  };
}

function firstFound<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function matchesViewer({ distribution, behavior }: Named): boolean {
  const members = distribution.originGroups.find(({ id }) => id === behavior.targetOriginId)?.members;
  const origins = members
    ? distribution.origins.filter(({ id }) => members.includes(id))
    : [originNamed({ distribution, behavior })];
  return origins.some((origin) => origin?.customOriginConfig?.originProtocolPolicy === 'match-viewer');
}
