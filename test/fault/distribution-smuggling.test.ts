import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALL_VIEWER, sendBytes, statusOf } from '../harness/attacked-site.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { FRAME, RawHttp2, writeFrame } from '../harness/http2-frames.ts';
import { Http2Viewer } from '../harness/http2-viewer.ts';
import { RawViewer } from '../harness/raw-viewer.ts';
import { behavior, distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());
const raw = (bytes: string) => sendBytes(edge.s.url, bytes);

describe('a body that a behaviour passes on', () => {
  /** What arrives at an origin byte by byte, which answers each request whose head it has seen. */
  let origin: Server;
  let bytes = '';
  let folder = '';
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    bytes = '';
    origin = createNetServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        bytes += chunk.toString('latin1');
        if (/0\r\n\r\n$|\r\n\r\n(?:.{4})?$/s.test(bytes))
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const { port } = origin.address() as AddressInfo;
    folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
    const { cert, key } = makeCertificate(HOST);
    await writeFile(join(folder, 'site.crt'), cert);
    await writeFile(join(folder, 'site.key'), key);
    edge = await startSiteEdge(
      () =>
        site({
          originRequestPolicies: { all: ALL_VIEWER },
          distributions: {
            dist: distribution([originAt(`http://127.0.0.1:${port}`)], {
              defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }),
            }),
          },
        }),
      { edgeTlsCerts: folder },
    );
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    for (const socket of sockets) socket.destroy();
    origin.close();
  });

  const POST = `POST /a HTTP/1.1\r\nHost: ${HOST}\r\n`;
  const SMUGGLED = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

  test.each([
    [
      'CL.TE',
      `${POST}Content-Length: ${5 + SMUGGLED.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    ],
    ['TE.CL', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n2f\r\n${SMUGGLED}\r\n0\r\n\r\n`],
    ['TE.TE with a space', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['TE.TE twice', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['TE.TE of another kind', `${POST}Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['TE.TE in quotes', `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['TE.TE with a tab', `${POST}Transfer-Encoding:\tchunked\x0b\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a folded TE', `${POST}X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a bare line feed', `${POST}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a zero byte', `${POST}X: y\0\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`],
    ['two lengths', `${POST}Content-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
    [
      'a chunk with an extension that ends the line',
      `${POST}Transfer-Encoding: chunked\r\n\r\n4;\nxx\r\nabcd\r\n0\r\n\r\n`,
    ],
  ])('is not read in two ways: %s reaches no origin', async (_what, request) => {
    expect(statusOf(await raw(request))).toBe(400);
    expect(bytes).not.toContain('smuggled');
  });

  test.each([
    ['a line end in a field', [['x-own', 'a\r\ntransfer-encoding: chunked']], 'GET / HTTP'],
    ['a line end in a name', [['x-own: a\r\ntransfer-encoding', 'chunked']], 'GET / HTTP'],
    ['a zero byte', [['x-own', 'a\0b']], 'body'],
    ['a transfer coding', [['transfer-encoding', 'chunked']], '0\r\n\r\nGET /smuggled'],
    ['another length than it has', [['content-length', '4']], 'GET /smuggled HTTP/1.1'],
    ['no length where it has none', [['content-length', '0']], 'GET /smuggled HTTP/1.1'],
    ['a line end in the path', [[':path', '/a HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled']], 'body'],
    ['a space in the path', [[':path', '/a HTTP/1.1']], 'body'],
    ['a line end in the method', [[':method', 'POST / HTTP/1.1\r\nHost: x\r\n\r\nGET']], 'body'],
    ['a line end in the host', [[':authority', `${HOST}\r\nx: y`]], 'body'],
    ['a connection field', [['connection', 'close']], 'body'],
  ] as const)('over HTTP/2 with %s is not read in two ways by an origin', async (_what, odd, sent) => {
    const usual: [string, string][] = [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':path', '/a'],
      [':authority', HOST],
    ];
    const names = odd.map(([name]) => name as string);
    const fields = [...usual.filter(([name]) => !names.includes(name)), ...odd];
    const pseudo = fields.filter(([name]) => name.startsWith(':'));
    const viewer = await new RawHttp2(edge.s.tlsUrl).start();
    const head = viewer.request(1, [...pseudo, ...fields.filter(([name]) => !name.startsWith(':'))], false);
    await viewer.send(head, writeFrame(FRAME.data, 1, 1, Buffer.from(sent)));
    await viewer.until(({ streamId, type }) => type === FRAME.goaway || (streamId === 1 && type !== FRAME.settings));
    viewer.socket.destroy();
    const [top = ''] = bytes.split('\r\n\r\n');
    expect(bytes).not.toMatch(/smuggled/);
    expect(top.match(/^(?:content-length|transfer-encoding):/gim)?.length ?? 1).toBe(1);
    expect(top).not.toMatch(/^x: y|HTTP\/1\.1 HTTP/m);
  });

  test('of a GET over HTTP/2 reaches no origin', async () => {
    const viewer = new Http2Viewer(edge.s.tlsUrl);
    const { status } = await viewer.get('/a', { ':method': 'GET', ':authority': HOST }, 'GET /smuggled');
    await viewer.stop();
    expect([status, bytes]).toEqual([403, '']);
  });

  test('in chunks arrives with one framing alone', async () => {
    const request = `${POST}Transfer-Encoding: chunked\r\nX-Own: 1\r\n\r\n4;ext=1\r\nbody\r\n0\r\nX-Trailer: 1\r\n\r\n`;
    expect(statusOf(await raw(request))).toBe(200);
    const [head = '', body = ''] = bytes.split('\r\n\r\n');
    expect(head.match(/^(?:content-length|transfer-encoding):.*$/gim)).toHaveLength(1);
    expect(body).toContain('body');
    expect(bytes).not.toMatch(/ext=1|X-Trailer/);
  });

  test('with a length that Connection names still has it', async () => {
    await raw(`${POST}Connection: Content-Length, X-Own\r\nX-Own: 1\r\nContent-Length: 4\r\n\r\nGET `);
    expect(bytes).toMatch(/content-length: 4/i);
    expect(bytes).not.toMatch(/x-own/i);
    expect(bytes.endsWith('\r\n\r\nGET ')).toBe(true);
  });

  test('that an origin answers before it has read it leaves that connection to nobody else (CL.0)', async () => {
    const viewer = new RawViewer(edge.s.url).send(`${POST}Content-Length: ${4 + SMUGGLED.length}\r\n\r\nfour`);
    await viewer.until(/ok$/);
    viewer.send(SMUGGLED);
    const before = sockets.size;
    await edge.s.get('/next', { headers: { Host: HOST } });
    viewer.socket.destroy();
    expect(sockets.size).toBe(before + 1);
    expect(bytes.lastIndexOf('GET /next')).toBeGreaterThan(0);
  });
});
