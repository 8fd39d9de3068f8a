import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { EDGE_SIGNATURE_HEADER, verifyEdgeRequest } from '../../src/kernel/access/edge-signature.ts';
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
} from '../../src/kernel/distribution/managed-policies.ts';
import type {
  CacheBehavior,
  CacheKeyParameters,
  Origin,
  OriginGroup,
  OriginRequestPolicyConfig,
} from '../../src/kernel/distribution/model.ts';
import type { EdgeAccessControl } from '../../src/kernel/distribution/site-config.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { type Asked, ScriptedOrigin } from '../harness/origin.ts';
import { RawViewer } from '../harness/raw-viewer.ts';
import { freshBucket } from '../harness/s3-bucket.ts';
import {
  behavior,
  cachePolicy,
  distribution,
  HOST,
  originAt,
  type SiteEdge,
  site,
  startSiteEdge,
} from '../harness/site-edge.ts';

/** What of a request reaches an origin, and which origin. */

let edge: SiteEdge;
const others: { stop(): unknown }[] = [];
afterEach(async () => {
  await edge.stop();
  await Promise.all(others.splice(0).map((each) => each.stop()));
});

interface Begin {
  readonly key?: Partial<CacheKeyParameters>;
  readonly asks?: OriginRequestPolicyConfig;
  readonly behaviour?: Partial<CacheBehavior>;
  readonly origin?: Partial<Origin>;
  readonly control?: EdgeAccessControl;
  /** Beside the first. */
  readonly more?: readonly Origin[];
  readonly groups?: readonly OriginGroup[];
  readonly settings?: Partial<Settings>;
}

const DISABLED = MANAGED_CACHE_POLICIES['4135ea2d-6df8-44a3-9df3-4b5a84be39ad'];

