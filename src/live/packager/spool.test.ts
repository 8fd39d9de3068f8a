import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../kernel/log.ts';
import { Spool } from './spool.ts';

const PART = { rendition: 'audio', session: 1, sequence: 0 };

test('a disk that hangs is waited for once, and again when it has caught up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-spool-'));
  const hung = join(folder, 'audio', '1-0.m4s');
  await mkdir(join(folder, 'audio'));
  execFileSync('mkfifo', [hung]);
  const spool = new Spool(folder, silentLog);
  const waited = async () => {
    const from = performance.now();
    await spool.caughtUp();
    return performance.now() - from;
  };
  spool.append(PART, new Uint8Array(3));
  expect(await waited()).toBeGreaterThan(100);
  // Not a turn of the event loop.
  expect(await waited()).toBeLessThan(100);
  const written = spool.written();
  expect(await readFile(hung)).toHaveLength(3);
  await written;
  spool.append({ ...PART, sequence: 1 }, new Uint8Array(5));
  await waited();
  expect(await readFile(join(folder, 'audio', '1-1.m4s'))).toHaveLength(5);
  await rm(folder, { recursive: true, force: true });
});
