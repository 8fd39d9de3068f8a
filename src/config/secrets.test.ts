import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSecrets } from './secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('secrets are made once, kept for their user only, and read again', async () => {
  const made = await loadSecrets(join(folder, 'data'));
  expect(await loadSecrets(join(folder, 'data'))).toEqual(made);
  expect((await stat(join(folder, 'data', 'secrets.json'))).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, 'data'))).toEqual(['secrets.json']);
  expect(new Set([made.apiTokenSecret, made.edgeSecret, made.contentKeySecret]).size).toBe(3);
});

test('a key that was removed is made anew, the other secrets stay', async () => {
  const { grantKey, ...others } = await loadSecrets(folder);
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(others));
  const again = await loadSecrets(folder);
  expect(again).toMatchObject(others);
  expect(again.grantKey.keyPairId).not.toBe(grantKey.keyPairId);
  expect(JSON.parse(await readFile(join(folder, 'secrets.json'), 'utf8'))).toEqual(again);
});

test('a broken file is named rather than replaced', async () => {
  await writeFile(join(folder, 'secrets.json'), '{"api');
  await expect(loadSecrets(folder)).rejects.toThrow('secrets.json is not JSON');
  expect(await readFile(join(folder, 'secrets.json'), 'utf8')).toBe('{"api');
});
