import { once } from 'node:events';
import { expect, test } from 'vitest';
import { removeFolder } from '../harness/control-server.ts';
import { RunningCommand } from '../harness/frontrow.ts';
import { freshFolder } from '../harness/server.ts';

test('of two servers that start at once on one folder, one runs and the other says why it does not', async () => {
  const folder = await freshFolder();
  const start = () => new RunningCommand(['serve', '--data', folder, '--port', '0', '--edge-port', '0']);
  const servers = [start(), start()];
  try {
    const ready = servers.map(async (server) => {
      for await (const said of server.process.stdout ?? []) if (String(said).includes('Console')) return 'ready';
      return (await server.ended()).stderr;
    });
    const outcomes = await Promise.all(ready);
    expect(outcomes).toContain('ready');
    expect(outcomes).toContainEqual(expect.stringMatching(/already runs on the data folder/));
  } finally {
    for (const server of servers) {
      if (server.process.exitCode !== null) continue;
      server.process.kill('SIGTERM');
      await once(server.process, 'exit');
    }
    await removeFolder(folder);
  }
});
