import type { FeedMark } from '../../database/edge-feed.ts';
import type { JwksRepository } from '../../database/jwks.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { EDGE_CONFIG, type Signals } from '../../queue/signals.ts';
import { fetchJwks } from './fetch.ts';

export interface PollerParts {
  readonly jwks: JwksRepository;
  /** Addresses that key groups name. */
  readonly urls: () => Promise<readonly string[]>;
  readonly mark: () => Promise<FeedMark>;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly log: Log;
  readonly allowPrivate: boolean;
}

const LOOK_MS = 2_000;
/** Longer than a fetch may take. */
const LEASE_MS = 20_000;
/** After a failure. What was had before counts on. */
const RETRY_MS = 30_000;

/** Fetches the keys of identity providers when it is time. Of several controls one does, whichever comes first. */
export class JwksPoller {
  readonly #parts: PollerParts;
  readonly #stop = new AbortController();
  #urls: readonly string[] = [];
  #revision = -1;
  #running: Promise<void> = Promise.resolve();
  #ailing = false;

  constructor(parts: PollerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#keepLooking();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #keepLooking(): Promise<void> {
    const { signals, log } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // A key group that is new is looked at at once.
      const changed = signals.next(EDGE_CONFIG, LOOK_MS, signal);
      try {
        await this.#look();
        this.#ailing = false;
      } catch (cause) {
        if (!this.#ailing && !signal.aborted) log.error({ err: cause }, 'sets of keys cannot be looked after');
        this.#ailing = true;
      }
      await changed;
    }
  }

  async #look(): Promise<void> {
    const { urls, mark, jwks } = this.#parts;
    const { revision } = await mark();
    if (revision !== this.#revision) this.#urls = await urls();
    this.#revision = revision;
    await Promise.all(
      this.#urls.map(async (url) => {
        if (await jwks.claim(url, LEASE_MS)) await this.#fetch(url);
      }),
    );
  }

  async #fetch(url: string): Promise<void> {
    const { jwks, signals, clock, log, allowPrivate } = this.#parts;
    try {
      const { keys, lifeSeconds } = await fetchJwks(url, allowPrivate, this.#stop.signal);
      const isNew = await jwks.keep(url, keys, clock.now() + lifeSeconds * 1000);
      if (!isNew) return;
      log.info({ url: withoutQuery(url), kids: keys.map(({ kid }) => kid) }, 'a set of keys has changed');
      signals.notify(EDGE_CONFIG);
    } catch (cause) {
      if (this.#stop.signal.aborted) return;
      log.warn({ err: cause, url: withoutQuery(url) }, 'a set of keys cannot be had, and the last one counts on');
      await jwks.postpone(url, clock.now() + RETRY_MS);
    }
  }
}

/** Some providers are asked with a key in the query. */
function withoutQuery(url: string): string {
  const [address = ''] = url.split('?');
  return address;
}
