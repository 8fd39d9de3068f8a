import type { Clock } from '../kernel/clock.ts';
import { type ApiToken, insertToken } from './api-tokens.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import { transact } from './transact.ts';
import { toUser, type User } from './users.ts';

/** A link that signs a user in, once. Only its id is here: what opens the session is a signed JWT that names it. */
export interface SignInLink {
  readonly id: string;
  readonly userId: string;
  readonly expiresAtMs: number;
}

export class SignInLinkRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** The user it is for; undefined, with nothing added, when there is none or he is disabled. */
  async add(
    link: SignInLink,
    within?: (trx: DatabaseTransaction, user: User) => Promise<void>,
  ): Promise<User | undefined> {
    return transact(this.#db, async (trx) => {
      const user = await enabledUser(trx, link.userId);
      if (!user) return undefined;
      const { id, userId, expiresAtMs } = link;
      const row = { id, user_id: userId, created_at: this.#clock.now(), expires_at: expiresAtMs, used_at: null };
      await trx.insertInto('sign_in_links').values(row).execute();
      await within?.(trx, user);
      return user;
    });
  }

  /** Opens a session by a link, which is used up by it. Undefined when it was before, is too old, or its user is gone. */
  async use(
    id: string,
    session: Pick<ApiToken, 'id' | 'name' | 'expiresAtMs'>,
    within: (trx: DatabaseTransaction, user: User) => Promise<void>,
  ): Promise<User | undefined> {
    return transact(this.#db, async (trx) => {
      const now = this.#clock.now();
      const used = await trx
        .updateTable('sign_in_links')
        .set({ used_at: now })
        .where('id', '=', id)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .returning('user_id')
        .executeTakeFirst();
      const user = used && (await enabledUser(trx, used.user_id));
      if (!user) return undefined;
      await insertToken(trx, { ...session, kind: 'session', scopes: [], userId: user.id }, now);
      await within(trx, user);
      return user;
    });
  }

  /** Forgets what no longer signs anybody in. */
  async sweep(): Promise<void> {
    await this.#db.deleteFrom('sign_in_links').where('expires_at', '<', this.#clock.now()).execute();
  }
}

/** Locked, so that he is not disabled or deleted at that very moment. */
async function enabledUser(trx: DatabaseTransaction, id: string): Promise<User | undefined> {
  const found = trx.selectFrom('users').selectAll().where('id', '=', id).where('disabled_at', 'is', null);
  const row = await found.forUpdate().executeTakeFirst();
  return row && toUser(row);
}
