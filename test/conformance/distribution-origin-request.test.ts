import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Origin } from '../../src/kernel/distribution/model.ts';
import {
  ALL_EXCEPT_HOST,
  ALL_VIEWER,
  type AskedSite,
  HOST_ONLY,
  policyOf,
  startAskedSite,
} from '../harness/asked-site.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { type Asked, ScriptedOrigin } from '../harness/origin.ts';
import { RawViewer } from '../harness/raw-viewer.ts';
import { distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from '../harness/site-edge.ts';

/** What of a request reaches an origin, and which origin. */

let edge: SiteEdge;
const others: { stop(): unknown }[] = [];
afterEach(async () => {
  await edge.stop();
  await Promise.all(others.splice(0).map((each) => each.stop()));
});

async function begin(terms: AskedSite = {}): Promise<void> {
  edge = await startAskedSite(terms);
}

async function ask(target = '/a', headers: Readonly<Record<string, string>> = {}, method = 'GET', body?: string) {
  return edge.s.get(target, { method, headers: { Host: HOST, ...headers }, ...(body === undefined ? {} : { body }) });
}

async function told(headers: Readonly<Record<string, string>> = {}, method = 'GET', target = '/a'): Promise<Asked> {
  await ask(target, headers, method);
  const asked = edge.origin.asked.at(-1);
  if (!asked) throw new Error('the origin was not asked');
  return asked;
}

describe('an origin is told', () => {
  test('no field of a viewer’s where no policy says so, and always who asks by which way', async () => {
    await begin();
    const viewers = {
      Accept: 'text/html',
      'Accept-Language': 'de',
      Authorization: 'Basic x',
      Cookie: 'a=1',
      Origin: 'https://a.example',
      Referer: 'https://a.example/',
      'User-Agent': 'Browser',
      'X-Own': '1',
      'X-Forwarded-For': '203.0.113.9',
    };
    const { headers } = await told(viewers, 'GET', '/a?x=1');
    expect(Object.keys(headers).sort()).toEqual(
      [
        'accept-encoding',
        'cdn-loop',
        'connection',
        'host',
        'surrogate-capability',
        'user-agent',
        'via',
        'x-forwarded-for',
      ].filter((name) => name !== 'accept-encoding' || headers[name] !== undefined),
    );
    expect(headers).toMatchObject({
      host: new URL(edge.origin.url).host,
      'user-agent': 'Frontrow',
      'x-forwarded-for': '127.0.0.1',
      via: expect.stringMatching(/^1\.1 edge-[0-9a-f]{8} \(Frontrow\)$/),
    });
    expect(edge.origin.asked[0]?.target).toBe('/a');
  });

  test.each([
    ['nothing', undefined, undefined, {}],
    ['what is in the key', ['X-Own'], undefined, { 'x-own': '1' }],
    [
      'what the policy names',
      undefined,
      policyOf({ headerBehavior: 'whitelist', headers: ['x-two'] }),
      { 'x-two': '2' },
    ],
    ['both', ['X-Own'], policyOf({ headerBehavior: 'whitelist', headers: ['X-Two'] }), { 'x-own': '1', 'x-two': '2' }],
    [
      'all but what it names',
      undefined,
      policyOf({ headerBehavior: 'allExcept', headers: ['X-Two'] }),
      { 'x-own': '1' },
    ],
    [
      'what is in the key though it names that',
      ['X-Two'],
      policyOf({ headerBehavior: 'allExcept', headers: ['X-Two'] }),
      { 'x-own': '1', 'x-two': '2' },
    ],
    ['all', undefined, policyOf({ headerBehavior: 'allViewer', headers: [] }), { 'x-own': '1', 'x-two': '2' }],
  ] as const)('%s of the fields', async (_what, keyed, asks, expected) => {
    await begin({
      ...(keyed ? { key: { headersConfig: { headerBehavior: 'whitelist', headers: keyed } } } : {}),
      ...(asks ? { asks } : {}),
    });
    const { headers } = await told({ 'X-Own': '1', 'X-Two': '2' });
    expect(Object.fromEntries(Object.entries(headers).filter(([name]) => /^x-(?:own|two)$/.test(name)))).toEqual(
      expected,
    );
  });

  test.each([
    ['none', [], 'none', [], '', undefined],
    ['whitelist', ['b'], 'none', [], '?b=2', 'b=2'],
    ['none', [], 'all', [], '?c=3&b=2&a=1', 'a=1; b=2; c=3'],
    ['whitelist', ['b'], 'whitelist', ['a'], '?b=2&a=1', 'a=1; b=2'],
    ['allExcept', ['b'], 'none', [], '?c=3&a=1', 'a=1; c=3'],
    ['allExcept', ['b'], 'allExcept', ['c'], '?a=1', 'a=1'],
    ['all', [], 'allExcept', ['c'], '?c=3&b=2&a=1', 'a=1; b=2; c=3'],
    ['allExcept', ['b'], 'whitelist', ['b'], '?c=3&b=2&a=1', 'a=1; b=2; c=3'],
  ] as const)('of query and cookies, under %s %j in the key and %s %j beside it: %s', async (...row) => {
    const [keyed, names, asked, askedNames, query, cookie] = row;
    await begin({
      key: {
        queryStringsConfig: { queryStringBehavior: keyed, queryStrings: names, sortQueryStrings: false },
        cookiesConfig: { cookieBehavior: keyed, cookies: names },
      },
      asks: policyOf(
        { headerBehavior: 'none', headers: [] },
        {
          queryStringsConfig: { queryStringBehavior: asked, queryStrings: askedNames },
          cookiesConfig: { cookieBehavior: asked, cookies: askedNames },
        },
      ),
    });
    const { target, headers } = await told({ Cookie: 'c=3; b=2; a=1' }, 'GET', '/a?c=3&b=2&a=1');
    expect([target, headers.cookie]).toEqual([`/a${query}`, cookie]);
  });

  test.each([
    ['its own name', undefined, 'origin'],
    ['the viewer’s under AllViewer', ALL_VIEWER, HOST],
    ['the viewer’s under HostHeaderOnly', HOST_ONLY, HOST],
    ['its own under AllViewerExceptHostHeader', ALL_EXCEPT_HOST, 'origin'],
  ])('as its host %s', async (_what, asks, expected) => {
    await begin(asks ? { asks } : {});
    const { headers } = await told();
    expect(headers.host).toBe(expected === 'origin' ? new URL(edge.origin.url).host : expected);
  });

  test('the viewer’s host where that is in the key', async () => {
    await begin({ key: { headersConfig: { headerBehavior: 'whitelist', headers: ['Host'] } } });
    expect((await told()).headers.host).toBe(HOST);
  });

  test('the path below its folder, and its own fields instead of the viewer’s', async () => {
    await begin({
      asks: ALL_VIEWER,
      origin: {
        originPath: '/folder/of',
        customHeaders: [
          { headerName: 'X-Own', headerValue: 'operator' },
          { headerName: 'X-Key', headerValue: 'secret' },
        ],
      },
    });
    const { target, headers } = await told({ 'X-Own': 'viewer', 'x-key': 'guess' }, 'GET', '/a//b%20c?d=e');
    expect(target).toBe('/folder/of/a//b%20c?d=e');
    expect([headers['x-own'], headers['x-key']]).toEqual(['operator', 'secret']);
  });

  test('nothing of its own fields to viewers', async () => {
    await begin({ origin: { customHeaders: [{ headerName: 'X-Key', headerValue: 'secret' }] } });
    expect(JSON.stringify((await ask()).raw)).not.toContain('secret');
  });

  test('what the edge knows of a viewer, not what he says of himself', async () => {
    await begin({
      asks: policyOf({
        headerBehavior: 'whitelist',
        headers: [
          'CloudFront-Forwarded-Proto',
          'CloudFront-Viewer-Address',
          'CloudFront-Viewer-Http-Version',
          'CloudFront-Viewer-Country',
        ],
      }),
    });
    const { headers } = await told({
      'CloudFront-Forwarded-Proto': 'https',
      'CloudFront-Viewer-Country': 'XX',
      'CloudFront-Viewer-Address': '203.0.113.9:1',
    });
    expect(headers['cloudfront-forwarded-proto']).toBe('http');
    expect(headers['cloudfront-viewer-http-version']).toBe('1.1');
    expect(headers['cloudfront-viewer-address']).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(headers['cloudfront-viewer-country']).toBeUndefined();
  });
});

describe('an Authorization', () => {
  const KEYED = { headersConfig: { headerBehavior: 'whitelist', headers: ['Authorization'] } } as const;
  test.each([
    ['GET', undefined, undefined, false],
    ['HEAD', undefined, undefined, false],
    ['POST', undefined, undefined, true],
    ['PUT', undefined, undefined, true],
    ['DELETE', undefined, undefined, true],
    ['GET', KEYED, undefined, true],
    ['GET', undefined, ALL_VIEWER, true],
    ['GET', undefined, ALL_EXCEPT_HOST, true],
    ['GET', undefined, policyOf({ headerBehavior: 'whitelist', headers: ['Authorization'] }), false],
    ['OPTIONS', undefined, undefined, true],
  ] as const)('with %s (key %j, policy %j) goes on: %s', async (method, key, asks, expected) => {
    await begin({ ...(key ? { key } : {}), ...(asks ? { asks } : {}) });
    expect((await told({ Authorization: 'Basic x' }, method)).headers.authorization !== undefined).toBe(expected);
  });

  test('with OPTIONS does not where its answers are kept', async () => {
    await begin({ behaviour: { cachedMethods: ['GET', 'HEAD', 'OPTIONS'] } });
    expect((await told({ Authorization: 'Basic x' }, 'OPTIONS')).headers.authorization).toBeUndefined();
  });
});

describe('a part and a condition', () => {
  const WISHES = { Range: 'bytes=0-1', 'If-None-Match': '"a"', 'If-Modified-Since': 'Mon, 01 Jan 2024 00:00:00 GMT' };

  test('are between the viewer and the origin where nothing is kept', async () => {
    await begin({ behaviour: { cachePolicyId: 'disabled' } });
    expect((await told({ ...WISHES, 'If-Range': '"a"' })).headers).toMatchObject({
      range: 'bytes=0-1',
      'if-none-match': '"a"',
      'if-modified-since': WISHES['If-Modified-Since'],
      'if-range': '"a"',
    });
  });

  test('of one viewer are not what the answer for all is asked by', async () => {
    await begin();
    const { headers } = await told({
      'If-None-Match': '"a"',
      'If-Match': '"b"',
      'If-Modified-Since': WISHES['If-Modified-Since'],
    });
    for (const name of ['if-none-match', 'if-match', 'if-modified-since']) expect(headers[name]).toBeUndefined();
  });

  test('a part that is asked for alone is, and the whole is answered in parts once it is kept', async () => {
    await begin();
    edge.origin.script('/a', ({ headers }, response) => {
      if (headers.range === 'bytes=0-1')
        response.writeHead(206, { 'Content-Range': 'bytes 0-1/6', 'Content-Length': 2 }).end('ab');
      else response.writeHead(200, { 'Content-Length': 6 }).end('abcdef');
    });
    const [part, whole, other] = [
      await ask('/a', { Range: 'bytes=0-1' }),
      await ask(),
      await ask('/a', { Range: 'bytes=2-3' }),
    ];
    expect([part.status, part.body.toString()]).toEqual([206, 'ab']);
    expect(whole.body.toString()).toBe('abcdef');
    expect([other.status, other.body.toString(), other.headers['content-range']]).toEqual([206, 'cd', 'bytes 2-3/6']);
    expect(edge.origin.asked.map(({ headers }) => headers.range)).toEqual(['bytes=0-1', undefined]);
  });
});

describe('a body', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('of %s arrives with what says how it is to be read', async (method) => {
    await begin();
    const fields = {
      'Content-Type': 'application/json',
      'Content-Language': 'de',
      'X-Own': '1',
      'Content-Length': '13',
    };
    await ask('/a?x=1', fields, method, '{"some":"thing"}'.slice(0, 13));
    const [asked] = edge.origin.asked;
    expect(asked).toMatchObject({ method, target: '/a', body: '{"some":"thin' });
    expect(asked?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-language': 'de',
      'content-length': '13',
    });
    expect(asked?.headers['x-own']).toBeUndefined();
  });

  test('that is none arrives as none', async () => {
    await begin();
    await ask('/a', { 'Content-Length': '0' }, 'PUT', '');
    expect(edge.origin.asked[0]).toMatchObject({ method: 'PUT', body: '' });
  });
});

