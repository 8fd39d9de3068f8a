/** The viewers of `idle.bench.ts`: each connects, asks once, and stays. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [url = '', count = '1', cookie = ''] = process.argv.slice(2);
const { protocol, host, hostname, port, pathname } = new URL(url);
/** So many at a time, that no backlog overflows. */
const AT_ONCE = 100;

async function arrive(): Promise<Socket> {
  const at = { host: hostname, port: Number(port) };
  const socket = protocol === 'https:' ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
  await once(socket, protocol === 'https:' ? 'secureConnect' : 'connect');
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`);
  let seen = '';
  for (;;) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    seen += bytes.toString('latin1');
    if (!seen.startsWith('HTTP/1.1 200')) throw new Error(seen.slice(0, 200));
    if (seen.endsWith('#EXT-X-ENDLIST\n')) return socket;
  }
}

const open: Socket[] = [];
while (open.length < Number(count)) {
  const more = Math.min(AT_ONCE, Number(count) - open.length);
  open.push(...(await Promise.all(Array.from({ length: more }, arrive))));
}
console.log('open');
process.stdin.resume();
await once(process.stdin, 'end');
for (const socket of open) socket.destroy();
