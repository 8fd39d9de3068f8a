import { types } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { openPostgres } from '../../src/database/open.ts';
import { isPostgresUrl } from '../../src/database/postgres.ts';
import { transact } from '../../src/database/transact.ts';
import { Fault } from '../../src/kernel/errors.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { freshPostgresUrl } from './databases.ts';
import { HandClock } from './hand-clock.ts';

// What only PostgreSQL can get wrong.

let url: string;
let drop: () => Promise<void>;

beforeEach(async () => {
  ({ url, drop } = await freshPostgresUrl());
});
afterEach(() => drop());

const open = (more: { connections?: number } = {}) => openPostgres({ url, connections: 4, log: silentLog, ...more });

test('servers that start at once on an empty database make its tables once, and all of them run', async () => {
  const databases = await Promise.all(Array.from({ length: 6 }, () => open()));
  const versions = await Promise.all(
    databases.map((each) =>
      each.withTables<{ kysely_migration: { name: string } }>().selectFrom('kysely_migration').selectAll().execute(),
    ),
  );
  expect(new Set(versions.map((rows) => rows.map(({ name }) => name).join())).size).toBe(1);
  for (const each of databases) await each.destroy();
});

test('large numbers come back as numbers, and the table of types that others use is left alone', async () => {
  const database = await open();
  const assets = new AssetRepository(database, new HandClock());
  await assets.create({ id: 'as_a', title: 'a', policy: 'public', sourceName: 'a', sourceBytes: 5_000_000_000 });
  const row = await database.selectFrom('assets').select(['source_bytes', 'created_at']).executeTakeFirstOrThrow();
  expect(row).toEqual({ source_bytes: 5_000_000_000, created_at: new HandClock().now() });
  expect(types.getTypeParser(types.builtins.INT8)('1')).toBe('1');
  await database.destroy();
});

test('transactions that lock one another out are both done, one after the other', async () => {
  const database = await open();
  const assets = new AssetRepository(database, new HandClock());
  for (const id of ['as_a', 'as_b']) await assets.create({ id, title: '', policy: 'public', sourceName: '' });
  const met = Promise.withResolvers<void>();
  let holding = 0;
  let begun = 0;
  const write = (first: string, second: string) =>
    transact(database, async (trx) => {
      begun += 1;
      const mark = (id: string) =>
        trx
          .updateTable('assets')
          .set({ title: `${first}${second}` })
          .where('id', '=', id)
          .execute();
      await mark(first);
      holding += 1;
      if (holding === 2) met.resolve();
      await met.promise;
      await mark(second);
    });
  await Promise.all([write('as_a', 'as_b'), write('as_b', 'as_a')]);
  expect(begun).toBe(3);
  const titles = (await assets.list(2)).map(({ title }) => title);
  expect(new Set(titles).size).toBe(1);
  await database.destroy();
});

test('a text that PostgreSQL cannot keep is its sender’s fault, not ours', async () => {
  const database = await open();
  const assets = new AssetRepository(database, new HandClock());
  const made = assets.create({ id: 'as_a', title: 'a\0b', policy: 'public', sourceName: 'a' });
  await expect(made).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  await database.destroy();
});

test('more work than connections waits for its turn', async () => {
  const database = await open({ connections: 2 });
  const assets = new AssetRepository(database, new HandClock());
  const make = (_: unknown, at: number) =>
    assets.create({ id: `as_${at}`, title: '', policy: 'public', sourceName: '' });
  await Promise.all(Array.from({ length: 40 }, make));
  expect((await assets.list(100)).length).toBe(40);
  await database.destroy();
});

test('a database that does not exist is not waited for, and no error has the password in it', async () => {
  const wrong = url.replace(/[^/]*$/, 'no_such_database');
  const failed: unknown = await openPostgres({ url: wrong, connections: 2, log: silentLog }).catch((cause) => cause);
  expect(failed).toBeInstanceOf(Fault);
  expect((failed as Fault).message).toBe('The database cannot be used: database "no_such_database" does not exist.');
  const password = new URL(url).password;
  expect(password).not.toBe('');
  expect(JSON.stringify([failed, (failed as Fault).cause])).not.toContain(password);
});

test.each([
  ['postgres://user:pass@db.example:5432/frontrow', true],
  ['postgresql://db.example/frontrow?sslmode=verify-full', true],
  ['postgres://user@%2Fvar%2Frun%2Fpostgresql/frontrow', true],
  ['mysql://db.example/frontrow', false],
  ['postgres://user:pass@[/frontrow', false],
  ['./data', false],
])('%s is the address of a database: %s', (text, is) => {
  expect(isPostgresUrl(text)).toBe(is);
});