describe('a WebSocket', () => {
  const ASK = `Host: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Own: 1\r\nCookie: a=1\r\n`;

  async function open(target: string): Promise<{ viewer: RawViewer; headers: Record<string, unknown>; url: string }> {
    const asked = Promise.withResolvers<{ headers: Record<string, unknown>; url: string }>();
    edge.origin.switching('/folder/live?x=1', ({ request: { headers, url = '' }, socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
      asked.resolve({ headers, url });
    });
    const viewer = new RawViewer(edge.s.url).send(`GET ${target} HTTP/1.1\r\n${ASK}\r\n`);
    await viewer.until(/hello/);
    return { viewer, ...(await asked.promise) };
  }

  test('is carried by the rules of its behaviour: folder, host, fields and query', async () => {
    await begin({ asks: ALL_VIEWER, origin: { originPath: '/folder' }, behaviour: { cachePolicyId: 'disabled' } });
    const { viewer, headers, url } = await open('/live?x=1');
    viewer.socket.destroy();
    expect(url).toBe('/folder/live?x=1');
    expect(headers).toMatchObject({ host: HOST, 'x-own': '1', cookie: 'a=1', upgrade: 'websocket' });
    expect(headers['sec-websocket-key']).toBe('dGhlIHNhbXBsZSBub25jZQ==');
  });

  test('is opened for nobody whom the behaviour does not let in', async () => {
    await begin({ behaviour: { trustedKeyGroups: ['none'] } });
    const viewer = new RawViewer(edge.s.url).send(`GET /live HTTP/1.1\r\n${ASK}\r\n`);
    expect(await viewer.until(/MissingKey/)).toMatch(/^HTTP\/1\.1 403 /);
    viewer.socket.destroy();
    expect(edge.origin.asked).toEqual([]);
  });

  test('needs its handshake fields told under no policy that leaves them out', async () => {
    await begin({ behaviour: { cachePolicyId: 'disabled' } });
    const asked = Promise.withResolvers<Record<string, unknown>>();
    edge.origin.switching('/live', ({ request: { headers }, socket }) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
      asked.resolve(headers);
    });
    const viewer = new RawViewer(edge.s.url).send(`GET /live HTTP/1.1\r\n${ASK}\r\n`);
    await viewer.until(/hello|\r\n\r\n/);
    viewer.socket.destroy();
    expect(viewer.received).toMatch(/^HTTP\/1\.1 101 /);
    const headers = await asked.promise;
    expect(headers).toMatchObject({ 'sec-websocket-key': expect.any(String), 'sec-websocket-version': '13' });
    expect([headers['x-own'], headers.cookie]).toEqual([undefined, undefined]);
  });
});

