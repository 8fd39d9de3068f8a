/** The viewers of `crowd.ts`: bare sockets that count bytes, since 300 HTTP clients would measure themselves. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { median } from './measure.ts';

const [url = '', viewers = '1', sizeBytes = '0'] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const scratch = Buffer.allocUnsafe(65_536);

interface Viewer {
  readonly socket: Socket;
  firstByteMs: number;
  endMs: number;
}

/** Resolves when connected; what arrives is read into one buffer for all and only counted. */
async function arrive(): Promise<{ viewer: Viewer; done: Promise<void>; ask: (startedAt: number) => void }> {
  const done = Promise.withResolvers<void>();
  let startedAt = 0;
  let head = '';
  let missing = Number.NaN;
  const read = (count: number, buffer: Uint8Array): boolean => {
    let body = count;
    if (Number.isNaN(missing)) {
      head += Buffer.from(buffer.subarray(0, count)).toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return true;
      if (!head.startsWith('HTTP/1.1 200')) done.reject(new Error(head.slice(0, end)));
      body = head.length - end - 4;
      missing = Number(sizeBytes);
    }
    if (body > 0 && viewer.firstByteMs === 0) viewer.firstByteMs = performance.now() - startedAt;
    missing -= body;
    if (missing > 0) return true;
    viewer.endMs = performance.now() - startedAt;
    done.resolve();
    return true;
  };
  const socket = connect({ port: Number(port), host: hostname, onread: { buffer: scratch, callback: read } });
  const viewer: Viewer = { socket, firstByteMs: 0, endMs: 0 };
  await once(socket, 'connect');
  socket.on('error', done.reject);
  socket.on('close', () => done.reject(new Error('the connection broke')));
  const ask = (at: number) => {
    startedAt = at;
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  };
  return { viewer, done: done.promise, ask };
}

const all = await Promise.all(Array.from({ length: Number(viewers) }, arrive));
const startedAt = performance.now();
for (const { ask } of all) ask(startedAt);
await Promise.all(all.map(({ done }) => done));
for (const { viewer } of all) viewer.socket.destroy();
console.log(
  JSON.stringify({
    firstByteMs: median(all.map(({ viewer }) => viewer.firstByteMs)),
    lastEndMs: Math.max(...all.map(({ viewer }) => viewer.endMs)),
  }),
);
