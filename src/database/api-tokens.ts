import type { Selectable } from 'kysely';
import { parseScopes, type Scope } from '../kernel/access/api-token.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { ApiTokenTable } from './schema.ts';
import { transact } from './transact.ts';

/** What is known of an issued token. The token itself is a signed JWT that only its holder has. */
export interface ApiToken {
  readonly id: string;
  /** A session does what its user may do, whatever that is by then. */
  readonly kind: 'api' | 'session';
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Whose session it is, or which user is behind the making of it; absent for the server. */
  readonly userId?: string;
  /** The API token it was made with. */
  readonly madeBy?: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs?: number;
  /** Not to the minute. */
  readonly lastUsedAtMs?: number;
}

export type NewApiToken = Omit<ApiToken, 'createdAtMs' | 'revokedAtMs' | 'lastUsedAtMs'>;

/** What else happens in the transaction of a change. */
export type WithToken = (trx: DatabaseTransaction, token: ApiToken) => Promise<void>;

/** How long a token is remembered after its end. */
const KEPT_MS = 30 * 86_400_000;
/** How often the use of a token is written down. */
const TOUCH_MS = 300_000;

export class ApiTokenRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Undefined when the token that it is made with has been revoked meanwhile. */
  async add(token: NewApiToken, within?: WithToken): Promise<ApiToken | undefined> {
    return transact(this.#db, async (trx) => {
      if (token.madeBy !== undefined && !(await isGood(trx, token.madeBy))) return undefined;
      const added = await insertToken(trx, token, this.#clock.now());
      await within?.(trx, added);
      return added;
    });
  }

  async find(id: string): Promise<ApiToken | undefined> {
    const row = await this.#db.selectFrom('api_tokens').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toApiToken(row);
  }

  /** All API tokens, oldest first, revoked ones too. */
  async list(): Promise<ApiToken[]> {
    const tokens = this.#db.selectFrom('api_tokens').selectAll().where('kind', '=', 'api');
    return (await tokens.orderBy('created_at').orderBy('id').execute()).map(toApiToken);
  }

  /** The sessions of a user that are open, oldest first. */
  async sessions(userId: string): Promise<ApiToken[]> {
    const rows = await this.#db
      .selectFrom('api_tokens')
      .selectAll()
      .where('user_id', '=', userId)
      .where('kind', '=', 'session')
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', this.#clock.now())
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(toApiToken);
  }

  /**
   * Revokes for good, and with it every token that was made with it. Undefined when there is no such token; revoking
   * twice keeps the first time.
   */
  async revoke(id: string, kind: ApiToken['kind'], within?: WithToken): Promise<ApiToken | undefined> {
    return transact(this.#db, async (trx) => {
      const found = trx.selectFrom('api_tokens').selectAll().where('id', '=', id).where('kind', '=', kind);
      const row = await found.forUpdate().executeTakeFirst();
      if (!row) return undefined;
      await revokeAll(trx, [id], this.#clock.now());
      await within?.(trx, toApiToken(row));
      return toApiToken(row);
    });
  }

  /** Notes that a token is used, unless that was done lately. */
  async touch({ id, lastUsedAtMs = 0 }: Pick<ApiToken, 'id' | 'lastUsedAtMs'>): Promise<void> {
    const now = this.#clock.now();
    if (now - lastUsedAtMs < TOUCH_MS) return;
    await this.#db.updateTable('api_tokens').set({ last_used_at: now }).where('id', '=', id).execute();
  }

  /** Forgets tokens that have long expired. */
  async sweep(): Promise<void> {
    const past = this.#clock.now() - KEPT_MS;
    await this.#db.deleteFrom('api_tokens').where('expires_at', '<', past).execute();
  }
}

export async function insertToken(trx: DatabaseTransaction, token: NewApiToken, nowMs: number): Promise<ApiToken> {
  const row: Selectable<ApiTokenTable> = {
    id: token.id,
    kind: token.kind,
    name: token.name,
    scopes: token.scopes.join(' '),
    user_id: token.userId ?? null,
    made_by: token.madeBy ?? null,
    created_at: nowMs,
    expires_at: token.expiresAtMs,
    revoked_at: null,
    last_used_at: null,
  };
  await trx.insertInto('api_tokens').values(row).execute();
  return toApiToken(row);
}

/** Revokes the sessions of a user and, where `kinds` says so, the tokens he is behind. */
export async function revokeTokensOf(
  trx: DatabaseTransaction,
  userId: string,
  kinds: readonly ApiToken['kind'][],
  nowMs: number,
): Promise<void> {
  await trx
    .updateTable('api_tokens')
    .set({ revoked_at: nowMs })
    .where('user_id', '=', userId)
    .where('kind', 'in', kinds)
    .where('revoked_at', 'is', null)
    .execute();
}

/** Generation after generation: a token is always made after the one it was made with. */
async function revokeAll(trx: DatabaseTransaction, ids: readonly string[], nowMs: number): Promise<void> {
  await trx
    .updateTable('api_tokens')
    .set({ revoked_at: nowMs })
    .where('id', 'in', ids)
    .where('revoked_at', 'is', null)
    .execute();
  const made = await trx.selectFrom('api_tokens').select('id').where('made_by', 'in', ids).execute();
  if (made.length > 0)
    await revokeAll(
      trx,
      made.map(({ id }) => id),
      nowMs,
    );
}

async function isGood(trx: DatabaseTransaction, id: string): Promise<boolean> {
  const maker = trx.selectFrom('api_tokens').select('id').where('id', '=', id).where('revoked_at', 'is', null);
  return (await maker.forUpdate().executeTakeFirst()) !== undefined;
}

function toApiToken(row: Selectable<ApiTokenTable>): ApiToken {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    scopes: parseScopes(row.scopes),
    ...(row.user_id === null ? {} : { userId: row.user_id }),
    ...(row.made_by === null ? {} : { madeBy: row.made_by }),
    createdAtMs: Number(row.created_at),
    expiresAtMs: Number(row.expires_at),
    ...(row.revoked_at === null ? {} : { revokedAtMs: Number(row.revoked_at) }),
    ...(row.last_used_at === null ? {} : { lastUsedAtMs: Number(row.last_used_at) }),
  };
}
