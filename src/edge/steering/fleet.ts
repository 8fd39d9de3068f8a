import { isEdgesSection } from '../../kernel/edge-feed/edges-section.ts';
import { Fault } from '../../kernel/errors.ts';
import type { FleetEdge } from '../../kernel/steering/fleet.ts';
import { hasChoice } from '../../kernel/steering/manifest.ts';
import type { StateTaker } from '../feed/section.ts';

export interface FleetOptions {
  /** Which of them is this edge. */
  readonly edgeId: string | undefined;
  readonly siblings: {
    watch(edges: readonly FleetEdge[]): void;
    isDown(id: string): boolean;
  };
  /** Called when there is something to choose by where viewers are. */
  readonly onLocated: () => void;
}

/** The edges that there are, as control last said. That this one answers it knows by itself, and that others do not it finds out. */
export class Fleet implements StateTaker {
  readonly name = 'edges';
  readonly #options: FleetOptions;
  #edges: readonly FleetEdge[] = [];
  #self: FleetEdge | undefined;
  #hasChoice = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get edges(): readonly FleetEdge[] {
    const { siblings } = this.#options;
    return this.#edges.map((edge) => (siblings.isDown(edge.id) ? { ...edge, healthy: false } : edge));
  }

  /** Undefined where this edge is none that viewers are sent to. */
  get self(): FleetEdge | undefined {
    return this.#self;
  }

  /** Whether a player of this edge's playlists could go on at another. */
  get hasChoice(): boolean {
    return this.#hasChoice;
  }

  check(value: unknown): () => void {
    if (!isEdgesSection(value)) throw new Fault('ORIGIN_INVALID', { detail: { of: 'edges' } });
    return () => this.#take(value.edges);
  }

  #take(edges: readonly FleetEdge[]): void {
    const { edgeId, siblings, onLocated } = this.#options;
    this.#edges = edges.map((edge) => (edge.id === edgeId ? { ...edge, healthy: true } : edge));
    this.#self = this.#edges.find(({ id }) => id === edgeId);
    this.#hasChoice = this.#self !== undefined && hasChoice(this.#edges, this.#self);
    siblings.watch(this.#hasChoice ? this.#edges.filter((edge) => edge !== this.#self) : []);
    if (this.#hasChoice && edges.some(({ location }) => location)) onLocated();
  }
}
