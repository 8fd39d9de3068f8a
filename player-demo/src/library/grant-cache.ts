import type { Shelter } from '../session-shelter.ts';

/** A grant this close to its end is not handed out again: what starts now should also finish loading. */
const SPARE_MS = 120_000;
const GRANT_SECONDS = 4 * 3600;
const STORE_PREFIX = 'frontrow.grant.';

type Issue<Grant> = (id: string, expiresInSeconds: number) => Promise<Grant>;

/**
 * Grants for our own viewing, one an asset or stream, used until shortly before they end. They outlive a reload in the session's
 * storage, so that posters keep their address and come from the browser's cache.
 */
export class GrantCache<Grant extends { readonly expiresAt: string }> {
  readonly #issue: Issue<Grant>;
  readonly #shelter: Pick<Shelter, 'getItem' | 'setItem' | 'removeItem'>;
  readonly #nowMs: () => number;
  readonly #pending = new Map<string, Promise<Grant>>();

  constructor(issue: Issue<Grant>, shelter: Pick<Shelter, 'getItem' | 'setItem' | 'removeItem'>, nowMs: () => number) {
    this.#issue = issue;
    this.#shelter = shelter;
    this.#nowMs = nowMs;
  }

  async get(id: string): Promise<Grant> {
    const kept = this.#read(id);
    if (kept) return kept;
    const pending = this.#pending.get(id) ?? this.#fetch(id);
    this.#pending.set(id, pending);
    return pending;
  }

  forget(id: string): void {
    this.#shelter.removeItem(STORE_PREFIX + id);
  }

  async #fetch(id: string): Promise<Grant> {
    try {
      const grant = await this.#issue(id, GRANT_SECONDS);
      this.#shelter.setItem(STORE_PREFIX + id, JSON.stringify(grant));
      return grant;
    } finally {
      this.#pending.delete(id);
    }
  }

  #read(id: string): Grant | undefined {
    const text = this.#shelter.getItem(STORE_PREFIX + id);
    if (text === null) return undefined;
    const grant = JSON.parse(text) as Grant;
    return Date.parse(grant.expiresAt) - SPARE_MS > this.#nowMs() ? grant : undefined;
  }
}
