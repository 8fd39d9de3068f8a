import { spawnSync } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clearScratch, dropScratch, makeScratch } from './scratch.ts';

test('what a dead process left is removed, what a living one uses is not', async () => {
  const dead = spawnSync('true').pid;
  const left = join(tmpdir(), `frontrow-${dead}-AbC123`);
  await mkdir(left);
  const own = await makeScratch();
  try {
    await clearScratch();
    await expect(stat(left)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await stat(own)).isDirectory()).toBe(true);
  } finally {
    await dropScratch(own);
  }
});
