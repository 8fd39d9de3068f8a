import type { TokenKey } from '../kernel/access/jwks.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ConfigByKind } from '../kernel/distribution/documents.ts';
import { noteEdgeChange } from './edge-feed.ts';
import type { Database } from './open.ts';
import { transact } from './transact.ts';

type Named = Pick<ConfigByKind['key-group'], 'jwksUrl'>;

/** Far longer than a set is used without being asked for again. One that is forgotten too early is fetched again. */
const UNASKED_MS = 86_400_000;

/** What identity providers publish, by its address, as it was last had. */
export class JwksRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** The last good set of each address. */
  async sets(): Promise<ReadonlyMap<string, readonly TokenKey[]>> {
    const rows = await this.#db.selectFrom('jwks').select(['url', 'keys']).execute();
    return new Map(rows.map(({ url, keys }) => [url, JSON.parse(keys) as TokenKey[]]));
  }

  /** True when it is time to fetch this one and nobody else is at it; whoever is told so has `leaseMs` for it. */
  async claim(url: string, leaseMs: number): Promise<boolean> {
    const now = this.#clock.now();
    const known = await this.#db.selectFrom('jwks').selectAll().where('url', '=', url).executeTakeFirst();
    if (known && (Number(known.due_at) > now || Number(known.leased_until) > now)) return false;
    if (!known) {
      await this.#db
        .insertInto('jwks')
        .values({ url, keys: '[]', due_at: 0, leased_until: 0 })
        .onConflict((conflict) => conflict.column('url').doNothing())
        .execute();
    }
    const { numUpdatedRows } = await this.#db
      .updateTable('jwks')
      .set({ leased_until: now + leaseMs })
      .where('url', '=', url)
      .where('due_at', '<=', now)
      .where('leased_until', '<=', now)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  /** Keeps what came; true when it is not what was there. */
  async keep(url: string, keys: readonly TokenKey[], dueAtMs: number): Promise<boolean> {
    const text = JSON.stringify(keys);
    return transact(this.#db, async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('jwks')
        .set({ keys: text })
        .where('url', '=', url)
        .where('keys', '!=', text)
        .executeTakeFirstOrThrow();
      await trx.updateTable('jwks').set({ due_at: dueAtMs, leased_until: 0 }).where('url', '=', url).execute();
      if (numUpdatedRows > 0n) await noteEdgeChange(trx);
      return numUpdatedRows > 0n;
    });
  }

  /** Forgets the sets that no key group names any more and that nobody has asked for lately. */
  async sweep(): Promise<void> {
    const now = this.#clock.now();
    const groups = this.#db.selectFrom('configurations').select('document').where('kind', '=', 'key-group');
    const named = new Set((await groups.execute()).map(({ document }) => (JSON.parse(document) as Named).jwksUrl));
    const old = this.#db
      .selectFrom('jwks')
      .select('url')
      .where('due_at', '<', now - UNASKED_MS)
      .where('leased_until', '<', now - UNASKED_MS);
    const gone = (await old.execute()).map(({ url }) => url).filter((url) => !named.has(url));
    for (const url of gone) await this.#db.deleteFrom('jwks').where('url', '=', url).execute();
  }

  /** Nothing came; what was there stays. */
  async postpone(url: string, dueAtMs: number): Promise<void> {
    await this.#db.updateTable('jwks').set({ due_at: dueAtMs, leased_until: 0 }).where('url', '=', url).execute();
  }
}
