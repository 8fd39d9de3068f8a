import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLineFile } from '../../src/config/log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a file of lines has every line, in order, when it is closed', async () => {
  const path = join(folder, 'new', 'access.log');
  const file = openLineFile(path);
  const lines = Array.from({ length: 20_000 }, (_, at) => `line ${at}, ${'é'.repeat(at % 50)}\n`);
  for (const [at, line] of lines.entries()) {
    file.write(line);
    if (at % 1_000 === 0) await new Promise(setImmediate);
  }
  await file.close();
  expect(await readFile(path, 'utf8')).toBe(lines.join(''));
});

test('what a quiet edge has to say is in the file soon', async () => {
  const path = join(folder, 'access.log');
  const file = openLineFile(path);
  file.write('one line\n');
  const inFile = () => readFile(path, 'utf8').catch(() => '');
  await expect.poll(inFile, { timeout: 5_000 }).toBe('one line\n');
  await file.close();
});

test('a file that cannot be written costs the lines and nothing else', async () => {
  const file = openLineFile('/proc/nowhere/access.log');
  for (let at = 0; at < 1_000; at++) file.write(`${'x'.repeat(200)}\n`);
  await new Promise(setImmediate);
  file.write('after all\n');
});
