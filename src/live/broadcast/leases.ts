import type { LiveStream } from '../../database/live-stream-rows.ts';
import type { BroadcastDeps } from './deps.ts';
import type { StreamActor } from './stream-actor.ts';

/** So often within a lease the node says that it lives. */
const RENEWALS = 3;

/** A stream that was taken; `heldUntilMs` is when another may take it, unless the lease is renewed. */
export interface Taken {
  readonly claimed: LiveStream | undefined;
  readonly heldUntilMs: number;
}

/** For how long streams are this node's: as long as it lives, and says so in time. */
export class Leases {
  readonly #deps: BroadcastDeps;

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
  }

  /** How often each is to be renewed. */
  get renewalMs(): number {
    return this.#leaseMs / RENEWALS;
  }

  async take(streamId: string): Promise<Taken> {
    const heldUntilMs = this.#heldUntilMs();
    const hold = { streamId, nodeUrl: this.#deps.nodeUrl() };
    return { claimed: await this.#deps.streams.claim(hold, this.#leaseMs), heldUntilMs };
  }

  /** A database that does not answer takes no stream away. */
  async renew(actor: StreamActor): Promise<void> {
    const { id: streamId } = actor.stream;
    try {
      const heldUntilMs = this.#heldUntilMs();
      const askedAt = performance.now();
      const renewal = await this.#deps.streams.renew({ streamId, nodeUrl: this.#deps.nodeUrl() }, this.#leaseMs);
      if (renewal) actor.hold(heldUntilMs);
      if (actor.isOver) return;
      if (renewal) return await actor.heed(renewal, askedAt);
      const stream = await this.#deps.streams.find(streamId);
      this.#deps.log.warn({ stream: streamId, node: stream?.nodeUrl }, 'a stream is not of this node any more');
      // While nobody else could have taken it, it has been deleted.
      await (stream || !actor.isHeld ? actor.surrender() : actor.end('deleted'));
    } catch (cause) {
      this.#deps.log.warn({ err: cause, stream: streamId }, 'the lease of a stream could not be renewed');
    }
  }

  get #leaseMs(): number {
    return this.#deps.settings.liveLeaseMs;
  }

  /** Shorter than what the others are told: their clocks may be ahead. */
  #heldUntilMs(): number {
    return this.#deps.clock.now() + this.#leaseMs - this.renewalMs;
  }
}
