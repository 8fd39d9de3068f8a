import type { FleetEdge } from './fleet.ts';
import { type RankFor, rankEdges } from './rank.ts';

/** What a player is told of edges (RFC 8216bis section 7, draft-pantos-content-steering). */
export interface SteeringManifest {
  readonly VERSION: 1;
  readonly TTL: number;
  readonly 'RELOAD-URI': string;
  readonly 'PATHWAY-PRIORITY': readonly string[];
  readonly 'PATHWAY-CLONES'?: readonly PathwayClone[];
}

export interface PathwayClone {
  readonly 'BASE-ID': string;
  readonly ID: string;
  readonly 'URI-REPLACEMENT': { readonly HOST: string };
}

export const STEERING_TYPE = 'application/vnd.apple.steering-list';

/** Seconds until a player asks again, when all is well and when something is not. */
const CALM_TTL = 20;
const ALERT_TTL = 10;
/** A player tries one after the other; more would not help it. */
const MAX_PATHWAYS = 8;

export interface SteeringQuestion extends RankFor {
  /** Id of the edge that the player's playlist came from: all others are clones of it. */
  readonly base: string;
}

/**
 * Which edges a session should use, in order, as a player understands it. A clone is another host and nothing else: players
 * keep scheme and port of the base, so edges where those differ are none. Undefined where nothing can be told.
 */
export function steeringManifest(
  edges: readonly FleetEdge[],
  question: SteeringQuestion,
): SteeringManifest | undefined {
  const { base, session, current = base } = question;
  const ranked = rankEdges(edges, { ...question, current });
  const entry = edges.find(({ id }) => id === base);
  const like = entry ?? ranked[0];
  const pathways = like ? reachable(ranked, like, base).slice(0, MAX_PATHWAYS) : [];
  const [first] = pathways;
  if (!first) return undefined;
  const clones = pathways
    .filter(({ id }) => id !== base)
    .map(({ id, url }) => ({ 'BASE-ID': base, ID: id, 'URI-REPLACEMENT': { HOST: new URL(url).hostname } }));
  return {
    VERSION: 1,
    TTL: pathways.every(isWell) && entry ? CALM_TTL : ALERT_TTL,
    'RELOAD-URI': `${teller(pathways, current).url}/steering/${session}?base=${encodeURIComponent(base)}`,
    'PATHWAY-PRIORITY': pathways.map(({ id }) => id),
    ...(clones.length > 0 ? { 'PATHWAY-CLONES': clones } : {}),
  };
}

/** Whether a player whose playlist came from `base` could go on at another edge. */
export function hasChoice(edges: readonly FleetEdge[], base: FleetEdge): boolean {
  return reachable(edges, base, base.id).length > 1;
}

/** Those that differ from the base in their host alone, and each host once: the base itself where it has that host. */
function reachable(ranked: readonly FleetEdge[], like: FleetEdge, base: string): FleetEdge[] {
  const { protocol, port } = new URL(like.url);
  const hosts = new Map<string, string>();
  if (like.id === base) hosts.set(new URL(like.url).hostname, base);
  return ranked.filter(({ id, url }) => {
    const other = new URL(url);
    if (other.protocol !== protocol || other.port !== port) return false;
    const holder = hosts.get(other.hostname) ?? id;
    hosts.set(other.hostname, holder);
    return holder === id;
  });
}

/** Whoever serves a session does not also tell of itself: when it dies, that could not be heard. */
function teller(pathways: readonly FleetEdge[], current: string): FleetEdge {
  const well = pathways.filter(isWell);
  return well.find(({ id }) => id !== current) ?? well[0] ?? (pathways[0] as FleetEdge);
}

function isWell({ healthy, draining }: FleetEdge): boolean {
  return healthy && !draining;
}