async function begin({ key, asks, behaviour, origin: changed, control, more = [], groups = [], settings }: Begin = {}) {
  edge = await startSiteEdge(
    (origin) =>
      site({
        cachePolicies: { policy: cachePolicy({}, key), ...(DISABLED ? { disabled: DISABLED } : {}) },
        originRequestPolicies: asks ? { asks } : {},
        originAccessControls: control ? { control } : {},
        distributions: {
          dist: distribution([originAt(origin.url, changed), ...more], {
            originGroups: groups,
            defaultCacheBehavior: behavior({ ...(asks ? { originRequestPolicyId: 'asks' } : {}), ...behaviour }),
          }),
        },
      }),
    settings,
  );
  edge.origin.otherwise(({ target }, response) => void response.end(`of ${target}`));
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

const policyOf = (
  headersConfig: OriginRequestPolicyConfig['headersConfig'],
  rest: Partial<OriginRequestPolicyConfig> = {},
): OriginRequestPolicyConfig => ({
  ...{ name: '', comment: '', headersConfig },
  cookiesConfig: { cookieBehavior: 'none', cookies: [] },
  queryStringsConfig: { queryStringBehavior: 'none', queryStrings: [] },
  ...rest,
});
const managed = (id: string): OriginRequestPolicyConfig => {
  const policy = MANAGED_ORIGIN_REQUEST_POLICIES[id];
  if (!policy) throw new Error(`no policy ${id}`);
  return policy;
};
const ALL_VIEWER = managed('216adef6-5c7f-47e4-b989-5492eafa07d3');
const ALL_EXCEPT_HOST = managed('b689b0a8-53d0-40ab-baf2-68738e2966ac');
const HOST_ONLY = managed('bf0718e1-ba1e-49d1-88b1-f726733018ae');

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

describe('a request that shows the origin who asks', () => {
  const SIGV4: EdgeAccessControl = {
    ...{
      name: '',
      description: '',
      signingProtocol: 'sigv4',
      signingBehavior: 'always',
      originAccessControlOriginType: 's3',
    },
    ...{ region: 'eu-central-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret' },
  };
  const OAC = { originAccessControlId: 'control' };
  const ALL_QUERIES = {
    queryStringsConfig: { queryStringBehavior: 'all', queryStrings: [], sortQueryStrings: false },
  } as const;

  /** What Amazon's own signer makes of the request that arrived. */
  async function oracle({ method, target, headers }: Asked): Promise<string> {
    const [path = '', query = ''] = target.split('?');
    const pairs = query === '' ? [] : query.split('&').map((pair) => pair.split('='));
    const signer = new SignatureV4({
      ...{ service: 's3', region: 'eu-central-1', uriEscapePath: false, applyChecksum: false },
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret' },
      sha256: Sha256,
    });
    const signed = await signer.sign(
      {
        ...{ method, protocol: 'http:', hostname: '127.0.0.1', path: path.split('/').map(encoded).join('/') },
        query: Object.fromEntries(
          pairs.map(([name = '', value = '']) => [decodeURIComponent(name), decodeURIComponent(value)]),
        ),
        headers: { host: headers.host ?? '', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      { signingDate: new Date(edge.clock.ms) },
    );
    return signed.headers.authorization ?? '';
  }

  test.each([
    ['GET', '/a'],
    ['HEAD', '/a'],
    ['PUT', '/a'],
    ['DELETE', '/a/b/c.mp4'],
    ['GET', '/a%20b/c%2Bd'],
    ['GET', '/%C3%A4'],
    ['GET', "/a!b'c(d)*e"],
    ['GET', '/a~b_c-d.e'],
    ['GET', '/a//b'],
    ['GET', '/a/./b'],
    ['GET', '/a?b=c'],
    ['GET', '/a?z=1&b=2'],
    ['GET', '/a?list-type=2&prefix=a%2Fb'],
    ['GET', '/a?acl'],
    ['GET', '/a?x=%20y'],
    ['GET', '/a=b&c,d:e@f$g'],
  ])('of S3 is signed as Amazon signs it: %s %s', async (method, target) => {
    await begin({ control: SIGV4, origin: OAC, key: ALL_QUERIES });
    const asked = await told({}, method, target);
    expect(asked.target).toBe(target);
    expect(asked.headers.authorization?.replaceAll(', ', ',')).toBe((await oracle(asked)).replaceAll(', ', ','));
    expect(asked.headers['x-amz-date']).toBe('20260601T120000Z');
  });

  test('of S3 is taken by a real S3 server, and no other is', async () => {
    const { access, bucket, client } = await freshBucket();
    const names = ['a.txt', 'a b+c.txt', 'ä/ö.txt', "it's (1)!*.txt", 'x=1&y,z.txt'];
    for (const name of names)
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: name, Body: `of ${name}` }));
    const origin = originAt(access.endpoint, { originPath: `/${bucket}` });
    const control = {
      ...SIGV4,
      region: 'us-east-1',
      accessKeyId: access.accessKeyId,
      secretAccessKey: access.secretAccessKey,
    };
    const start = async (at: Origin) => {
      edge = await startSiteEdge(() =>
        site({ originAccessControls: { control }, distributions: { dist: distribution([at]) } }),
      );
      // The server has a clock of its own.
      edge.clock.ms = Date.now();
    };
    await start({ ...origin, ...OAC });
    for (const name of names) {
      const { status, body } = await ask(`/${name.split('/').map(encodeURIComponent).join('/')}`);
      expect([status, body.toString()]).toEqual([200, `of ${name}`]);
    }
    expect((await ask('/a.txt', { Range: 'bytes=0-1' })).body.toString()).toBe('of');
    await edge.stop();
    await start(origin);
    expect((await ask('/a.txt')).status).toBeGreaterThanOrEqual(400);
  });

  test('is signed over whatever a viewer says in the same place', async () => {
    await begin({ control: SIGV4, origin: OAC, asks: ALL_EXCEPT_HOST });
    const lies = {
      Authorization: 'AWS4-HMAC-SHA256 mine',
      'X-Amz-Date': '20200101T000000Z',
      'X-Amz-Content-Sha256': 'x',
    };
    const asked = await told(lies);
    expect(asked.headers['x-amz-date']).toBe('20260601T120000Z');
    expect(asked.headers.authorization).toContain('Credential=AKIDEXAMPLE/20260601/eu-central-1/s3/aws4_request');
    expect(asked.headers.authorization).not.toContain('mine');
  });

  test('has no field of Amazon’s that a viewer added and nobody signed', async () => {
    await begin({ control: SIGV4, origin: OAC, asks: ALL_EXCEPT_HOST });
    const asked = await told({ 'X-Amz-Copy-Source': '/other/secret', 'x-amz-acl': 'public-read', 'X-Own': '1' }, 'PUT');
    expect(
      Object.keys(asked.headers)
        .filter((name) => name.startsWith('x-amz-'))
        .sort(),
    ).toEqual(['x-amz-content-sha256', 'x-amz-date']);
    expect(asked.headers['x-own']).toBe('1');
  });

  test.each([
    ['always', 'Basic x', true],
    ['no-override', undefined, true],
    ['no-override', 'Basic x', false],
    ['never', undefined, false],
  ] as const)('%s, with an Authorization of %s: %s', async (signingBehavior, authorization, isSigned) => {
    await begin({ control: { ...SIGV4, signingBehavior }, origin: OAC, asks: ALL_EXCEPT_HOST });
    const { headers } = await told(authorization === undefined ? {} : { Authorization: authorization });
    expect(headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') ?? false).toBe(isSigned);
    if (!isSigned) expect(headers.authorization).toBe(authorization);
  });

  test('by the signature of an edge is this very request’s, and a viewer cannot write it', async () => {
    const control: EdgeAccessControl = { ...SIGV4, signingProtocol: 'edge', originAccessControlOriginType: 'custom' };
    await begin({ control, origin: { ...OAC, originPath: '/folder' }, asks: ALL_VIEWER });
    const { method, target, headers } = await told({ [EDGE_SIGNATURE_HEADER]: 't=1,v=x' }, 'GET', '/a?b=c').catch(
      async () => told(),
    );
    const value = headers[EDGE_SIGNATURE_HEADER] as string;
    expect(verifyEdgeRequest('a secret', method, target, value, edge.clock.ms)).toBe(true);
    expect(verifyEdgeRequest('a secret', method, '/folder/b', value, edge.clock.ms)).toBe(false);
    expect(headers.authorization).toBeUndefined();
  });

  test('says none of the secrets to viewers or to the log', async () => {
    await begin({ control: SIGV4, origin: OAC });
    const { raw } = await ask();
    await edge.s.settled(1);
    expect(JSON.stringify([raw, edge.s.facts])).not.toMatch(/a secret|AKIDEXAMPLE|AWS4/);
  });
});

/** As Amazon's clients write the name of an object: all but letters, digits and `-._~`. */
function encoded(segment: string): string {
  return encodeURIComponent(decodeURIComponent(segment)).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What Amazon's signer hashes by. */
class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset(): void {}
}
