import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Database } from './open.ts';
import type { ApiTokenTable } from './schema.ts';

/** What is known of an issued API token. The token itself is a signed JWT that only its holder has. */
export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs?: number;
}

export class ApiTokenRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(token: Pick<ApiToken, 'id' | 'name' | 'scopes' | 'expiresAtMs'>): Promise<ApiToken> {
    const row: Selectable<ApiTokenTable> = {
      id: token.id,
      kind: 'api',
      name: token.name,
      scopes: token.scopes.join(' '),
      user_id: null,
      made_by: null,
      last_used_at: null,
      created_at: this.#clock.now(),
      expires_at: token.expiresAtMs,
      revoked_at: null,
    };
    await this.#db.insertInto('api_tokens').values(row).execute();
    return toApiToken(row);
  }

  async find(id: string): Promise<ApiToken | undefined> {
    const row = await this.#db.selectFrom('api_tokens').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toApiToken(row);
  }

  /** All tokens, oldest first. */
  async list(): Promise<ApiToken[]> {
    const rows = await this.#db.selectFrom('api_tokens').selectAll().orderBy('created_at').orderBy('id').execute();
    return rows.map(toApiToken);
  }

  /** Revokes for good. False when there is no such token; revoking twice keeps the first time. */
  async revoke(id: string): Promise<boolean> {
    if (!(await this.find(id))) return false;
    await this.#db
      .updateTable('api_tokens')
      .set({ revoked_at: this.#clock.now() })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .execute();
    return true;
  }
}

function toApiToken(row: Selectable<ApiTokenTable>): ApiToken {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes.split(' '),
    createdAtMs: Number(row.created_at),
    expiresAtMs: Number(row.expires_at),
    ...(row.revoked_at === null ? {} : { revokedAtMs: Number(row.revoked_at) }),
  };
}
