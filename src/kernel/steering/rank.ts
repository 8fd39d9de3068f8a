import { createHash } from 'node:crypto';
import type { Place } from '../place.ts';
import { distanceKm } from './distance.ts';
import type { FleetEdge } from './fleet.ts';

export interface RankFor {
  /** Where the viewer is; undefined where nobody knows. */
  readonly place?: Place | undefined;
  /** Names the viewer's session; the same one finds the same order. */
  readonly session: string;
  /** Id of the edge that serves the session now. */
  readonly current?: string | undefined;
}

/** As near as the nearest: a quarter farther, and what no viewer notices. */
const AS_NEAR_SHARE = 1.25;
const AS_NEAR_KM = 300;
/** A session stays where it is up to here, so that it does not move for a little. */
const STAYS_SHARE = 1.5;
const STAYS_KM = 800;
/** From here on an edge gets nobody new while another has room. */
const FULL = 0.9;
/** What a full edge counts as among full ones. */
const LEAST_WEIGHT = 0.05;

/**
 * All edges, in the order in which a session should use them: what is well before what is full, draining or down; near before far;
 * among equally near ones by weighted rendezvous hashing, so that the loss of one moves its own sessions alone, each to
 * the next in its own order, and a busy one gets fewer. The edge in use stays first for as long as it does well enough.
 */
export function rankEdges(edges: readonly FleetEdge[], { place, session, current }: RankFor): FleetEdge[] {
  const judged = edges.map((edge) => ({
    edge,
    state: stateOf(edge),
    km: distanceKm(edge.location, place) ?? Number.POSITIVE_INFINITY,
    turn: turnOf(edge, session),
  }));
  const ranked = Map.groupBy(judged, ({ state }) => state);
  const inOrder = [...ranked.keys()].sort((a, b) => a - b).flatMap((state) => byNearness(ranked.get(state) ?? []));
  return keepInUse(inOrder, current).map(({ edge }) => edge);
}

interface Judged {
  readonly edge: FleetEdge;
  readonly state: State;
  readonly km: number;
  /** The least comes first. */
  readonly turn: number;
}

/** What comes first is better. */
const WELL = 0;
const BUSY = 1;
const DRAINING = 2;
const DOWN = 3;
type State = typeof WELL | typeof BUSY | typeof DRAINING | typeof DOWN;

function stateOf({ healthy, draining, load }: FleetEdge): State {
  if (!healthy) return DOWN;
  if (draining) return DRAINING;
  return load >= FULL ? BUSY : WELL;
}

/** Where nothing is known of an edge's place it may be anywhere: it comes after those of which something is. */
function byNearness(judged: readonly Judged[]): Judged[] {
  const ordered: Judged[] = [];
  const rest = judged.toSorted((one, other) => (one.km === other.km ? 0 : one.km - other.km));
  for (let [nearest] = rest; nearest; [nearest] = rest) {
    const limitKm = nearest.km * AS_NEAR_SHARE + AS_NEAR_KM;
    const group = rest.splice(0, rest.filter(({ km }) => km <= limitKm).length);
    ordered.push(...group.sort((one, other) => one.turn - other.turn || (one.edge.id < other.edge.id ? -1 : 1)));
  }
  return ordered;
}

function keepInUse(ordered: readonly Judged[], current: string | undefined): readonly Judged[] {
  const [first] = ordered;
  const inUse = ordered.find(({ edge }) => edge.id === current);
  if (!first || !inUse || inUse.state > BUSY || first.state > BUSY) return ordered;
  if (inUse.km > first.km * STAYS_SHARE + STAYS_KM) return ordered;
  return [inUse, ...ordered.filter((each) => each !== inUse)];
}

/** Weighted rendezvous hashing (Schindelhauer and Schomaker 2005): the greater the weight, the sooner it is an edge's turn. */
function turnOf({ id, load }: FleetEdge, session: string): number {
  const digest = createHash('sha256').update(`${id}\n${session}`).digest();
  const share = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
  return -Math.log(share) / Math.max(LEAST_WEIGHT, 1 - load);
}
