import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openHotPlace, PLAYLIST } from './hot.ts';
import type { Table } from './measure.ts';
import { residentBytes } from './memory.ts';

const exec = promisify(execFile);

const CONNECTIONS = 10_000;
const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** What a viewer costs who keeps a connection and asks for nothing, beside nginx and Varnish. */
export async function benchIdle(): Promise<Table[]> {
  const place = await openHotPlace(SERVER_CORE);
  try {
    const rows: string[][] = [];
    for (const peer of place.peers) {
      for (const url of [peer.url, peer.tlsUrl]) {
        if (url === undefined) continue;
        process.stderr.write(`idle: ${peer.name}, ${new URL(url).protocol}\n`);
        rows.push(
          await measure(`${peer.name}, ${url === peer.tlsUrl ? 'TLS' : 'plain'}`, url, peer.pid, place.cookieFor(url)),
        );
      }
    }
    const head = ['server', 'memory before', 'with all of them', 'each'];
    return [{ title: `${CONNECTIONS} connections kept open, one request made on each`, head, rows }];
  } finally {
    await place.close();
  }
}

async function measure(name: string, url: string, pid: number, cookie: string): Promise<string[]> {
  const before = residentBytes(pid);
  const script = fileURLToPath(new URL('./idle-process.ts', import.meta.url));
  const command = [process.execPath, script, url + PLAYLIST.path, `${CONNECTIONS}`, cookie];
  const running = exec('taskset', ['-c', `${LOAD_CORE}`, ...command]);
  // It says so once all are open and have had their answer, and goes when its input ends.
  await new Promise<void>((resolve, reject) => {
    running.child.stdout?.once('data', () => resolve());
    running.catch(reject);
  });
  const after = residentBytes(pid);
  running.child.stdin?.end();
  await running;
  const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  return [name, mib(before), mib(after), `${((after - before) / CONNECTIONS / 1024).toFixed(1)} KiB`];
}
