import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from './open.ts';

let folder: string;
let database: Database;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-open-'));
});
afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

const FILES = ['frontrow.sqlite', 'frontrow.sqlite-wal', 'frontrow.sqlite-shm'];

async function modes(): Promise<string[]> {
  const found = await Promise.all(FILES.map((name) => stat(join(folder, name))));
  return found.map(({ mode }) => (mode & 0o777).toString(8));
}

test('nobody else on the machine may read the database, which holds secrets', async () => {
  database = await openDatabase(folder);
  expect(await modes()).toEqual(['600', '600', '600']);
});

test('a database that everybody could read is closed to them at the next start, and at the one after a crash', async () => {
  for (const name of FILES) await writeFile(join(folder, name), '');
  for (const name of FILES) await chmod(join(folder, name), 0o644);
  database = await openDatabase(folder);
  expect(await modes()).toEqual(['600', '600', '600']);
});
