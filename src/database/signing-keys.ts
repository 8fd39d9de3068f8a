import type { Selectable } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import { noteEdgeChange } from './edge-feed.ts';
import type { Database, DatabaseTransaction } from './open.ts';
import type { SigningKeyTable } from './schema.ts';
import { transact } from './transact.ts';

/** A public key that viewers' grants are checked with. The private half is its owner's and never here. */
export interface SigningKey {
  readonly keyPairId: string;
  readonly name: string;
  readonly owner: 'user' | 'server';
  readonly algorithm: 'RSA' | 'ECDSA';
  readonly publicKeyPem: string;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
}

/** What else happens in the transaction of a change: a key that is made as it is, one that is revoked as it was. */
type WithKey = (trx: DatabaseTransaction, key: SigningKey) => Promise<void>;

export class SigningKeyRepository {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Adds a key; an id that is there already is left as it is. */
  async add(key: Omit<SigningKey, 'createdAtMs' | 'revokedAtMs'>, within?: WithKey): Promise<SigningKey> {
    return transact(this.#db, async (trx) => {
      const { numInsertedOrUpdatedRows: added = 0n } = await trx
        .insertInto('signing_keys')
        .values({
          key_pair_id: key.keyPairId,
          name: key.name,
          owner: key.owner,
          algorithm: key.algorithm,
          public_key_pem: key.publicKeyPem,
          created_at: this.#clock.now(),
          revoked_at: null,
        })
        .onConflict((conflict) => conflict.column('key_pair_id').doNothing())
        .executeTakeFirstOrThrow();
      if (added > 0n) await noteEdgeChange(trx);
      const stored = trx.selectFrom('signing_keys').selectAll().where('key_pair_id', '=', key.keyPairId);
      const known = toSigningKey(await stored.executeTakeFirstOrThrow());
      await within?.(trx, known);
      return known;
    });
  }

  async find(keyPairId: string): Promise<SigningKey | undefined> {
    const row = await this.#db
      .selectFrom('signing_keys')
      .selectAll()
      .where('key_pair_id', '=', keyPairId)
      .executeTakeFirst();
    return row && toSigningKey(row);
  }

  /** All keys, oldest first, revoked ones too. */
  async list(): Promise<SigningKey[]> {
    const rows = await this.#db
      .selectFrom('signing_keys')
      .selectAll()
      .orderBy('created_at')
      .orderBy('key_pair_id')
      .execute();
    return rows.map(toSigningKey);
  }

  /** Revokes for good. False when there is no such key; revoking twice keeps the first time. */
  async revoke(keyPairId: string, within?: WithKey): Promise<boolean> {
    const known = await this.find(keyPairId);
    if (!known) return false;
    await transact(this.#db, async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('signing_keys')
        .set({ revoked_at: this.#clock.now() })
        .where('key_pair_id', '=', keyPairId)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) await noteEdgeChange(trx);
      await within?.(trx, known);
    });
    return true;
  }
}

function toSigningKey(row: Selectable<SigningKeyTable>): SigningKey {
  return {
    keyPairId: row.key_pair_id,
    name: row.name,
    owner: row.owner,
    algorithm: row.algorithm,
    publicKeyPem: row.public_key_pem,
    createdAtMs: Number(row.created_at),
    ...(row.revoked_at === null ? {} : { revokedAtMs: Number(row.revoked_at) }),
  };
}
