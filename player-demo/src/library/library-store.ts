import type { ApiClient } from '../api/client.ts';
import { EventFeed, type FeedState } from '../api/event-feed.ts';
import { Problem } from '../api/problem.ts';
import type { Asset, AssetEvent, AssetPolicy, FilmWish, VersionWish } from '../api/shapes.ts';
import { Cell } from '../cell.ts';
import { applyEvent, isUnsettled, placeAsset, type Shelf, sortShelf } from './shelf.ts';

const POLL_BUSY_MS = 3_000;
const POLL_IDLE_MS = 20_000;

/** The library, kept true: read once, then followed by events, or by polling while the event socket is away. */
export class LibraryStore {
  readonly shelf = new Cell<Shelf | undefined>(undefined);
  readonly problem = new Cell<Problem | undefined>(undefined);
  readonly feedState = new Cell<FeedState>('connecting');
  readonly #api: ApiClient;
  #feed: EventFeed | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Events that arrived during a reading are newer than what it brings, so they are applied again after it. */
  #duringReading: AssetEvent[] | undefined;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  start(token: string): void {
    this.#feed = new EventFeed(token, {
      onMessage: (message) => this.#apply(message),
      onState: (state) => this.feedState.set(state),
      onGap: () => void this.refresh(),
    });
    this.#feed.start();
    void this.refresh();
  }

  stop(): void {
    this.#feed?.stop();
    clearTimeout(this.#timer);
    this.shelf.set(undefined);
    this.problem.set(undefined);
    this.feedState.set('connecting');
  }

  async refresh(): Promise<void> {
    if (this.#duringReading) return;
    this.#duringReading = [];
    try {
      const read = sortShelf(await this.#api.listAssets());
      this.shelf.set(this.#duringReading.reduce(applyEvent, read));
      this.problem.set(undefined);
    } catch (thrown) {
      this.problem.set(Problem.from(thrown));
    } finally {
      this.#duringReading = undefined;
      this.#schedule();
    }
  }

  async rename(asset: Asset, title: string): Promise<void> {
    this.#place(await this.#api.changeAsset(asset.assetId, { title }));
  }

  async setPolicy(asset: Asset, policy: AssetPolicy): Promise<void> {
    this.#place(await this.#api.changeAsset(asset.assetId, { policy }));
  }

  async encodeAgain(asset: Asset, wish: VersionWish): Promise<void> {
    this.#place(await this.#api.encodeAgain(asset.assetId, wish));
  }

  async remove(assetId: string): Promise<void> {
    await this.#api.deleteAsset(assetId);
    this.#apply({ type: 'deleted', assetId });
  }

  async pull(url: string, wish: FilmWish): Promise<void> {
    this.#place(await this.#api.pullAsset(url, wish));
  }

  #place(asset: Asset): void {
    this.shelf.update((shelf) => placeAsset(shelf ?? [], asset));
  }

  #apply(message: AssetEvent): void {
    this.#duringReading?.push(message);
    this.shelf.update((shelf) => shelf && applyEvent(shelf, message));
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#feed === undefined) return;
    const busy = this.shelf.value === undefined || this.shelf.value.some(isUnsettled);
    const pauseMs = busy && this.feedState.value !== 'live' ? POLL_BUSY_MS : POLL_IDLE_MS;
    this.#timer = setTimeout(() => void this.refresh(), pauseMs);
  }
}
