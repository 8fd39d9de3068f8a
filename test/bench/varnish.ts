import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Peer, startPeer } from './peer.ts';
import { freePort } from './ports.ts';

/** Varnish with its objects in memory, on one core. It speaks no TLS, and logs to shared memory alone. */
export async function startVarnish(folder: string, originUrl: string, core: number): Promise<Peer> {
  const port = await freePort();
  const file = join(folder, 'varnish.vcl');
  await writeFile(file, configuration(new URL(originUrl)));
  const pools = ['-p', 'thread_pools=1', '-p', 'timeout_idle=600'];
  // Without changing its user, who could not enter the bench's folder.
  const place = ['-j', 'none', '-n', join(folder, 'varnish'), '-s', 'malloc,256m', '-a', `127.0.0.1:${port}`];
  return startPeer({ name: 'Varnish', command: ['varnishd', '-F', ...place, ...pools, '-f', file], core, port });
}

/** Told to look at no cookies, which are otherwise a reason to cache nothing. */
function configuration({ hostname, port }: URL): string {
  return `
vcl 4.1;
backend default { .host = "${hostname}"; .port = "${port}"; }
sub vcl_recv { unset req.http.Cookie; }
`;
}
