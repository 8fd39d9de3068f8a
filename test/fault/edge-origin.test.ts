import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { RawViewer } from '../harness/raw-viewer.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };
const QUICK = { originConnectMs: 300, originFirstByteMs: 300, originIdleMs: 300 };

let s: EdgeScenario;
beforeEach(async () => {
  s = await new EdgeScenario({ clock: systemClock, settings: QUICK }).start();
});
afterEach(() => s.stop());

function code(body: Buffer): unknown {
  return JSON.parse(body.toString()).code;
}

test('an origin that closes before its promised length breaks the viewer off, and nothing of it is kept', async () => {
  const held = s.origin.hold('/a');
  const viewers = [s.viewer('/a'), s.viewer('/a')];
  await held.arrived;
  held.head({ headers: FRESH, lengthBytes: 100 });
  held.write('only a part');
  await Promise.all(viewers.map((each) => each.received(11)));
  held.breakOff();
  const ends = await Promise.allSettled(viewers.map((each) => each.answer));
  expect(ends.map((each) => each.status)).toEqual(['rejected', 'rejected']);
  await s.settled(2);
  expect(s.facts.map((fact) => fact.faultCode)).toEqual(['ORIGIN_TRUNCATED', 'ORIGIN_TRUNCATED']);
  expect(s.edge.usage).toMatchObject({ cachedBytes: 0, entries: 0, fills: 0 });
  s.origin.serve('/a', { headers: FRESH, body: 'whole' });
  expect((await s.get('/a')).body.toString()).toBe('whole');
});

test('a chunked answer that breaks off is not taken for a whole one', async () => {
  const held = s.origin.hold('/a');
  const viewer = s.viewer('/a');
  await held.arrived;
  held.head({ headers: FRESH });
  held.write('part');
  await viewer.received(4);
  held.breakOff();
  await expect(viewer.answer).rejects.toThrow();
  expect(s.edge.usage.entries).toBe(0);
});

test('an origin that stalls in the middle is given up after the idle time', async () => {
  const held = s.origin.hold('/a');
  const viewer = s.viewer('/a');
  await held.arrived;
  held.head({ headers: FRESH, lengthBytes: 10 });
  held.write('01234');
  await expect(viewer.answer).rejects.toThrow();
  await s.settled(1);
  expect(s.facts[0]?.faultCode).toBe('ORIGIN_TIMEOUT');
});

test('an origin that never answers is a 504 after the first-byte time', async () => {
  s.origin.hold('/a');
  const answer = await s.get('/a');
  expect([answer.status, code(answer.body)]).toEqual([504, 'ORIGIN_TIMEOUT']);
});

test('an origin that is not there is a 502 with a code and the exchange id', async () => {
  await s.origin.stop();
  const answer = await s.get('/a');
  expect([answer.status, code(answer.body)]).toEqual([502, 'ORIGIN_UNREACHABLE']);
  expect(JSON.parse(answer.body.toString()).exchangeId).toBe(answer.headers['x-frontrow-id']);
  expect(answer.headers['x-cache']).toBe('Error from frontrow');
});

test('a connection that dies under a request is replaced once', async () => {
  let times = 0;
  s.origin.script('/a', (_asked, response) => {
    times += 1;
    if (times === 1) response.socket?.destroy();
    else response.writeHead(200, { 'Content-Length': '2' }).end('ok');
  });
  expect((await s.get('/a')).body.toString()).toBe('ok');
  expect(times).toBe(2);
});

test('a request that changes things is never sent twice', async () => {
  s.origin.script('/a', (_asked, response) => void response.socket?.destroy());
  const answer = await s.get('/a', { method: 'POST', body: 'pay' });
  expect([answer.status, s.origin.count('/a')]).toEqual([502, 1]);
});

test('a stalled origin is served around where there is a copy', async () => {
  await s.stop();
  const clock = new HandClock();
  s = await new EdgeScenario({ clock, settings: QUICK }).start();
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1' }, body: 'copy' });
  await s.get('/a');
  clock.advance(5);
  s.origin.hold('/a');
  const answer = await s.get('/a');
  expect([answer.status, answer.body.toString()]).toEqual([200, 'copy']);
});

test('followers of a fill whose origin resets get the answer of the next one', async () => {
  const held = s.origin.hold('/a');
  const behind = s.origin.hold('/a');
  const viewers = Array.from({ length: 4 }, () => s.viewer('/a'));
  while (s.edge.readersOf('/a') < 4) await new Promise(setImmediate);
  await held.arrived;
  held.head({ headers: FRESH, lengthBytes: 10 });
  held.breakOff();
  s.origin.serve('/a', { headers: FRESH, body: 'next' });
  await Promise.allSettled(viewers.map((each) => each.answer));
  behind.release({ headers: FRESH, body: 'next' });
  expect((await s.get('/a')).body.toString()).toBe('next');
});

