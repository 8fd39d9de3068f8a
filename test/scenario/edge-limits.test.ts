import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';
import { FRAME, RawHttp2, writeFrame } from '../harness/http2-frames.ts';
import { closeOf, Http2Viewer } from '../harness/http2-viewer.ts';
import { exchangeBytes, RawViewer } from '../harness/raw-viewer.ts';

const SETTINGS = {
  edgeHeaderBytes: 8_192,
  edgeHeaderCount: 20,
  edgeUrlBytes: 1_000,
  edgeHeaderMs: 1_000,
  edgeBodyBytes: 10_000,
  edgeBodyMs: 2_000,
} as const;

let folder: string;
let s: EdgeScenario;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  const { cert, key } = makeCertificate('localhost');
  await writeFile(join(folder, 'default.crt'), cert);
  await writeFile(join(folder, 'default.key'), key);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => begin());
afterEach(() => s.stop());

async function begin(settings: object = {}): Promise<void> {
  s = await new EdgeScenario({
    clock: systemClock,
    settings: { ...SETTINGS, edgeTlsCerts: folder, ...settings },
  }).start();
  s.origin.serve('/a', { body: 'from the origin' });
}

/** Status and code of the last answer in the bytes. */
function outcome(answer: string): [number, string | undefined] {
  const status = Number([...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].at(-1)?.[1]);
  return [status, /"code":"(\w+)"/.exec(answer)?.[1]];
}

const host = 'Host: a\r\nConnection: close\r\n';

describe('a request past a limit', () => {
  test.each([
    ['an address too long', `GET /${'x'.repeat(1_000)} HTTP/1.1\r\n${host}\r\n`, 414, 'URI_TOO_LONG'],
    ['a head too large', `GET /a HTTP/1.1\r\n${host}X: ${'x'.repeat(9_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['too many fields', `GET /a HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(19)}\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['a body too large', `POST /a HTTP/1.1\r\n${host}Content-Length: 10001\r\n\r\n`, 413, 'BODY_TOO_LARGE'],
    [
      'a body that grows too large',
      `POST /a HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n2711\r\n${'x'.repeat(10_001)}\r\n0\r\n\r\n`,
      413,
      'BODY_TOO_LARGE',
    ],
  ])('with %s is told so', async (_what, bytes, status, code) => {
    expect(outcome(await exchangeBytes(s.url, bytes))).toEqual([status, code]);
    expect(s.origin.asked).toEqual([]);
  });

  test('one within each of them is answered', async () => {
    const head = `POST /a HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(17)}`;
    expect(outcome(await exchangeBytes(s.url, `${head}Content-Length: 10000\r\n\r\n${'x'.repeat(10_000)}`))[0]).toBe(
      200,
    );
    expect(s.origin.asked[0]?.body.length).toBe(10_000);
  });

  test('one who asks whether he may send too much is not told to go on', async () => {
    const ask = (length: number) =>
      new RawViewer(s.url).send(`POST /a HTTP/1.1\r\n${host}Content-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`);
    expect(await ask(10_001).toEnd()).toMatch(/^HTTP\/1\.1 413 /);
    const allowed = ask(3);
    expect(await allowed.until(/100 Continue/)).toMatch(/^HTTP\/1\.1 100 /);
    expect(outcome(await allowed.send('abc').toEnd())[0]).toBe(200);
  });

  test('the same limits hold over HTTP/2, stream by stream', async () => {
    const viewer = new Http2Viewer(s.tlsUrl);
    const codes = async (...asked: Parameters<Http2Viewer['get']>) => {
      const { status, body } = await viewer.get(...asked);
      return [status, (JSON.parse(body.toString()) as { code: string }).code];
    };
    expect(await codes(`/${'x'.repeat(1_000)}`)).toEqual([414, 'URI_TOO_LONG']);
    expect(await codes('/a', { x: 'x'.repeat(9_000) })).toEqual([431, 'HEADERS_TOO_LARGE']);
    expect(await codes('/a', Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`x-${at}`, 'y'])))).toEqual([
      431,
      'HEADERS_TOO_LARGE',
    ]);
    expect(await codes('/a', { ':method': 'POST' }, Buffer.alloc(10_001))).toEqual([413, 'BODY_TOO_LARGE']);
    expect(s.origin.asked).toEqual([]);
    expect((await viewer.get('/a')).status).toBe(200);
    await viewer.stop();
  });
});

