import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { lockData } from '../../src/config/data-lock.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { frontrow, RunningCommand } from '../harness/frontrow.ts';

const ALREADY = /already runs on the data folder/;

test('of two servers that start at once on one folder, one runs and the other says why it does not', async () => {
  const folder = await freshFolder();
  const start = () => new RunningCommand(['serve', '--data', folder, '--port', '0', '--edge-port', '0']);
  const servers = [start(), start()];
  try {
    const ready = servers.map(async (server) => {
      for await (const said of server.process.stdout ?? []) if (String(said).includes('Console')) return 'ready';
      return (await server.ended()).stderr;
    });
    expect((await Promise.all(ready)).sort()).toEqual([expect.stringMatching(ALREADY), 'ready']);
  } finally {
    for (const server of servers) {
      if (server.process.exitCode !== null) continue;
      server.process.kill('SIGTERM');
      await once(server.process, 'exit');
    }
    await removeFolder(folder);
  }
});

test('a server that may not have the folder leaves the secrets of the one that has it alone', async () => {
  const folder = await freshFolder();
  await mkdir(folder, { recursive: true });
  const lock = lockData(folder);
  try {
    const { status, stderr } = await frontrow(['serve', '--data', folder, '--port', '0', '--edge-port', '0']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(ALREADY) });
    expect(existsSync(join(folder, 'secrets.json'))).toBe(false);
  } finally {
    lock?.release();
    await removeFolder(folder);
  }
});

const LOCKER = fileURLToPath(new URL('../harness/lock-process.ts', import.meta.url));

test('of processes that reach for the lock in the same moment exactly one gets it, every time', async () => {
  const folder = await freshFolder();
  const rivals = [fork(LOCKER), fork(LOCKER)];
  try {
    for (let round = 0; round < 40; round += 1) {
      const each = join(folder, String(round));
      await mkdir(each, { recursive: true });
      const atMs = performance.timeOrigin + performance.now() + 3;
      const outcomes = rivals.map(async (rival) => {
        const answered = once(rival, 'message');
        rival.send({ folder: each, atMs });
        const [got] = (await answered) as [boolean];
        return got;
      });
      expect((await Promise.all(outcomes)).filter(Boolean), `round ${round}`).toHaveLength(1);
    }
  } finally {
    for (const rival of rivals) rival.kill();
    await removeFolder(folder);
  }
});