describe('of an origin group the second is asked', () => {
  async function group(statusCodes: readonly number[], changed: Partial<Origin> = {}): Promise<ScriptedOrigin> {
    const second = await new ScriptedOrigin().start();
    others.push(second);
    second.otherwise((_asked, response) => void response.end('of the second'));
    await begin({
      more: [originAt(second.url, { id: 'second', originPath: '/second' })],
      groups: [{ id: 'group', members: ['origin', 'second'], failoverCriteria: { statusCodes } }],
      behaviour: { targetOriginId: 'group' },
      origin: changed,
      settings: { originBreakerFailures: 0 },
    });
    return second;
  }

  test.each([
    [500, [500, 502], true],
    [503, [500, 502], false],
    [404, [404], true],
    [403, [403, 404], true],
    [404, [500], false],
    [429, [429], true],
    [200, [500], false],
  ] as const)('after %i where %j are listed: %s', async (status, listed, expected) => {
    const second = await group(listed);
    edge.origin.serve('/a', { status, body: 'of the first' });
    const { body } = await ask();
    expect(body.toString()).toBe(expected ? 'of the second' : 'of the first');
    expect(second.asked.map(({ target }) => target)).toEqual(expected ? ['/second/a'] : []);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('for no %s', async (method) => {
    const second = await group([500]);
    edge.origin.serve('/a', { status: 500 });
    expect((await ask('/a', {}, method)).status).toBe(500);
    expect(second.asked).toEqual([]);
  });

  test.each(['HEAD', 'OPTIONS'])('for %s as well', async (method) => {
    await group([500]);
    edge.origin.serve('/a', { status: 500 });
    expect((await ask('/a', {}, method)).status).toBe(200);
  });

  test('each time anew: the first is asked first, however it answered before', async () => {
    const second = await group([500]);
    edge.origin.serve('/a', { status: 500 });
    edge.origin.serve('/b', { status: 500 });
    await ask('/a');
    await ask('/b');
    expect([edge.origin.asked.length, second.asked.length]).toEqual([2, 2]);
  });

  test('when the first cannot be reached', async () => {
    await group([503]);
    await edge.origin.stop();
    expect((await ask()).body.toString()).toBe('of the second');
  });

  test('and has the last word where it fails too', async () => {
    const second = await group([500, 404]);
    edge.origin.serve('/a', { status: 500 });
    second.serve('/second/a', { status: 404, body: 'not there either' });
    expect((await ask()).body.toString()).toBe('not there either');
  });
});

test('an origin that is to match the viewer is asked by his scheme, and its answers are one for both', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  const { cert, key } = makeCertificate(HOST);
  await writeFile(join(folder, 'site.crt'), cert);
  await writeFile(join(folder, 'site.key'), key);
  // What begins a TLS connection is told by its first byte; nothing more is needed to see by what the edge comes.
  const first = Promise.withResolvers<number>();
  const secured: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      first.resolve(Number(chunk[0]));
      socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(secured, 'listening');
  others.push({ stop: () => secured.close() }, { stop: () => rm(folder, { recursive: true }) });
  const httpsPort = (secured.address() as AddressInfo).port;
  edge = await startSiteEdge(
    (origin) => {
      const { customOriginConfig, ...rest } = originAt(origin.url);
      if (!customOriginConfig) throw new Error('no custom origin');
      const matching = { ...customOriginConfig, httpsPort, originProtocolPolicy: 'match-viewer' as const };
      return site({ distributions: { dist: distribution([{ ...rest, customOriginConfig: matching }]) } });
    },
    { edgeTlsCerts: folder },
  );
  edge.origin.otherwise((_asked, response) => void response.end('in the clear'));
  const overTls = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const { port } = new URL(edge.s.tlsUrl);
      request(
        {
          host: '127.0.0.1',
          port,
          path,
          servername: HOST,
          headers: { Host: HOST },
          rejectUnauthorized: false,
          agent: false,
        },
        (response) => {
          response.resume();
          resolve(`${response.statusCode} ${response.headers['x-cache']}`);
        },
      )
        .on('error', reject)
        .end();
    });
  expect((await ask('/clear')).body.toString()).toBe('in the clear');
  expect(await overTls('/clear')).toBe('200 Hit from frontrow');
  expect(await overTls('/secured')).toMatch(/^502 /);
  expect(await first.promise).toBe(0x16);
  expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/clear']);
});
