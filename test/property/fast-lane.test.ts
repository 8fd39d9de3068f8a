import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { SimpleReader, type SimpleRequest } from '../../src/edge/door/simple-request.ts';
import { request } from '../harness/odd-requests.ts';

const LIMITS = { headBytes: 2_000, fieldCount: 12 };

/** What node's own server makes of the bytes, set up as the edge's door sets it up. */
const server = createServer({ httpValidation: 'strict', joinDuplicateHeaders: true });
afterAll(() => server.close());

interface Reading {
  readonly requests: readonly IncomingMessage[];
  readonly errors: readonly string[];
}

async function readByNode(bytes: Buffer): Promise<Reading> {
  const requests: IncomingMessage[] = [];
  const errors: string[] = [];
  const [viewer, socket] = duplexPair();
  const take = (each: IncomingMessage) => requests.push(each);
  const fail = (cause: Error) => {
    errors.push(cause.message);
    socket.destroy();
  };
  server.on('request', take).on('clientError', fail).on('upgrade', take).on('connect', take);
  socket.on('error', () => {});
  server.emit('connection', socket);
  viewer.resume();
  viewer.end(bytes);
  await once(socket, 'end').catch(() => {});
  server.off('request', take).off('clientError', fail).off('upgrade', take).off('connect', take);
  viewer.destroy();
  socket.destroy();
  return { requests, errors };
}

function read(bytes: string | Buffer): SimpleRequest | undefined {
  return new SimpleReader(LIMITS).read(Buffer.from(bytes as string, 'latin1'));
}

describe('a request that the fast lane takes', () => {
  test('is one that node reads in the same way, as one request and no more', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        const simple = new SimpleReader(LIMITS).read(bytes);
        if (!simple) return;
        taken += 1;
        const { requests, errors } = await readByNode(bytes);
        expect([requests.length, errors]).toEqual([1, []]);
        const [read] = requests;
        expect([read?.method, read?.url, read?.httpVersion]).toEqual([simple.method, simple.target, '1.1']);
        expect(read?.rawHeaders).toEqual(simple.fields.raw);
        expect({ ...simple.fields.headers }).toEqual({ ...read?.headers });
        expect(read?.complete).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    // Otherwise nothing was tried.
    expect(taken).toBeGreaterThan(300);
  });

  test('is found by a reader that has read others before exactly where a new one finds it', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 2, maxLength: 6 }), (all) => {
        const reader = new SimpleReader(LIMITS);
        // The same in another place, and one byte changed: of one length with what went before.
        const alike = all.map((bytes) => Buffer.from(bytes.toString('latin1').replace(/: ./, ': z'), 'latin1'));
        for (const bytes of all.flatMap((each, at) => [each, alike[at] ?? each, each]))
          expect(reader.read(bytes)).toEqual(new SimpleReader(LIMITS).read(bytes));
      }),
    );
  });

  test('is left alone in every part of it, and with anything behind it', () => {
    fc.assert(
      fc.property(
        request,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        request,
        (bytes, part, next) => {
          if (!read(bytes)) return;
          expect(read(bytes.subarray(0, Math.floor(bytes.length * part)))).toBeUndefined();
          expect(read(Buffer.concat([bytes, next]))).toBeUndefined();
          expect(read(Buffer.concat([bytes, Buffer.from([0])]))).toBeUndefined();
        },
      ),
    );
  });
});

describe('left to who reads everything', () => {
  test.each([
    ['another method', 'POST /a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method in small letters', 'get /a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['HTTP/1.0', 'GET /a HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['two spaces', 'GET  /a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a tab for a space', 'GET\t/a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an absolute target', 'GET http://a/a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no target', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no path', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a byte beyond ASCII in the target', 'GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an empty line before it', '\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a bare line feed', 'GET /a HTTP/1.1\nHost: a\r\n\r\n'],
    ['a bare carriage return', 'GET /a HTTP/1.1\r\nHost: a\rX: y\r\n\r\n'],
    ['no host', 'GET /a HTTP/1.1\r\nX: y\r\n\r\n'],
    ['no field', 'GET /a HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET /a HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n'],
    ['a list of hosts', 'GET /a HTTP/1.1\r\nHost: a, b\r\n\r\n'],
    ['an empty value', 'GET /a HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n'],
    ['a field twice', 'GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\nx: 2\r\n\r\n'],
    ['a folded field', 'GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n'],
    ['a space before the colon', 'GET /a HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n'],
    ['spaces around a value', 'GET /a HTTP/1.1\r\nHost: a\r\nX:  1 \r\n\r\n'],
    ['a zero byte', 'GET /a HTTP/1.1\r\nHost: a\r\nX: 1\x002\r\n\r\n'],
    ['a length, even of nothing', 'GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
    ['chunks', 'GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['an end of the connection', 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['a field named by Connection', 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x\r\n\r\n'],
    ['another protocol', 'GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n'],
    ['a question before the body', 'GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n'],
    ['trailers', 'GET /a HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n'],
    ['a proxy for its reader', 'GET /a HTTP/1.1\r\nHost: a\r\nProxy-Connection: keep-alive\r\n\r\n'],
    [
      'too many fields',
      `GET /a HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 12 }, (_, at) => `X${at}: 1\r\n`).join('')}\r\n`,
    ],
    ['a head too large', `GET /a HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2_000)}\r\n\r\n`],
  ])('is a request with %s', (_what, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });

  test('is not what every player sends', () => {
    const lines = [
      'Host: cdn.example:8090',
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
      'Cookie: a=b; c="d"',
      'Range: bytes=0-99',
    ];
    const bytes = `GET /a/b.m3u8?x=1&y=%20 HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: keep-alive\r\n\r\n`;
    expect(read(bytes)).toMatchObject({ method: 'GET', target: '/a/b.m3u8?x=1&y=%20' });
  });
});
