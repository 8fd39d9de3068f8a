import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';

const MEBIBYTE = 1_048_576;
const FRESH = { 'Cache-Control': 'max-age=60' };

let s: EdgeScenario;
const sockets: Socket[] = [];
beforeEach(async () => {
  s = await new EdgeScenario({ clock: systemClock, settings: { viewerIdleMs: 1_000 } }).start();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await s.stop();
});

/** A viewer who asks and then takes nothing until told to. */
async function deafViewer(target: string, field = 'X-Deaf: 1'): Promise<Socket> {
  const { hostname, port } = new URL(s.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET ${target} HTTP/1.1\r\nHost: edge\r\n${field}\r\n\r\n`);
  return socket;
}

test('a viewer who takes no byte is let go after the idle time', async () => {
  s.origin.serve('/large', { headers: FRESH, body: Buffer.alloc(24 * MEBIBYTE, 'l') });
  await s.get('/large');
  await deafViewer('/large');
  await s.settled(2);
  expect(s.facts[1]?.durationMs).toBeGreaterThan(900);
});

test('a viewer who takes nothing holds nobody else, neither in a fill nor from memory', async () => {
  const held = s.origin.hold('/large');
  await deafViewer('/large');
  await held.arrived;
  const others = [s.viewer('/large'), s.viewer('/large')];
  while (s.edge.readersOf('/large') < 3) await new Promise(setImmediate);
  held.release({ headers: FRESH, body: Buffer.alloc(16 * MEBIBYTE, 'l') });
  const answers = await Promise.all(others.map((each) => each.answer));
  expect(answers.map((each) => each.body.length)).toEqual([16 * MEBIBYTE, 16 * MEBIBYTE]);
});

test('a viewer who waits for the origin longer than the idle time is not let go', async () => {
  const held = s.origin.hold('/slow');
  const viewer = s.viewer('/slow');
  await held.arrived;
  // Longer than viewerIdleMs: the wait is what is tested.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  held.release({ headers: FRESH, body: 'at last' });
  expect((await viewer.answer).body.toString()).toBe('at last');
});

test('a viewer whose body the origin does not take for longer than the idle time is not let go', async () => {
  await s.stop();
  const origin = createServer((request, response) => {
    // Longer than viewerIdleMs: the wait is what is tested.
    setTimeout(() => request.resume(), 3_000);
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
    });
    request.pause();
    request.on('end', () => response.end(String(sizeBytes)));
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  s = await new EdgeScenario({ clock: systemClock, originUrl, settings: { viewerIdleMs: 2_000 } }).start();
  const answer = await s.get('/form', { method: 'POST', body: 'x'.repeat(24 * MEBIBYTE) });
  expect(answer.body.toString()).toBe(String(24 * MEBIBYTE));
  origin.close();
});

test('a viewer alone with an object too large to keep slows the origin down to his own speed', async () => {
  await s.stop();
  s = await new EdgeScenario({ clock: systemClock, settings: { cacheBytes: MEBIBYTE } }).start();
  let sent = 0;
  s.origin.script('/huge', (_asked, response) => {
    response.writeHead(200, { 'Content-Length': String(256 * MEBIBYTE) });
    const more = () => {
      while (sent < 256 * MEBIBYTE) {
        sent += MEBIBYTE;
        if (!response.write(Buffer.alloc(MEBIBYTE))) return;
      }
    };
    response.on('drain', more);
    more();
  });
  await deafViewer('/huge');
  await s.origin.until('/huge', 1);
  let before = -1;
  // Until the pipe is full: two looks a moment apart that see the same number.
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(sent).toBeLessThan(64 * MEBIBYTE);
});

test('a viewer who takes nothing of a coding slows the origin down where it cannot be kept, and holds nobody else', async () => {
  await s.stop();
  s = await new EdgeScenario({ clock: systemClock, settings: { cacheBytes: 8 * MEBIBYTE } }).start();
  // Noise, so that as much goes out as comes in.
  const noise = randomBytes(MEBIBYTE);
  let sent = 0;
  s.origin.script('/huge', (_asked, response) => {
    response.writeHead(200, { ...FRESH, 'Content-Type': 'text/plain' });
    const more = () => {
      while (sent < 256 * MEBIBYTE) {
        sent += MEBIBYTE;
        if (!response.write(noise)) return;
      }
    };
    response.on('drain', more);
    more();
  });
  s.origin.serve('/other', { headers: { ...FRESH, 'Content-Type': 'text/plain' }, body: 'other '.repeat(1_000) });
  await deafViewer('/huge', 'Accept-Encoding: gzip');
  await s.origin.until('/huge', 1);
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect([sent < 64 * MEBIBYTE, s.edge.usage.cachedBytes <= 8 * MEBIBYTE]).toEqual([true, true]);
  const other = await s.get('/other', { headers: { 'Accept-Encoding': 'gzip' } });
  expect(gunzipSync(other.body).toString()).toBe('other '.repeat(1_000));
});

// The time limit is part of the claim: the connection would stay open for a minute.
test('a stop finishes what runs, refuses what comes, and a second stop is the same', async () => {
  await s.stop();
  s = await new EdgeScenario({ clock: systemClock }).start();
  const held = s.origin.hold('/a');
  const viewer = s.viewer('/a');
  await held.arrived;
  const stops = [s.edge.stop(), s.edge.stop()];
  expect(stops[0]).toBe(stops[1]);
  held.release({ headers: FRESH, body: 'to the end' });
  expect((await viewer.answer).body.toString()).toBe('to the end');
  await stops[0];
  await expect(s.get('/a')).rejects.toThrow();
}, 5_000);

test('a connection without a request is let go after the idle time, and so is one with half a body', async () => {
  s.origin.serve('/a', { headers: FRESH, body: 'a' });
  const { hostname, port } = new URL(s.url);
  const open = (bytes: string) => {
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    socket.on('error', () => {});
    socket.resume();
    socket.write(bytes);
    return once(socket, 'close');
  };
  await Promise.all([
    open('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'),
    open('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf'),
  ]);
});

test('two requests in one breath are answered in their order', async () => {
  s.origin.serve('/1', { headers: FRESH, body: 'first' });
  s.origin.serve('/2', { headers: FRESH, body: 'second' });
  const { hostname, port } = new URL(s.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'end');
  expect(text.indexOf('first')).toBeGreaterThan(0);
  expect(text.indexOf('second')).toBeGreaterThan(text.indexOf('first'));
});

test.each([
  ['two lengths', 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
  [
    'a length and chunks',
    'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['no host', 'GET /a HTTP/1.1\r\n\r\n'],
  ['a head of 64 KiB', `GET /a HTTP/1.1\r\nHost: a\r\nX-Pad: ${'x'.repeat(65_536)}\r\n\r\n`],
])('a request with %s does not reach the origin', async (_what, bytes) => {
  const { hostname, port } = new URL(s.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(bytes);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 4(00|31)/);
  expect(s.origin.asked).toEqual([]);
});
