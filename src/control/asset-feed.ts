import type { Asset } from '../database/assets.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { ASSETS, type Signals } from '../queue/signals.ts';

/** What the feed asks of the database. */
export interface ChangedAssets {
  changedSince(sinceMs: number, limit: number): Promise<Asset[]>;
}

export type FeedEvent =
  | { readonly type: 'asset'; readonly asset: unknown }
  | { readonly type: 'deleted'; readonly assetId: string }
  /** Changes were left out: look at the list again. */
  | { readonly type: 'resync' };

export type FeedListener = (event: FeedEvent) => void;

export interface FeedParts {
  readonly assets: ChangedAssets;
  readonly signals: Signals;
  readonly view: (asset: Asset) => unknown;
  readonly clock: Clock;
  readonly log: Log;
}

/** A film being encoded changes with every segment; a page needs to hear it a few times a second at most. */
const PAUSE_MS = 200;
/** Signals may be lost between processes. */
const LOOK_AGAIN_MS = 3_000;
/** Rows written while another transaction was open, or by a machine whose clock lags, carry a time slightly past. */
const OVERLAP_MS = 5_000;
const BATCH = 500;

/**
 * Turns "some asset changed" into what changed. It reads the rows touched lately, and sends those whose view differs
 * from what it sent last. Sleeps while nobody listens.
 */
export class AssetFeed {
  readonly #parts: FeedParts;
  readonly #listeners = new Set<FeedListener>();
  #sent = new Map<string, string>();
  #stop: AbortController | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** The returned function ends the subscription. */
  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop?.abort();
    };
  }

  /** Tells everybody at once; the row is gone, so no look at the database would find it. */
  deleted(assetId: string): void {
    this.#sent.delete(assetId);
    this.#publish({ type: 'deleted', assetId });
  }

  async stop(): Promise<void> {
    this.#listeners.clear();
    this.#stop?.abort();
    await this.#running;
  }

  #start(): void {
    if (this.#stop && !this.#stop.signal.aborted) return;
    const stop = new AbortController();
    this.#stop = stop;
    const before = this.#running;
    this.#running = (async () => {
      await before;
      await this.#follow(stop.signal);
    })();
  }

  async #follow(stop: AbortSignal): Promise<void> {
    const { signals, log } = this.#parts;
    this.#sent = new Map();
    let sinceMs = this.#parts.clock.now();
    while (!stop.aborted) {
      // Listening starts before the look, so that a change in between is not missed.
      const changed = signals.next(ASSETS, LOOK_AGAIN_MS, stop);
      try {
        sinceMs = await this.#look(sinceMs);
      } catch (cause) {
        log.error({ err: cause }, 'the asset feed could not read changes');
      }
      await changed;
      await signals.next('asset-feed-pause', PAUSE_MS, stop);
    }
  }

  async #look(sinceMs: number): Promise<number> {
    const rows = await this.#parts.assets.changedSince(sinceMs - OVERLAP_MS, BATCH);
    const recent = new Map<string, string>();
    for (const row of rows) {
      const asset = this.#parts.view(row);
      const text = JSON.stringify(asset);
      recent.set(row.id, text);
      if (this.#sent.get(row.id) !== text) this.#publish({ type: 'asset', asset });
    }
    this.#sent = recent;
    if (rows.length < BATCH) return Math.max(sinceMs, this.#parts.clock.now() - PAUSE_MS);
    // More changed than one look reads: nobody follows such a crowd row by row.
    this.#publish({ type: 'resync' });
    return this.#parts.clock.now();
  }

  #publish(event: FeedEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
