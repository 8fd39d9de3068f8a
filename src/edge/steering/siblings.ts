import type { Log } from '../../kernel/log.ts';
import type { FleetEdge } from '../../kernel/steering/fleet.ts';
import { healthPathOf } from '../health-path.ts';
import { HealthCheck, type HealthTerms } from '../origins/health.ts';
import { Upstream, type UpstreamTimes } from '../upstream.ts';

export interface SiblingsOptions {
  readonly times: UpstreamTimes;
  readonly log: Log;
  readonly terms?: HealthTerms;
}

/** Twice without an answer is down: known before what players have buffered is played. */
const TERMS: HealthTerms = { intervalMs: 5_000, timeoutMs: 2_000, threshold: 2 };

interface Sibling {
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
export class Siblings {
  readonly #options: SiblingsOptions;
  readonly #siblings = new Map<string, Sibling>();

  constructor(options: SiblingsOptions) {
    this.#options = options;
  }

  /** Asks these from now on, and no others. */
  watch(edges: readonly Pick<FleetEdge, 'id' | 'url'>[]): void {
    const urls = new Map(edges.map(({ id, url }) => [id, url]));
    for (const [id, sibling] of this.#siblings) if (urls.get(id) !== sibling.url) this.#leave(id, sibling);
    for (const [id, url] of urls) if (!this.#siblings.has(id)) this.#meet(id, url);
  }

  isDown(id: string): boolean {
    const sibling = this.#siblings.get(id);
    return sibling?.met === true && !sibling.check.up;
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
        if (head.status === 200) sibling.met = true;
        return head.status === 200;
      } catch {
        // Whatever it was, there was no answer.
        return false;
      }
    };
    const tell = (up: boolean) => {
      if (sibling.met) log.info({ edge: id, up }, 'another edge has gone or come back');
    };
    const sibling: Sibling = { url, upstream, check: new HealthCheck(terms, ask, tell), met: false };
    this.#siblings.set(id, sibling);
    sibling.check.start();
  }

  #leave(id: string, { check, upstream }: Sibling): void {
    this.#siblings.delete(id);
    check.stop();
    void upstream.stop();
  }
}
