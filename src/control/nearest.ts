import type { Log } from '../kernel/log.ts';
import type { Place } from '../kernel/place.ts';
import { distanceKm } from '../kernel/steering/distance.ts';
import type { FleetEdge } from '../kernel/steering/fleet.ts';
import { rankEdges } from '../kernel/steering/rank.ts';

export interface NearestParts {
  /** The edges that viewers may be sent to. */
  readonly edges: () => Promise<readonly FleetEdge[]>;
  /** Where viewers reach the edge of a server that has but one, and knows of no other. */
  readonly only: () => string;
  readonly places: {
    load(knowledge: 'places'): Promise<void>;
    find(ip: string): Place | undefined;
  };
  readonly now: () => number;
  readonly log: Log;
}

/** An edge as one viewer sees it. */
export interface Ranked {
  readonly edge: FleetEdge;
  /** Undefined where nobody knows. */
  readonly distanceKm: number | undefined;
}

/** Every viewer of a router asks for the list; the database is asked once in so long. */
const MAX_AGE_MS = 1_000;

/** Finds the edge for a viewer by his address. The same address finds the same edge for as long as that is well. */
export class Nearest {
  readonly #parts: NearestParts;
  #edges: Promise<readonly FleetEdge[]> = Promise.resolve([]);
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: NearestParts) {
    this.#parts = parts;
  }

  /** All edges, the one to use first. */
  async rank(ip: string): Promise<Ranked[]> {
    const edges = await this.#list();
    const { places } = this.#parts;
    if (edges.some(({ location }) => location)) await places.load('places');
    const place = places.find(ip);
    const ranked = rankEdges(edges, { place, session: ip });
    return ranked.map((edge) => ({ edge, distanceKm: distanceKm(edge.location, place) }));
  }

  /** Where this viewer reaches his edge, without a slash at the end. */
  async urlFor(ip: string): Promise<string> {
    const [first] = await this.rank(ip);
    return first?.edge.url ?? this.#parts.only();
  }

  async #list(): Promise<readonly FleetEdge[]> {
    const { now } = this.#parts;
    const age = now() - this.#askedAtMs;
    if (age < 0 || age >= MAX_AGE_MS) {
      this.#askedAtMs = now();
      this.#edges = this.#ask(this.#edges);
    }
    const known = await this.#edges;
    return known.length > 0 ? known : this.#alone();
  }

  /** While the database is away, what it said last stands; where it never said anything, the one edge that is known. */
  async #ask(last: Promise<readonly FleetEdge[]>): Promise<readonly FleetEdge[]> {
    const { edges, log } = this.#parts;
    try {
      return await edges();
    } catch (cause) {
      log.warn({ err: cause }, 'edges to lead viewers to could not be read');
      return last;
    }
  }

  #alone(): readonly FleetEdge[] {
    const url = this.#parts.only();
    return url === '' ? [] : [{ id: 'edge', url, healthy: true, draining: false, load: 0 }];
  }
}
