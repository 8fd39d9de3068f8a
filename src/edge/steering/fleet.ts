import { isEdgesSection } from '../../kernel/edge-feed/edges-section.ts';
import { Fault } from '../../kernel/errors.ts';
import type { FleetEdge } from '../../kernel/steering/fleet.ts';
import { hasChoice } from '../../kernel/steering/manifest.ts';
import type { StateTaker } from '../feed/section.ts';

export interface FleetOptions {
  readonly peers: {
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
  #isSelf: (edge: FleetEdge) => boolean = () => false;
  #edges: readonly FleetEdge[] = [];
  #self: FleetEdge | undefined;
  #hasChoice = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get edges(): readonly FleetEdge[] {
    const { peers } = this.#options;
    return this.#edges.map((edge) => (peers.isDown(edge.id) ? { ...edge, healthy: false } : edge));
  }

  /** Undefined where this edge is none that viewers are sent to. */
  get self(): FleetEdge | undefined {
    return this.#self;
  }

  /** Whether a player of this edge's playlists could go on at another. */
  get hasChoice(): boolean {
    return this.#hasChoice;
  }

  /** Says which of them is this edge. */
  recognise(isSelf: (edge: FleetEdge) => boolean): void {
    this.#isSelf = isSelf;
    this.#take(this.#edges);
  }

  check(value: unknown): () => void {
    if (!isEdgesSection(value)) throw new Fault('ORIGIN_INVALID', { detail: { of: 'edges' } });
    return () => this.#take(value.edges);
  }

  #take(edges: readonly FleetEdge[]): void {
    this.#edges = edges.map((edge) => (this.#isSelf(edge) ? { ...edge, healthy: true } : edge));
    this.#self = this.#edges.find(this.#isSelf);
    this.#hasChoice = this.#self !== undefined && hasChoice(this.#edges, this.#self);
    const { peers, onLocated } = this.#options;
    peers.watch(this.#hasChoice ? this.#edges.filter((edge) => edge !== this.#self) : []);
    if (this.#hasChoice && edges.some(({ location }) => location)) onLocated();
  }
}
