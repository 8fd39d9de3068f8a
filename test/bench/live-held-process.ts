/** The viewers of `live-held.ts`: each connects and asks once, then all ask for what is not there yet, and wait. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

const [url = '', now = '', later = '', count = '1'] = process.argv.slice(2);
const { protocol, host, hostname, port } = new URL(url);
/** So many at a time, that no backlog overflows. */
const AT_ONCE = 100;

/** Asks, and resolves when the answer has begun. */
type Ask = (path: string) => Promise<void>;

async function arrivePlain(): Promise<Ask> {
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  return async (path) => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    if (!bytes.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(bytes.toString('latin1', 0, 200));
  };
}

async function arriveHttp2(): Promise<Ask> {
  const session = connectHttp2(url, { rejectUnauthorized: false });
  await once(session, 'connect');
  return async (path) => {
    const stream = session.request({ ':path': path });
    stream.resume();
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    if (fields[':status'] !== 200) throw new Error(String(fields[':status']));
  };
}

const asks: Ask[] = [];
while (asks.length < Number(count)) {
  const more = Math.min(AT_ONCE, Number(count) - asks.length);
  const arrived = await Promise.all(Array.from({ length: more }, protocol === 'https:' ? arriveHttp2 : arrivePlain));
  await Promise.all(arrived.map((ask) => ask(now)));
  asks.push(...arrived);
}
console.log('open');
await once(process.stdin, 'data');
// Until the bench ends the process.
for (const ask of asks) ask(later).catch(() => {});
