import type { PlaybackGrant } from '../api/shapes.ts';

/** A grant this close to its end is not handed out again: what starts now should also finish loading. */
const SPARE_MS = 120_000;
const GRANT_SECONDS = 4 * 3600;
const STORE_PREFIX = 'frontrow.grant.';

type Issue = (assetId: string, expiresInSeconds: number) => Promise<PlaybackGrant>;
type Shelter = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Grants for our own viewing, one an asset, used until shortly before they end. They outlive a reload in the session's
 * storage, so that posters keep their address and come from the browser's cache.
 */
export class GrantCache {
  readonly #issue: Issue;
  readonly #shelter: Shelter;
  readonly #nowMs: () => number;
  readonly #pending = new Map<string, Promise<PlaybackGrant>>();

  constructor(issue: Issue, shelter: Shelter, nowMs: () => number) {
    this.#issue = issue;
    this.#shelter = shelter;
    this.#nowMs = nowMs;
  }

  async get(assetId: string): Promise<PlaybackGrant> {
    const kept = this.#read(assetId);
    if (kept) return kept;
    const pending = this.#pending.get(assetId) ?? this.#fetch(assetId);
    this.#pending.set(assetId, pending);
    return pending;
  }

  forget(assetId: string): void {
    this.#shelter.removeItem(STORE_PREFIX + assetId);
  }

  async #fetch(assetId: string): Promise<PlaybackGrant> {
    try {
      const grant = await this.#issue(assetId, GRANT_SECONDS);
      this.#shelter.setItem(STORE_PREFIX + assetId, JSON.stringify(grant));
      return grant;
    } finally {
      this.#pending.delete(assetId);
    }
  }

  #read(assetId: string): PlaybackGrant | undefined {
    const text = this.#shelter.getItem(STORE_PREFIX + assetId);
    if (text === null) return undefined;
    const grant = JSON.parse(text) as PlaybackGrant;
    return Date.parse(grant.expiresAt) - SPARE_MS > this.#nowMs() ? grant : undefined;
  }
}
