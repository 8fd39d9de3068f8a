import { compileBehaviors } from '../../kernel/distribution/behaviors.ts';
import type { CacheBehavior, DistributionConfig } from '../../kernel/distribution/model.ts';
import { matchedPath } from '../../kernel/distribution/path-pattern.ts';
import type { SiteConfig } from '../../kernel/distribution/site-config.ts';
import { Fault } from '../../kernel/errors.ts';
import type { PhaseTable } from '../drive.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import type { Prefetch } from '../prefetch/prefetch.ts';
import { type Behavior, scopeOf } from './behavior.ts';
import type { OriginsDraft } from './site-origins.ts';
import { type Chosen, tablesOf } from './tables.ts';

/** What sites are made of. */
export interface SiteParts {
  readonly origins: OriginsDraft;
  /** The edge's own, which those of behaviours are made from. */
  readonly edge: () => EdgeParts;
  /** The phases that parts make. */
  readonly phasesOf: (parts: EdgeParts) => PhaseTable;
  /** What an edge of such parts fetches ahead by. */
  readonly prefetchOf: (parts: EdgeParts) => Prefetch | undefined;
  /** Of films as they are without any distribution. */
  readonly filmPhases: () => PhaseTable;
  /** Resolves when places of viewers can be told. */
  readonly needsPlaces: () => Promise<void>;
}

/** One distribution as the edge has it. */
export interface Site {
  /** Whether it matters where viewers are. */
  readonly asksForPlaces: boolean;
  /** What its keys begin with; empty for the distribution whose keys begin with the path. */
  readonly scope: string;
  behaviorAt(target: string): Behavior;
  /** Has the exchange go on by the phases of its behaviour. @throws Fault where it may not go on at all */
  enter(x: Exchange): void;
}

/** @throws Fault CONFIG_REFUSED, SettingsError */
export function compileSite(id: string, config: SiteConfig, parts: SiteParts): Site {
  const distribution = config.distributions[id];
  if (!distribution) throw new Fault('INTERNAL', { detail: { distribution: id } });
  const { defaultRootObject, defaultCacheBehavior, cacheBehaviors } = distribution;
  const phasesAt = (x: Exchange): PhaseTable => chosen(x.target, choose).phasesFor(x);
  const compile = (behavior: CacheBehavior) => tablesOf({ id, distribution, behavior, config, phasesAt }, parts);
  const behaviors = cacheBehaviors.map(({ pathPattern, ...behavior }) => ({ pathPattern, value: compile(behavior) }));
  const fallback = compile(defaultCacheBehavior);
  const choose = compileBehaviors(behaviors, fallback);
  const refusesCountry = countryRule(distribution, parts);
  const all = [fallback, ...behaviors.map(({ value }) => value)];
  return {
    asksForPlaces: refusesCountry !== undefined || all.some(({ behavior }) => behavior.rules?.tellsViewers),
    scope: scopeOf(id),
    behaviorAt: (target) => chosen(target, choose).behavior,
    enter: (x) => {
      if (defaultRootObject !== '' && isRoot(x.target)) x.target = `/${defaultRootObject}${x.target.slice(1)}`;
      // Before anything is refused: the operator may have a page for that.
      x.phases = phasesAt(x);
      if (!distribution.enabled) throw new Fault('DISTRIBUTION_DISABLED');
      if (refusesCountry?.(x.ip)) throw new Fault('COUNTRY_REFUSED');
    },
  };
}

/** A token that stands in the path is not of the path, where behaviours look for one. */
const PATH_TOKEN = /^\/t\/[\w-]+\.[\w-]+\.[\w-]+(?=\/)/;

function chosen(target: string, choose: (path: string) => Chosen): Chosen {
  if (!target.startsWith('/t/')) return choose(matchedPath(target));
  const bare = choose(matchedPath(target.replace(PATH_TOKEN, '')));
  return bare.behavior.readsGrants ? bare : choose(matchedPath(target));
}

function isRoot(target: string): boolean {
  return target === '/' || target.startsWith('/?');
}

/** An address that nobody can place is let in, as CloudFront has it. */
function countryRule({ restrictions }: DistributionConfig, { edge }: SiteParts): ((ip: string) => boolean) | undefined {
  const { restrictionType, locations } = restrictions.geoRestriction;
  if (restrictionType === 'none') return undefined;
  const listed = new Set(locations);
  return (ip) => {
    const country = edge().placeOf(ip)?.country;
    return country !== undefined && listed.has(country) === (restrictionType === 'blacklist');
  };
}
