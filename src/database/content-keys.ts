import { newContentKey, unwrapKey, wrapKey } from '../kernel/encryption/wrapped-key.ts';
import { Fault } from '../kernel/errors.ts';
import { filmOfVersion } from './encodings.ts';
import type { Database } from './open.ts';
import { transact } from './transact.ts';

/**
 * The keys that films are encrypted with, one a version, sealed under a secret that is not in the database. A key lives as
 * long as its version does, and goes with it in the same write.
 */
export class ContentKeyRepository {
  readonly #db: Database;
  readonly #secret: string;

  constructor(db: Database, secret: string) {
    this.#db = db;
    this.#secret = secret;
  }

  /** Makes the key of a version that has none yet; nothing for a version that is not wanted any more. */
  async provide(assetId: string, version: number): Promise<void> {
    const wrapped = wrapKey(newContentKey(), { assetId, version }, this.#secret);
    await transact(this.#db, async (trx) => {
      if (!(await filmOfVersion(trx, assetId, version))) return;
      await trx
        .insertInto('content_keys')
        .values({ asset_id: assetId, version, wrapped })
        .onConflict((conflict) => conflict.columns(['asset_id', 'version']).doNothing())
        .execute();
    });
  }

  /**
   * The 16 bytes, or undefined when the version has no key: it is not encrypted, or is gone.
   * @throws Fault CONTENT_KEY_UNREADABLE when it was sealed under another secret.
   */
  async find(assetId: string, version: number): Promise<Buffer | undefined> {
    const row = await this.#db
      .selectFrom('content_keys')
      .select('wrapped')
      .where('asset_id', '=', assetId)
      .where('version', '=', version)
      .executeTakeFirst();
    if (!row) return undefined;
    const key = unwrapKey(row.wrapped, { assetId, version }, this.#secret);
    if (!key) throw new Fault('CONTENT_KEY_UNREADABLE', { detail: { assetId, version } });
    return key;
  }
}
