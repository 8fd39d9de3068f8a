import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadNodeId } from './node-id.ts';

test('a data folder keeps its name, and another has another', async () => {
  const folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'frontrow-node-'))));
  const [first = '', second = ''] = folders;
  const name = await loadNodeId(first);
  expect(name).toMatch(/^nd_\w{16}$/);
  expect(await loadNodeId(first)).toBe(name);
  expect(await loadNodeId(second)).not.toBe(name);
  for (const folder of folders) await rm(folder, { recursive: true });
});
