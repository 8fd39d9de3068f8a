import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { EncodingRepository } from '../../src/database/encodings.ts';
import { RemovalRepository } from '../../src/database/removals.ts';
import { Fault } from '../../src/kernel/errors.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { StoreSweeper } from '../../src/transcode/store-sweeper.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';
import { STORES } from './stores.ts';

// A whole OpenStack Swift is one of the stores.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const [ONE, OTHER] = ['as_aaaaaaaaaaaaaaaa', 'as_bbbbbbbbbbbbbbbb'] as const;
const HOUR_MS = 3_600_000;

/** The folder and one bucket, each beside another database: the two know nothing of each other. */
const PLACES = STORES.slice(0, 2).map((store, at) => ({ store, database: DATABASES[at] ?? DATABASES[0] }));

describe.each(PLACES)('what should have been removed from $store.name, said $database.name,', ({ store, database }) => {
  let folder: string;
  let on: FreshDatabase;
  let open: { store: ObjectStore; close(): Promise<void> };
  let clock: HandClock;
  let assets: AssetRepository;
  let encodings: EncodingRepository;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frontrow-removals-'));
    on = await (database as (typeof DATABASES)[number]).fresh();
    open = await store.open(folder);
    clock = new HandClock();
    assets = new AssetRepository(on.database, clock);
    encodings = new EncodingRepository(on.database, clock);
    for (const id of [ONE, OTHER]) {
      await assets.create({ id, title: id, policy: 'public', sourceName: 'film.mp4' });
      await assets.sourceStored(id, 1);
      for (const key of FILM) await put(id, key);
      await open.store.put(`sources/${id}/original`, Buffer.from('source'));
    }
  });
  afterEach(async () => {
    await open.close();
    await on.discard();
    await rm(folder, { recursive: true, force: true });
  });

  const FILM = ['master.m3u8', 'v1/240p/s00000.m4s', 'v1/240p/init.mp4'];
  const put = (id: string, key: string) => open.store.put(`assets/${id}/${key}`, Buffer.from(key));
  const sweeper = () => {
    const removals = new RemovalRepository(on.database, clock);
    return new StoreSweeper({ encodings, removals, store: open.store, clock, log: silentLog });
  };
  const noted = async () => (await new RemovalRepository(on.database, clock).list(ALL)).map(({ prefix }) => prefix);
  const ALL = { settledOnly: false, limit: 1_000 };
  const keys = async (id: string) => {
    const found: string[] = [];
    for (const place of ['assets', 'sources']) {
      for await (const key of open.store.list(`${place}/${id}/`)) found.push(key.slice(place.length + id.length + 2));
    }
    return found.toSorted();
  };
  const WHOLE = [...FILM, 'original'].toSorted();

  test('of a film whose row is gone, by whoever died then, is removed at the next start; other films stay', async () => {
    await assets.delete(ONE);
    await sweeper().sweep({ settledOnly: false });
    expect(await keys(ONE)).toEqual([]);
    expect(await keys(OTHER)).toEqual(WHOLE);
  });

  test('and comes late is removed an hour later, and then there is nothing left to do', async () => {
    await assets.delete(ONE);
    await sweeper().sweep({ settledOnly: false });
    await put(ONE, 'v1/240p/s00001.m4s');
    clock.turn(HOUR_MS - 1);
    await sweeper().sweep();
    expect(await keys(ONE)).toEqual(['v1/240p/s00001.m4s']);
    clock.turn(1);
    await Promise.all([sweeper().sweep(), sweeper().sweep()]);
    expect(await keys(ONE)).toEqual([]);
    expect(await noted()).toEqual([]);
    expect(await keys(OTHER)).toEqual(WHOLE);
  });

  test('and cannot be, because the store is away, is tried again', async () => {
    await assets.delete(ONE);
    clock.turn(HOUR_MS);
    vi.spyOn(open.store, 'deletePrefix').mockRejectedValueOnce(new Fault('STORAGE_UNAVAILABLE'));
    await expect(sweeper().sweep()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await keys(ONE)).toEqual(WHOLE);
    await sweeper().sweep();
    expect([await keys(ONE), await noted()]).toEqual([[], []]);
  });

  test('of a film that was given up leaves its source, unless that is no good', async () => {
    await assets.fail(ONE, { code: 'ENCODE_FAILED', says: 'no' });
    await assets.fail(OTHER, { code: 'SOURCE_NOT_MEDIA', says: 'no' });
    await sweeper().sweep({ settledOnly: false });
    expect(await keys(ONE)).toEqual(['original']);
    expect(await keys(OTHER)).toEqual([]);
  });

  test('of a version that failed or that another one replaced leaves the version that is served', async () => {
    await assets.advance(ONE, 'ready');
    for (const version of [2, 3]) {
      await encodings.request(ONE, { ladder: ladder(version) }, async () => {});
      await put(ONE, `v${version}/240p/s00000.m4s`);
    }
    await sweeper().sweep({ settledOnly: false });
    expect(await keys(ONE)).toEqual([...WHOLE, 'v3/240p/s00000.m4s'].toSorted());
    await encodings.fail(ONE, 3, { code: 'ENCODE_FAILED', says: 'no' });
    await sweeper().sweep({ settledOnly: false });
    expect(await keys(ONE)).toEqual(WHOLE);
  });

  test('is never what the database does not know: another server may have put it there', async () => {
    await put('as_cccccccccccccccc', 'v1/240p/s00000.m4s');
    clock.turn(1_000 * HOUR_MS);
    await sweeper().sweep({ settledOnly: false });
    expect(await keys('as_cccccccccccccccc')).toEqual(['v1/240p/s00000.m4s']);
  });
});

function ladder(version: number) {
  return parseLadder(
    JSON.stringify({
      name: `ladder-${version}`,
      codec: 'h264',
      preset: 'veryfast',
      rungs: [{ height: 240, crf: 25, maxrateBps: 400_000 }],
      audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
    }),
  );
}
