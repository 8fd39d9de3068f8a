import type { Log } from '../../kernel/log.ts';
import type { FleetEdge } from '../../kernel/steering/fleet.ts';
import { healthPathOf } from '../health-path.ts';
import { HealthCheck, type HealthTerms } from '../origins/health.ts';
import { Upstream, type UpstreamTimes } from '../upstream.ts';

export interface PeersOptions {
  readonly times: UpstreamTimes;
  readonly log: Log;
  readonly terms?: HealthTerms;
}

/** Twice without an answer is down: known before what players have buffered is played. */
const TERMS: HealthTerms = { intervalMs: 5_000, timeoutMs: 2_000, threshold: 2 };

interface Peer {
  readonly url: string;
  readonly upstream: Upstream;
  readonly check: HealthCheck;
  /** It has answered this edge before. */
  met: boolean;
}

/**
 * How the other edges fare, seen from here: control tells too, but not while it is away itself. One that has never answered is
 * not judged: edges need not reach each other where viewers reach them.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Asks these from now on, and no others. */
  watch(edges: readonly Pick<FleetEdge, 'id' | 'url'>[]): void {
    const urls = new Map(edges.map(({ id, url }) => [id, url]));
    for (const [id, peer] of this.#peers) if (urls.get(id) !== peer.url) this.#leave(id, peer);
    for (const [id, url] of urls) if (!this.#peers.has(id)) this.#meet(id, url);
  }

  isDown(id: string): boolean {
    const peer = this.#peers.get(id);
    return peer?.met === true && !peer.check.up;
  }

  stop(): void {
    this.watch([]);
  }

  #meet(id: string, url: string): void {
    const { times, log, terms = TERMS } = this.#options;
    const upstream = new Upstream(url, times);
    const ask = async (signal: AbortSignal): Promise<boolean> => {
      try {
        const target = healthPathOf('film');
        const { head } = await upstream.text({ method: 'GET', target, fields: [] }, signal);
        if (head.status === 200) peer.met = true;
        return head.status === 200;
      } catch {
        // Whatever it was, there was no answer.
        return false;
      }
    };
    const tell = (up: boolean) => {
      if (peer.met) log.info({ edge: id, up }, 'another edge has gone or come back');
    };
    const peer: Peer = { url, upstream, check: new HealthCheck(terms, ask, tell), met: false };
    this.#peers.set(id, peer);
    peer.check.start();
  }

  #leave(id: string, { check, upstream }: Peer): void {
    this.#peers.delete(id);
    check.stop();
    void upstream.stop();
  }
}
