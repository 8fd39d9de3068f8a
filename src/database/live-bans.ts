import type { Clock } from '../kernel/clock.ts';
import type { Database } from './open.ts';

export interface LiveBan {
  /** As chat messages name their author. */
  readonly authorId: string;
  /** Epoch milliseconds; absent for good. */
  readonly untilMs?: number;
}

/** Of one stream; a chat that needs more has to be closed, or opened to those with a grant. */
const MAX_BANS = 10_000;

/** Who may not write in a stream's chat. */
export class LiveBanRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Those that hold now; the newest of them when there are very many. */
  async list(streamId: string): Promise<LiveBan[]> {
    const rows = await this.#db
      .selectFrom('live_bans')
      .select(['author_id', 'until'])
      .where('stream_id', '=', streamId)
      .where((where) => where.or([where('until', 'is', null), where('until', '>', this.#clock.now())]))
      .orderBy('created_at', 'desc')
      .limit(MAX_BANS)
      .execute();
    return rows.map(({ author_id: authorId, until }) => ({
      authorId,
      ...(until === null ? {} : { untilMs: Number(until) }),
    }));
  }

  /** Counts from now on; one that there is already gets this end. */
  async add(streamId: string, { authorId, untilMs }: LiveBan): Promise<void> {
    const now = this.#clock.now();
    const until = untilMs ?? null;
    await this.#db.deleteFrom('live_bans').where('stream_id', '=', streamId).where('until', '<=', now).execute();
    await this.#db
      .insertInto('live_bans')
      .values({ stream_id: streamId, author_id: authorId, until, created_at: now })
      .onConflict((conflict) => conflict.columns(['stream_id', 'author_id']).doUpdateSet({ until, created_at: now }))
      .execute();
  }

  async remove(streamId: string, authorId: string): Promise<void> {
    await this.#db
      .deleteFrom('live_bans')
      .where('stream_id', '=', streamId)
      .where('author_id', '=', authorId)
      .execute();
  }
}