/** An origin that writes exactly these bytes to every connection and, if told so, closes it. */
async function rawOrigin(bytes: string, then: 'close' | 'stay'): Promise<{ url: string; stop: () => void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(Buffer.from(bytes, 'latin1'));
      if (then === 'close') socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test.each([
  ['is no HTTP', 'SSH-2.0-server\r\n\r\n', 502],
  ['states two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!', 502],
  ['has endless headers', `HTTP/1.1 200 OK\r\n${'X-Pad: yes yes yes yes\r\n'.repeat(4_000)}\r\n`, 502],
  [
    'states a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    502,
  ],
])('an answer that %s is a 502', async (_what, bytes, status) => {
  const raw = await rawOrigin(bytes, 'close');
  await s.stop();
  s = await new EdgeScenario({ clock: systemClock, settings: QUICK, originUrl: raw.url }).start();
  const answer = await s.get('/a');
  raw.stop();
  expect([answer.status, code(answer.body)]).toEqual([status, expect.stringMatching(/^ORIGIN_/)]);
});

test('letters beyond ASCII in a field arrive as they were sent, fresh and from memory', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: max-age=60\r\n';
  const raw = await rawOrigin(`${head}X-Name: \xe9\r\n\r\nok`, 'stay');
  await s.stop();
  s = await new EdgeScenario({ clock: systemClock, settings: QUICK, originUrl: raw.url }).start();
  const answers = [await s.get('/a'), await s.get('/a')];
  raw.stop();
  expect(answers.map((each) => [each.status, each.headers['x-name']])).toEqual(Array(2).fill([200, '\xe9']));
});

test('more bytes than the length promised are never passed on', async () => {
  const raw = await rawOrigin(
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: max-age=60\r\n\r\nok and more',
    'stay',
  );
  await s.stop();
  s = await new EdgeScenario({ clock: systemClock, settings: QUICK, originUrl: raw.url }).start();
  const end = await s.get('/a').then(
    (answer) => answer.body.toString(),
    () => 'broken off',
  );
  raw.stop();
  expect(['ok', 'broken off']).toContain(end);
});

test('an origin that is well and ill by turns never has its failures kept, nor served where there is a copy', async () => {
  await s.stop();
  const clock = new HandClock();
  s = await new EdgeScenario({ clock, settings: QUICK }).start();
  let times = 0;
  s.origin.script('/a', (_asked, response) => {
    times += 1;
    const isWell = times % 3 === 1;
    response.writeHead(isWell ? 200 : 500, { 'Cache-Control': 'max-age=1' }).end(isWell ? `copy ${times}` : 'ill');
  });
  const got: string[] = [];
  for (let turn = 0; turn < 6; turn++, clock.advance(3)) got.push((await s.get('/a')).body.toString());
  expect(got).toEqual(['copy 1', 'copy 1', 'copy 1', 'copy 4', 'copy 4', 'copy 4']);
});

test('viewers who send their bodies slowly leave the origin to all others', async () => {
  await s.stop();
  s = await new EdgeScenario({ clock: systemClock, settings: { ...QUICK, originTotalMs: 1_000 } }).start();
  const slow = Array.from({ length: 256 }, () =>
    new RawViewer(s.url).send('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx'),
  );
  await expect.poll(() => s.origin.connections).toBe(256);
  s.origin.serve('/a', { body: 'here' });
  expect((await s.get('/a')).body.toString()).toBe('here');
  for (const { socket } of slow) socket.destroy();
});

describe('a clock that jumps', () => {
  let clock: HandClock;
  beforeEach(async () => {
    await s.stop();
    clock = new HandClock();
    s = await new EdgeScenario({ clock, settings: QUICK }).start();
    s.origin.serve('/a', { headers: { ...FRESH, ETag: '"1"' }, body: 'old' });
    await s.get('/a');
    s.origin.serve('/a', { headers: { ...FRESH, ETag: '"2"' }, body: 'new' });
  });

  test.each([
    ['ahead', 86_400],
    ['back', -86_400],
  ])('by a day %s makes nothing that is stored fresh for longer', async (_, seconds) => {
    clock.advance(seconds);
    const answer = await s.get('/a');
    expect([answer.body.toString(), answer.headers.age ?? '0']).toEqual(['new', '0']);
  });

  test('back by less than a second does not make what is fresh expired', async () => {
    clock.advance(-0.9);
    expect((await s.get('/a')).body.toString()).toBe('old');
  });

  test('back does not leave alone for a day what could not be kept, or what failed, a moment ago', async () => {
    s.origin.serve('/b', { headers: { 'Cache-Control': 'no-store' }, body: 'nobody keeps this' });
    await s.get('/b');
    clock.advance(61);
    s.origin.serve('/a', { status: 500 });
    expect((await s.get('/a')).body.toString()).toBe('old');
    clock.advance(-86_400);
    s.origin.serve('/a', { headers: FRESH, body: 'new' });
    s.origin.serve('/b', { headers: FRESH, body: 'kept' });
    const viewers = [s.get('/a'), s.get('/b'), s.get('/b')];
    expect((await Promise.all(viewers)).map(({ body }) => body.toString())).toEqual(['new', 'kept', 'kept']);
    expect(s.origin.count('/b')).toBe(2);
  });
});
