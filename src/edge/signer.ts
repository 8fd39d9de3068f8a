import { type EdgeCredential, signAsEdge, verifyPeer } from '../kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../kernel/access/edge-signature.ts';
import type { Clock } from '../kernel/clock.ts';
import type { FieldList } from '../kernel/http/fields.ts';

/** What the edges of a fleet are told about each other. */
interface Fleet {
  readonly peerSecret: string | undefined;
  isRevoked(edgeId: string): boolean;
}

export interface EdgeSignerOptions {
  readonly credential: EdgeCredential;
  readonly clock: Clock;
  readonly fleet: Fleet;
  /** Other edges are asked too. */
  readonly asksPeers: boolean;
}

/** Signs what this edge asks of control, of the origin and of other edges, and knows what those ask of it. */
export class EdgeSigner {
  readonly #options: EdgeSignerOptions;
  #aheadMs = 0;

  constructor(options: EdgeSignerOptions) {
    this.#options = options;
  }

  get edgeId(): string {
    return this.#options.credential.edgeId;
  }

  /** By how much this machine's clock is ahead of control's, as far as that is known. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** Control says what time it is. Signatures are good for a minute, and this machine's clock may be off by more. */
  learnTime(controlNowMs: number): void {
    this.#aheadMs = this.#options.clock.now() - controlNowMs;
  }

  fields(method: string, target: string): FieldList {
    const { credential, fleet, asksPeers } = this.#options;
    const peerSecret = asksPeers ? fleet.peerSecret : undefined;
    return [EDGE_SIGNATURE_HEADER, signAsEdge(credential, method, target, this.#now, peerSecret)];
  }

  /** Whether an edge of the fleet asks this of us. */
  isPeer(method: string, target: string, value: string | undefined): boolean {
    const { fleet } = this.#options;
    if (fleet.peerSecret === undefined) return false;
    const edgeId = verifyPeer(fleet.peerSecret, method, target, value, this.#now);
    return edgeId !== undefined && !fleet.isRevoked(edgeId);
  }

  get #now(): number {
    return this.#options.clock.now() - this.#aheadMs;
  }
}
