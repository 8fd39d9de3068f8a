import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { ContentKeyRepository } from '../../src/database/content-keys.ts';
import { EncodingRepository } from '../../src/database/encodings.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const ladder = parseLadder(readFileSync(new URL('../../media/ladders/h264.json', import.meta.url), 'utf8'));

describe.each(DATABASES)('content keys in $name', ({ fresh }) => {
  let on: FreshDatabase;
  let assets: AssetRepository;
  let encodings: EncodingRepository;
  let keys: ContentKeyRepository;

  beforeEach(async () => {
    on = await fresh();
    const clock = new HandClock();
    assets = new AssetRepository(on.database, clock);
    encodings = new EncodingRepository(on.database, clock);
    keys = new ContentKeyRepository(on.database, 'secret');
    await assets.create({ id: 'as_a', title: 'a', policy: 'public', sourceName: 'a.mp4', encryption: 'aes-128' });
    await assets.sourceStored('as_a', 1);
  });
  afterEach(() => on.discard());

  const again = async () => {
    const { version } = await encodings.request('as_a', { ladder }, async () => {});
    return version;
  };

  test('are made once, however many ask, and rest where they cannot be read', async () => {
    const elsewhere = new ContentKeyRepository(await on.another(), 'secret');
    await Promise.all([keys, elsewhere, keys, elsewhere].map((each) => each.provide('as_a', 1)));
    const key = await keys.find('as_a', 1);
    expect(key).toHaveLength(16);
    expect(await elsewhere.find('as_a', 1)).toEqual(key);
    const rows = await on.database.selectFrom('content_keys').selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(key?.toString('base64url'));
  });

  test('are made for wanted versions only', async () => {
    await keys.provide('as_a', 2);
    await keys.provide('as_b', 1);
    expect(await on.database.selectFrom('content_keys').selectAll().execute()).toEqual([]);
  });

  test('cannot be read under another secret', async () => {
    await keys.provide('as_a', 1);
    const other = new ContentKeyRepository(on.database, 'another');
    await expect(other.find('as_a', 1)).rejects.toMatchObject({ code: 'CONTENT_KEY_UNREADABLE' });
  });

  test('are another for every version, and go with theirs', async () => {
    await keys.provide('as_a', 1);
    await assets.advance('as_a', 'ready');
    const replaced = await again();
    await keys.provide('as_a', replaced);
    const [first, second] = [await keys.find('as_a', 1), await keys.find('as_a', replaced)];
    expect(second).not.toEqual(first);
    // Fails: its key is of no use to anybody.
    await encodings.fail('as_a', replaced, { code: 'ENCODE_FAILED', says: 'no' });
    expect(await keys.find('as_a', replaced)).toBeUndefined();
    const served = await again();
    await keys.provide('as_a', served);
    await encodings.switchTo('as_a', served, 1_000);
    // Whoever is in the middle of version 1 plays it to its end.
    expect(await keys.find('as_a', 1)).toEqual(first);
    await encodings.forget({ assetId: 'as_a', version: 1 });
    expect(await keys.find('as_a', 1)).toBeUndefined();
    expect(await keys.find('as_a', served)).toHaveLength(16);
    await assets.delete('as_a');
    expect(await on.database.selectFrom('content_keys').selectAll().execute()).toEqual([]);
  });
});
