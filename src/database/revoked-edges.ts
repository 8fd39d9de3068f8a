import type { FeedMark } from './edge-feed.ts';

/** What is asked of the database. */
interface Source {
  mark(): Promise<FeedMark>;
  revokedIds(): Promise<readonly string[]>;
}

/** A revocation made by another process counts after so long. */
const TRUST_MS = 1_000;

/**
 * Which edges are revoked, for whoever is asked by them often: a look at one row a second, and at the list only when
 * something has changed. While the database is away the last word stands.
 */
export class RevokedEdges {
  readonly #source: Source;
  #ids: ReadonlySet<string> = new Set();
  #mark = '';
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  async has(edgeId: string): Promise<boolean> {
    if (performance.now() - this.#lookedAt > TRUST_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#ids.has(edgeId);
  }

  async #look(): Promise<void> {
    const at = performance.now();
    try {
      const { lineage, revision } = await this.#source.mark();
      const mark = `${lineage} ${revision}`;
      if (mark !== this.#mark) this.#ids = new Set(await this.#source.revokedIds());
      this.#mark = mark;
    } catch {
      // What is wrong with the database is said by whoever needs it for the answer itself.
    }
    this.#lookedAt = at;
  }
}
