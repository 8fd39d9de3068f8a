import type { Selectable } from 'kysely';
import { firstBeyond, parseScopes, type Scope } from '../kernel/access/api-token.ts';
import { ROLE_NAMES, ROLE_SCOPES, type RoleName } from '../kernel/access/roles.ts';
import type { Clock } from '../kernel/clock.ts';
import { revokeTokensOf } from './api-tokens.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { UserTable } from './schema.ts';
import { transact } from './transact.ts';

/** Somebody who may use this server. He has no password: links that somebody makes for him sign him in. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  /** Where his scopes are those of a role. */
  readonly role?: RoleName;
  readonly scopes: readonly Scope[];
  readonly createdAtMs: number;
  readonly disabledAtMs?: number;
}

/** Of role and scopes one at most. */
export interface UserChange {
  readonly name?: string;
  readonly email?: string | null;
  readonly role?: RoleName;
  readonly scopes?: readonly Scope[];
  readonly enabled?: boolean;
}

/** What else happens in the transaction of a change; what it throws undoes the change. */
export type WithUser = (trx: DatabaseTransaction, before: User, after: User) => Promise<void>;

/** Who the server's own sign-in link is for: there from the first start, and always an administrator. */
export const ADMINISTRATOR_ID = 'usr_administrator';

export class UserRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Leaves the one who is there as he is: he may have another name by now. */
  async addAdministrator(): Promise<void> {
    const row = this.#rowOf({ id: ADMINISTRATOR_ID, name: 'Administrator', role: 'admin' });
    await this.#db
      .insertInto('users')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  async add(
    user: { readonly id: string; readonly name: string } & Omit<UserChange, 'enabled'>,
    within: (trx: DatabaseTransaction, user: User) => Promise<void>,
  ): Promise<User> {
    const row = this.#rowOf(user);
    return transact(this.#db, async (trx) => {
      await trx.insertInto('users').values(row).execute();
      await within(trx, toUser(row));
      return toUser(row);
    });
  }

  async find(id: string): Promise<User | undefined> {
    const row = await this.#db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toUser(row);
  }

  /** All users, oldest first, disabled ones too. */
  async list(): Promise<User[]> {
    const rows = await this.#db.selectFrom('users').selectAll().orderBy('created_at').orderBy('id').execute();
    return rows.map(toUser);
  }

  /**
   * The user after the change; undefined when there is none. Whoever may do less than before is signed out everywhere, and
   * links that were made for what he was sign nobody in.
   */
  async edit(id: string, change: UserChange, within: WithUser): Promise<User | undefined> {
    return transact(this.#db, async (trx) => {
      const row = await lock(trx, id);
      if (!row) return undefined;
      const changed = { ...row, ...columnsOf(change, row, this.#clock.now()) };
      const [before, after] = [toUser(row), toUser(changed)];
      const { id: _, ...columns } = changed;
      await trx.updateTable('users').set(columns).where('id', '=', id).execute();
      if (isLess(before, after)) await revokeTokensOf(trx, id, ['session'], this.#clock.now());
      if (row.role !== changed.role || row.scopes !== changed.scopes || after.disabledAtMs !== undefined) {
        await trx.deleteFrom('sign_in_links').where('user_id', '=', id).execute();
      }
      await within(trx, before, after);
      return after;
    });
  }

  /** Deletes him with his links, and revokes his sessions and every token he is behind. Undefined when there is none. */
  async delete(id: string, within: (trx: DatabaseTransaction, user: User) => Promise<void>): Promise<User | undefined> {
    return transact(this.#db, async (trx) => {
      const row = await lock(trx, id);
      if (!row) return undefined;
      await revokeTokensOf(trx, id, ['session', 'api'], this.#clock.now());
      await trx.deleteFrom('users').where('id', '=', id).execute();
      await within(trx, toUser(row));
      return toUser(row);
    });
  }

  #rowOf(user: { readonly id: string; readonly name: string } & UserChange): Selectable<UserTable> {
    return {
      id: user.id,
      name: user.name,
      email: user.email ?? null,
      role: user.role ?? null,
      scopes: (user.role ? [] : (user.scopes ?? [])).join(' '),
      created_at: this.#clock.now(),
      disabled_at: null,
    };
  }
}

function columnsOf(change: UserChange, row: Selectable<UserTable>, nowMs: number): Partial<Selectable<UserTable>> {
  const { name, email, role, scopes, enabled } = change;
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(role === undefined ? {} : { role, scopes: '' }),
    ...(scopes === undefined ? {} : { role: null, scopes: scopes.join(' ') }),
    ...(enabled === undefined ? {} : { disabled_at: enabled ? null : (row.disabled_at ?? nowMs) }),
  };
}

function isLess(before: User, after: User): boolean {
  return after.disabledAtMs !== undefined || firstBeyond(after.scopes, before.scopes) !== undefined;
}

function lock(trx: DatabaseTransaction, id: string): Promise<Selectable<UserTable> | undefined> {
  return trx.selectFrom('users').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export function toUser(row: Selectable<UserTable>): User {
  const role = ROLE_NAMES.find((name) => name === row.role);
  return {
    id: row.id,
    name: row.name,
    ...(row.email === null ? {} : { email: row.email }),
    ...(role === undefined ? {} : { role }),
    scopes: role ? ROLE_SCOPES[role] : parseScopes(row.scopes),
    createdAtMs: Number(row.created_at),
    ...(row.disabled_at === null ? {} : { disabledAtMs: Number(row.disabled_at) }),
  };
}
