import type { Clock } from '../kernel/clock.ts';
import type { Database } from './open.ts';

/** Nodes that wait with a stream look every few seconds; one whose database was away may look later. */
const KEPT_MS = 3_600_000;

/** Chat messages that were taken back while nothing was broadcast, when any node may have said them. */
export class LiveDeletionRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** The ids of messages that were lately taken back. */
  async list(streamId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('live_deletions')
      .select('message_id')
      .where('stream_id', '=', streamId)
      .where('created_at', '>', this.#clock.now() - KEPT_MS)
      .execute();
    return rows.map(({ message_id }) => message_id);
  }

  /** Those of the stream that everybody has heard of go at the same time. */
  async add(streamId: string, messageId: string): Promise<void> {
    const now = this.#clock.now();
    await this.#db
      .deleteFrom('live_deletions')
      .where('stream_id', '=', streamId)
      .where('created_at', '<=', now - KEPT_MS)
      .execute();
    await this.#db
      .insertInto('live_deletions')
      .values({ stream_id: streamId, message_id: messageId, created_at: now })
      .onConflict((conflict) => conflict.columns(['stream_id', 'message_id']).doNothing())
      .execute();
  }
}
