import { withoutPathToken } from '../../kernel/access/credential.ts';
import { compileBehaviors } from '../../kernel/distribution/behaviors.ts';
import type { CacheBehavior, DistributionConfig } from '../../kernel/distribution/model.ts';
import { obligingReading } from '../../kernel/distribution/origin-reading.ts';
import { matchedPath } from '../../kernel/distribution/path-pattern.ts';
import type { SiteConfig } from '../../kernel/distribution/site-config.ts';
import { Fault } from '../../kernel/errors.ts';
import type { PhaseTable } from '../drive.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { type Naming, ownKey } from '../phases/own-key.ts';
import { nameForFacts } from '../phases/route.ts';
import type { PartsFor } from '../prefetch/along.ts';
import type { KeyOf } from '../prefetch/linked-order.ts';
import type { Prefetch } from '../prefetch/prefetch.ts';
import type { SegmentOrder } from '../prefetch/segment-order.ts';
import { type Behavior, scopeOf } from './behavior.ts';
import type { OriginsDraft } from './site-origins.ts';
import { type Chosen, once, tablesOf } from './tables.ts';

/** What sites are made of. */
export interface SiteParts {
  readonly origins: OriginsDraft;
  /** The edge's own, which those of behaviours are made from. */
  readonly edge: () => EdgeParts;
  /** The phases that parts make. */
  readonly phasesOf: (parts: EdgeParts) => PhaseTable;
  /** Which file of a distribution follows which, as far as is known. */
  readonly orderOf: (id: string) => SegmentOrder;
  /** What fetches ahead along that. */
  readonly prefetchAlong: (order: SegmentOrder, partsFor: PartsFor) => Prefetch | undefined;
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
  /** What prefetching calls what a playlist names; undefined for what is not of this distribution. */
  nameOf: KeyOf;
  /** Has the exchange go on by the phases of its behaviour. @throws Fault where it may not go on at all */
  enter(x: Exchange): void;
}

/** @throws Fault CONFIG_REFUSED, SettingsError */
export function compileSite(id: string, config: SiteConfig, parts: SiteParts): Site {
  const distribution = config.distributions[id];
  if (!distribution) throw new Fault('INTERNAL', { detail: { distribution: id } });
  const { defaultRootObject, defaultCacheBehavior, cacheBehaviors } = distribution;
  const phasesAt = (x: Exchange): PhaseTable => {
    const { target, value } = chosen(x.target, choose);
    x.target = target;
    return value.phasesFor(x);
  };
  const scope = scopeOf(id);
  const targetOf = (name: string) => name.slice(scope.length);
  const safelyChosen = (target: string) => attempt(() => chosen(target, choose).value);
  const naming: Naming = {
    keyOf: (target) => safelyChosen(target)?.behavior.rules?.naming.keyOf(target) ?? scope + target,
    targetOf,
  };
  const ahead = (name: string, viewer: Exchange) => partsAhead(safelyChosen(targetOf(name)), viewer);
  const prefetch = once(() => parts.prefetchAlong(parts.orderOf(id), ahead));
  const named = { id, distribution, config, phasesAt, prefetch };
  const compile = (behavior: CacheBehavior) => tablesOf({ ...named, behavior }, parts);
  const behaviors = cacheBehaviors.map(({ pathPattern, ...behavior }) => ({ pathPattern, value: compile(behavior) }));
  const fallback = compile(defaultCacheBehavior);
  const choose = choosing(compileBehaviors(behaviors, fallback));
  const refusesCountry = countryRule(distribution, parts);
  const all = [fallback, ...behaviors.map(({ value }) => value)];
  return {
    asksForPlaces: refusesCountry !== undefined || all.some(({ behavior }) => behavior.rules?.tellsViewers),
    scope,
    behaviorAt: (target) => chosen(target, choose).value.behavior,
    nameOf: (uri, playlist, viewedHost) => {
      const origin = safelyChosen(targetOf(playlist))?.origin;
      return origin && ownKey(uri, { resource: playlist, origin, viewedHost, naming });
    },
    enter: (x) => {
      if (defaultRootObject !== '' && isRoot(x.target)) takeRootObject(x, defaultRootObject);
      // Before anything is refused: the operator may have a page for that.
      x.phases = phasesAt(x);
      if (!distribution.enabled) throw refused(x, 'DISTRIBUTION_DISABLED');
      if (!x.fromEdge && refusesCountry?.(x.ip)) throw refused(x, 'COUNTRY_REFUSED');
    },
  };
}

/**
 * The behaviour of a target, and the target as it goes on from there. A token that stands in the path is not of the path,
 * where behaviours look for one.
 */
function chosen(target: string, choose: (target: string) => Chosen): { target: string; value: Chosen } {
  const whole = choose(target);
  const bareTarget = withoutPathToken(target);
  if (bareTarget === undefined) return { target, value: whole };
  const bare = choose(bareTarget);
  // Its own phases take the token off, and look at it.
  if (bare.behavior.readsGrants) return { target, value: bare };
  // Nobody needs the token for what is open to all; where it were taken off elsewhere, one behaviour's answer would lie
  // where the other's is looked for.
  return whole.behavior.readsGrants ? { target: bareTarget, value: bare } : { target, value: whole };
}

/** Nothing is fetched ahead that is not kept. */
function partsAhead(choice: Chosen | undefined, viewer: Exchange): EdgeParts | undefined {
  return choice?.behavior.rules?.caches ? choice.partsFor?.(viewer) : undefined;
}

/** Undefined for a path that nobody could be let in by. */
function attempt<T>(choose: () => T): T | undefined {
  try {
    return choose();
  } catch {
    // A playlist may name whatever it likes; its viewer is told when he asks for that.
    return undefined;
  }
}

function refused(x: Exchange, code: 'DISTRIBUTION_DISABLED' | 'COUNTRY_REFUSED'): Fault {
  nameForFacts(x);
  return new Fault(code);
}

/** By the path as we read it, or by what an origin may make of it where that is stricter. @throws Fault PATH_INVALID */
function choosing(choose: (path: string) => Chosen): (target: string) => Chosen {
  return (target) => {
    const ours = choose(matchedPath(target));
    const obliging = obligingReading(target);
    const theirs = obliging === undefined ? ours : choose(matchedPath(obliging));
    return theirs === ours ? ours : stricter(ours, theirs);
  };
}

/** Whoever needs a grant before whoever does not, then what is not kept before what is, then our own reading. */
function stricter(ours: Chosen, theirs: Chosen): Chosen {
  const [one, other] = [ours.behavior, theirs.behavior];
  if (one.readsGrants !== other.readsGrants) return one.readsGrants ? ours : theirs;
  // Both let some viewers in, and nobody can tell by which of the two this one would have to be.
  if (one.trusted !== other.trusted) throw new Fault('PATH_INVALID');
  return one.rules?.caches !== false && other.rules?.caches === false ? theirs : ours;
}

/** What the operator has stand for the root; to its viewer it is the root. */
function takeRootObject(x: Exchange, name: string): void {
  x.rootObject = `/${name}`;
  x.target = x.rootObject + x.target.slice(1);
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