describe('a request that takes its time', () => {
  test('to send its head is told so and let go, however steadily it comes', async () => {
    const slow = new RawViewer(s.url).send('GET /a HTTP/1.1\r\nHost: a\r\nX: ');
    const dripping = setInterval(() => slow.send('y'), 50);
    const answer = await slow.toEnd();
    clearInterval(dripping);
    expect(outcome(answer)).toEqual([408, 'REQUEST_TIMEOUT']);
    expect(answer).toContain('Connection: close');
  });

  test('to send its body is let go, however steadily it comes, and so does the origin', async () => {
    const slow = new RawViewer(s.url).send(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n`);
    const dripping = setInterval(() => slow.send('x'), 50);
    await slow.closed;
    clearInterval(dripping);
    await s.settled(1);
    expect(s.facts[0]?.durationMs).toBeGreaterThan(1_900);
    expect(s.facts[0]?.durationMs).toBeLessThan(10_000);
  });

  test('to send its body over HTTP/2 loses its stream alone', async () => {
    const viewer = new Http2Viewer(s.tlsUrl);
    const stream = viewer.session.request({ ':path': '/a', ':method': 'POST' });
    stream.on('error', () => {});
    const dripping = setInterval(() => stream.write('x'), 50);
    await closeOf(stream);
    clearInterval(dripping);
    expect((await viewer.get('/a')).status).toBe(200);
    await viewer.stop();
  });

  test('to shake hands is let go', async () => {
    const silent = new RawViewer(s.tlsUrl);
    await silent.closed;
  });
});

test('a viewer who leaves in the middle of his body takes the request to the origin with him', async () => {
  const broken = Promise.withResolvers<void>();
  const origin = createServer((request) => request.on('error', () => broken.resolve()).resume());
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  await s.stop();
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  s = await new EdgeScenario({ clock: systemClock, originUrl }).start();
  const reached = once(origin, 'request');
  const viewer = new RawViewer(s.url).send(
    `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
  );
  await reached;
  viewer.socket.destroy();
  await broken.promise;
  origin.close();
});

describe('a request that two servers could read in two ways', () => {
  const POST = 'POST /a HTTP/1.1\r\nHost: a\r\n';
  const SMUGGLED = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

  test.each([
    ['a length and chunks', `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED}`],
    ['chunks and a length', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n${SMUGGLED}`],
    ['two lengths', `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
    ['the same length twice', `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
    ['a list for a length', `${POST}Content-Length: 3, 3\r\n\r\nabc`],
    ['a signed length', `${POST}Content-Length: +3\r\n\r\nabc`],
    ['a hexadecimal length', `${POST}Content-Length: 0x3\r\n\r\nabc`],
    ['a negative length', `${POST}Content-Length: -3\r\n\r\nabc`],
    ['a coding after the chunks', `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n${SMUGGLED}`],
    ['a coding that is no chunks', `${POST}Transfer-Encoding: gzip\r\n\r\n${SMUGGLED}`],
    ['a coding like chunks', `${POST}Transfer-Encoding: xchunked\r\n\r\n${SMUGGLED}`],
    ['a coding with a control character', `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n${SMUGGLED}`],
    ['chunks of HTTP/1.0', `POST /a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED}`],
    ['a folded field', `${POST}X: y\r\n Content-Length: 3\r\n\r\nabc`],
    ['a folded first field', `GET /a HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n`],
    ['a space before the colon', `${POST}Content-Length : 3\r\n\r\nabc`],
    ['a tab before the colon', `${POST}Transfer-Encoding\t: chunked\r\n\r\n${SMUGGLED}`],
    ['bare line feeds', `POST /a HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc`],
    ['one bare line feed', `GET /a HTTP/1.1\r\nHost: a\nX: y\r\n\r\n`],
    ['a bare carriage return', `GET /a HTTP/1.1\r\nHost: a\rX: y\r\n\r\n`],
    ['a zero byte in a field', `GET /a HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n`],
    ['a chunk size that is none', `${POST}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n`],
    [
      'a chunk size past all numbers',
      `${POST}Transfer-Encoding: chunked\r\n\r\n1ffffffffffffffffff\r\nabc\r\n0\r\n\r\n`,
    ],
    ['a chunk that ends otherwise', `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n`],
    ['chunk lines that end in line feeds', `${POST}Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n`],
    ['a field name with a space', `GET /a HTTP/1.1\r\nHost: a\r\nBad Name: y\r\n\r\n`],
    ['no version', `GET /a\r\nHost: a\r\n\r\n`],
    ['a version of its own', `GET /a HTTP/1.2\r\nHost: a\r\n\r\n`],
    ['a method that is none', `GE(T /a HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a fragment', `GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])('by %s is refused, and nothing of it is passed on', async (_what, bytes) => {
    const viewer = new RawViewer(s.url).send(bytes);
    const [status] = outcome(await viewer.until(/\r\n\r\n\{.*\}/s));
    viewer.socket.destroy();
    expect(status).toBe(400);
    expect(s.origin.asked).toEqual([]);
  });

  test.each([
    ['no host', 'GET /a HTTP/1.1\r\n\r\n'],
    ['an empty host', 'GET /a HTTP/1.1\r\nHost:\r\n\r\n'],
    ['two hosts', 'GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['the same host twice', 'GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
    ['a list of hosts', 'GET /a HTTP/1.1\r\nHost: a, b\r\n\r\n'],
    ['a user before the host', 'GET /a HTTP/1.1\r\nHost: user@a\r\n\r\n'],
    ['a path behind the host', 'GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['a port that is none', 'GET /a HTTP/1.1\r\nHost: a:b\r\n\r\n'],
    ['a user in an absolute target', 'GET http://u:p@a/a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('by %s is refused', async (_what, bytes) => {
    const viewer = new RawViewer(s.url).send(bytes);
    const [status] = outcome(await viewer.until(/HTTP/));
    viewer.socket.destroy();
    expect(status).toBe(400);
    expect(s.origin.asked).toEqual([]);
  });

  test('an absolute target overrules the host, and reaches the origin as a path', async () => {
    await exchangeBytes(s.url, `POST http://real.example/a HTTP/1.1\r\n${host}\r\n`);
    expect(s.origin.last('/a')?.headers['x-forwarded-host']).toBe('real.example');
  });

  test('a request of HTTP/1.0 needs no host', async () => {
    expect(outcome(await exchangeBytes(s.url, 'GET /a HTTP/1.0\r\n\r\n'))[0]).toBe(200);
  });

  test.each([
    [
      'another host than its authority',
      [
        [':authority', 'a'],
        ['host', 'b'],
      ],
    ],
    ['no authority and no host', []],
    ['an authority with a user', [[':authority', 'u@a']]],
    [
      'a path with a space',
      [
        [':authority', 'a'],
        [':path', '/a b'],
      ],
    ],
  ] as const)('over HTTP/2 by %s does not reach the origin', async (_what, fields) => {
    const raw = await new RawHttp2(s.tlsUrl).start();
    const path = fields.some(([name]) => name === ':path') ? [] : [[':path', '/a'] as const];
    const pseudo = fields.filter(([name]) => name.startsWith(':'));
    const others = fields.filter(([name]) => !name.startsWith(':'));
    await raw.send(raw.request(1, [[':method', 'GET'], [':scheme', 'https'], ...path, ...pseudo, ...others]));
    await raw.until(({ streamId, type }) => streamId === 1 && (type === FRAME.headers || type === FRAME.reset));
    raw.socket.destroy();
    expect(s.origin.asked).toEqual([]);
  });

  test.each([
    ['transfer-encoding', 'chunked'],
    ['connection', 'keep-alive'],
    ['X-Upper', 'case'],
    ['te', 'gzip'],
  ])('over HTTP/2 by the field %s does not reach the origin', async (name, value) => {
    const raw = await new RawHttp2(s.tlsUrl).start();
    const fields = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/a'],
      [':authority', 'a'],
      [name, value],
    ] as const;
    await raw.send(raw.request(1, fields));
    expect(await raw.until(({ streamId, type }) => streamId === 1 && type === FRAME.reset)).toBeDefined();
    raw.socket.destroy();
    expect(s.origin.asked).toEqual([]);
  });

  test('over HTTP/2 by a line end in a field goes on without that field', async () => {
    const raw = await new RawHttp2(s.tlsUrl).start();
    const fields = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/a'],
      [':authority', 'a'],
      ['x', 'a\r\ny: b'],
    ] as const;
    await raw.send(raw.request(1, fields));
    await raw.until(({ streamId, type }) => streamId === 1 && type === FRAME.headers);
    raw.socket.destroy();
    const { headers } = s.origin.asked[0] ?? {};
    expect([headers?.x, headers?.y]).toEqual([undefined, undefined]);
  });

  test('over HTTP/2 by a body of another length than stated does not look whole to the origin', async () => {
    const raw = await new RawHttp2(s.tlsUrl).start();
    const fields = [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':path', '/a'],
      [':authority', 'a'],
      ['content-length', '3'],
    ] as const;
    await raw.send(raw.request(1, fields, false), writeFrame(FRAME.data, 1, 1, Buffer.from('GET /smuggled')));
    await raw.until(({ streamId, type }) => streamId === 1 && type === FRAME.reset);
    raw.socket.destroy();
    expect(s.origin.asked).toEqual([]);
  });
});

describe('what concerns one connection', () => {
  test('is not passed on to the origin: fixed fields, and those that Connection names', async () => {
    const fields = [
      'Connection: X-Private, keep-alive, Upgrade',
      'X-Private: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic x',
      'TE: trailers',
      'Trailer: X',
      'Upgrade: h2c',
      'X-Public: 1',
    ];
    const viewer = new RawViewer(s.url).send(`GET /a HTTP/1.1\r\nHost: a\r\n${fields.join('\r\n')}\r\n\r\n`);
    expect(outcome(await viewer.until(/from the origin/))[0]).toBe(200);
    viewer.socket.destroy();
    const { headers } = s.origin.asked[0] ?? {};
    expect(headers).toMatchObject({ 'x-public': '1' });
    for (const name of ['x-private', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(headers?.connection).toBe('keep-alive');
  });

  test('is not passed on to the viewer either', async () => {
    const fields = {
      Connection: 'X-Private',
      'X-Private': '1',
      'Proxy-Authenticate': 'Basic',
      Upgrade: 'x',
      'X-Public': '1',
    };
    s.origin.serve('/b', { headers: fields, body: 'b' });
    const { headers } = await s.get('/b');
    expect(headers).toMatchObject({ 'x-public': '1' });
    for (const name of ['x-private', 'proxy-authenticate', 'upgrade']) expect(headers).not.toHaveProperty(name);
  });
});

test.each(['TRACE', 'CONNECT'])('%s is refused', async (method) => {
  const target = method === 'CONNECT' ? 'other.example:443' : '/a';
  const answer = await exchangeBytes(s.url, `${method} ${target} HTTP/1.1\r\n${host}\r\n`);
  expect(outcome(answer)).toEqual([405, 'METHOD_NOT_ALLOWED']);
  expect(s.origin.asked).toEqual([]);
});

test('a connection past the number that one address may have is refused, and one more is taken when one has gone', async () => {
  await s.stop();
  await begin({ edgeConnectionsPerAddress: 2 });
  const open = await Promise.all([new RawViewer(s.url).connected(), new RawViewer(s.tlsUrl).connected()]);
  expect(await exchangeBytes(s.url, `GET /a HTTP/1.1\r\n${host}\r\n`)).toBe('');
  const elsewhere = new RawViewer(s.url, { localAddress: '127.0.0.2' }).send(`GET /a HTTP/1.1\r\n${host}\r\n`);
  expect(outcome(await elsewhere.toEnd())[0]).toBe(200);
  open[0]?.socket.destroy();
  let answer = '';
  // The edge hears of an end a moment after we have made it.
  while (answer === '') answer = await exchangeBytes(s.url, `GET /a HTTP/1.1\r\n${host}\r\n`);
  expect(outcome(answer)[0]).toBe(200);
  open[1]?.socket.destroy();
});
