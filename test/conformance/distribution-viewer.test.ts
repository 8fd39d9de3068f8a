import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import type {
  CacheBehavior,
  CorsConfig,
  DistributionConfig,
  ResponseHeadersPolicyConfig,
} from '../../src/kernel/distribution/model.ts';
import { makeCertificate } from '../harness/certificate.ts';
import type { Answer } from '../harness/edge-scenario.ts';
import { RawViewer } from '../harness/raw-viewer.ts';
import {
  behavior,
  cachePolicy,
  distribution,
  HOST,
  originAt,
  type SiteEdge,
  type SiteEdgeOptions,
  site,
  startSiteEdge,
} from '../harness/site-edge.ts';

/** What a distribution says to its viewers: whom it answers, by what behaviour, and under which fields. */

let edge: SiteEdge;
let certs: string | undefined;
afterEach(async () => {
  await edge.stop();
  if (certs) await rm(certs, { recursive: true, force: true });
  certs = undefined;
});

interface Begin {
  readonly policy?: Partial<ResponseHeadersPolicyConfig>;
  readonly settings?: Partial<Settings>;
  readonly options?: SiteEdgeOptions;
}

async function begin(more: Partial<DistributionConfig>, { policy, settings, options }: Begin = {}): Promise<void> {
  edge = await startSiteEdge(
    (origin) =>
      site({
        cachePolicies: { policy: cachePolicy(), disabled: cachePolicy({ minTTL: 0, defaultTTL: 0, maxTTL: 0 }) },
        responseHeadersPolicies: {
          dress: { name: '', comment: '', customHeadersConfig: [], removeHeadersConfig: [], ...policy },
        },
        distributions: {
          dist: distribution([originAt(origin.url), originAt(origin.url, { id: 'two', originPath: '/two' })], more),
        },
      }),
    settings,
    options,
  );
  edge.origin.otherwise(({ target }, response) => void response.end(`of ${target}`));
}

async function ask(target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return edge.s.get(target, { method, headers: { Host: HOST, ...headers } });
}

describe('where https is wanted, a viewer without', () => {
  const wanted = (viewerProtocolPolicy: CacheBehavior['viewerProtocolPolicy']) =>
    begin({ defaultCacheBehavior: behavior({ viewerProtocolPolicy }), defaultRootObject: 'index.html' });

  test.each([
    ['GET', 301],
    ['HEAD', 301],
    ['POST', 307],
    ['PUT', 307],
    ['DELETE', 307],
    ['OPTIONS', 307],
  ])('is sent there by %s with %i, and the origin hears nothing of it', async (method, status) => {
    await wanted('redirect-to-https');
    const { headers, ...answer } = await ask('/a/b?c=d&Signature=x', {}, method);
    expect([answer.status, headers.location, headers['x-cache']]).toEqual([
      status,
      `https://${HOST}/a/b?c=d&Signature=x`,
      'Redirect from frontrow',
    ]);
    expect(edge.origin.asked).toEqual([]);
  });

  test('is sent to the root as the root', async () => {
    await wanted('redirect-to-https');
    expect((await ask('/?a=b')).headers.location).toBe(`https://${HOST}/?a=b`);
  });

  test('is sent to the host without the port of the other scheme, and to no other host', async () => {
    await wanted('redirect-to-https');
    expect((await ask('/a', { Host: `${HOST}:8080` })).headers.location).toBe(`https://${HOST}/a`);
    expect((await ask('//evil.example/a')).headers.location).toBe(`https://${HOST}//evil.example/a`);
  });

  test('gets a page of 167 bytes, as from others', async () => {
    await wanted('redirect-to-https');
    const { body, headers } = await ask('/a');
    expect(headers['content-type']).toBe('text/html');
    expect(body.toString()).toContain('<center><h1>301 Moved Permanently</h1></center>\r\n');
  });

  test('of HTTP/1.0 is refused where he wants to change something', async () => {
    await wanted('redirect-to-https');
    const viewer = new RawViewer(edge.s.url).send(`POST /a HTTP/1.0\r\nHost: ${HOST}\r\nContent-Length: 0\r\n\r\n`);
    expect(await viewer.toEnd()).toMatch(/^HTTP\/1\.1 403 /);
  });

  test('is refused where it is all there is', async () => {
    await wanted('https-only');
    const { status, headers } = await ask('/a');
    expect([status, headers.location, edge.origin.asked.length]).toEqual([403, undefined, 0]);
  });

  test('is not believed that he has it, unless a proxy that is trusted says so', async () => {
    await wanted('https-only');
    expect((await ask('/a', { 'X-Forwarded-Proto': 'https' })).status).toBe(403);
    await edge.stop();
    await begin(
      { defaultCacheBehavior: behavior({ viewerProtocolPolicy: 'https-only' }) },
      { settings: { edgeTrustedProxies: '127.0.0.0/8' } },
    );
    expect((await ask('/a', { 'X-Forwarded-Proto': 'https' })).status).toBe(200);
  });

  test('is told apart from one who has it by the connection, not by the name in it', async () => {
    certs = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
    const { cert, key } = makeCertificate(HOST, 'other.example.com');
    await writeFile(join(certs, 'site.crt'), cert);
    await writeFile(join(certs, 'site.key'), key);
    await begin(
      { defaultCacheBehavior: behavior({ viewerProtocolPolicy: 'https-only' }) },
      { settings: { edgeTlsCerts: certs } },
    );
    expect(await overTls('/a', HOST, HOST)).toBe(200);
    // Which certificate was asked for says nothing about whose answer is wanted.
    expect(await overTls('/a', HOST, 'other.example.com')).toBe(200);
    expect(await overTls('/a', 'other.example.com', HOST)).not.toBe(200);
    expect((await ask('/a')).status).toBe(403);
  });
});

function overTls(path: string, host: string, servername: string): Promise<number> {
  const { port } = new URL(edge.s.tlsUrl);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, servername, headers: { Host: host }, rejectUnauthorized: false, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

describe('of methods', () => {
  const ALL = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

  test.each([[['GET', 'HEAD']], [['GET', 'HEAD', 'OPTIONS']], [[...ALL]]] as const)(
    '%j are taken, and others refused without a word to the origin',
    async (allowedMethods) => {
      await begin({ defaultCacheBehavior: behavior({ allowedMethods }) });
      for (const method of ALL) {
        const before = edge.origin.asked.length;
        const { status } = await ask(`/${method}`, {}, method);
        const isAllowed = (allowedMethods as readonly string[]).includes(method);
        expect([method, status, edge.origin.asked.length - before]).toEqual([
          method,
          isAllowed ? 200 : 403,
          isAllowed ? 1 : 0,
        ]);
      }
    },
  );

  test.each(['TRACE', 'PROPFIND', 'get', 'PURGE', 'BAN'])('%s never is', async (method) => {
    await begin({ defaultCacheBehavior: behavior({ allowedMethods: [...ALL] }) });
    const viewer = new RawViewer(edge.s.url).send(`${method} /a HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(await viewer.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 (?:400|403|405) /);
    viewer.socket.destroy();
    expect(edge.origin.asked).toEqual([]);
  });
});

describe('the root', () => {
  const asksFor = async (target: string) => {
    await begin({ defaultRootObject: 'home/index.html' });
    await ask(target);
    return edge.origin.asked[0]?.target;
  };

  test.each([
    ['/', '/home/index.html'],
    ['/?a=b', '/home/index.html'],
    ['/a/', '/a/'],
    ['//', '//'],
    ['/.', '/.'],
    ['/index.html', '/index.html'],
  ])('asked for as %s is %s to the origin', async (target, expected) => {
    expect(await asksFor(target)).toBe(expected);
  });

  test('and what stands for it are one object, by the behaviour of that', async () => {
    await begin({
      defaultRootObject: 'index.html',
      cacheBehaviors: [{ ...behavior({ targetOriginId: 'two' }), pathPattern: '*.html' }],
    });
    await ask('/');
    expect((await ask('/index.html')).headers['x-cache']).toBe('Hit from frontrow');
    expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/two/index.html']);
  });

  test('is passed on as it is where nothing stands for it', async () => {
    await begin({});
    await ask('/');
    expect(edge.origin.asked[0]?.target).toBe('/');
  });
});

describe('the first pattern that fits a path', () => {
  test.each([
    ['/a.jpg', ['*.jpg', '/a*'], '*.jpg'],
    ['/a.jpg', ['/a*', '*.jpg'], '/a*'],
    ['/a/b/c.jpg', ['*.jpg'], '*.jpg'],
    ['/a/b', ['a/*'], 'a/*'],
    ['/x/a/b', ['a/*'], 'none'],
    ['/A/b', ['a/*'], 'none'],
    ['/ab', ['/a?'], '/a?'],
    ['/a', ['/a?'], 'none'],
    ['/a.jpg?x=.png', ['*.png'], 'none'],
    ['/a/../b/c', ['/b/*'], '/b/*'],
    ['/a/%2e%2e/b/c', ['/b/*'], '/b/*'],
    ['//b//c', ['/b/*'], '/b/*'],
    ['/./b/c', ['/b/*'], '/b/*'],
    ['/%62/c', ['/b/*'], '/b/*'],
    ['/b', ['/b/*'], 'none'],
    ['/b/', ['/b/*'], '/b/*'],
  ])('%s of %j is %s, and the origin gets the path as it came', async (target, patterns, expected) => {
    const targets = patterns.map((pathPattern, at) => ({ id: `p${at}`, pathPattern }));
    edge = await startSiteEdge((origin) => {
      const header = (headerValue: string) => ({ customHeaders: [{ headerName: 'X-By', headerValue }] });
      return site({
        distributions: {
          dist: distribution(
            [
              originAt(origin.url, header('none')),
              ...targets.map(({ id, pathPattern }) => originAt(origin.url, { id, ...header(pathPattern) })),
            ],
            {
              cacheBehaviors: targets.map(({ id, pathPattern }) => ({
                ...behavior({ targetOriginId: id }),
                pathPattern,
              })),
            },
          ),
        },
      });
    });
    await ask(target);
    const [asked] = edge.origin.asked;
    expect(asked?.headers['x-by']).toBe(expected);
    expect(asked?.target).toBe(target.replace(/\?.*/, ''));
  });
});

test('a distribution that is switched off answers nobody, from what is kept neither', async () => {
  await begin({ enabled: false });
  const { status, body } = await ask('/a');
  expect([status, body.toString()]).toEqual([403, expect.stringContaining('DISTRIBUTION_DISABLED')]);
  expect(edge.origin.asked).toEqual([]);
});

describe('by the country of the viewer', () => {
  const PLACES: Readonly<Record<string, string>> = { '203.0.113.1': 'DE', '203.0.113.2': 'FR' };
  const places = {
    load: () => Promise.resolve(),
    find: (ip: string) => (PLACES[ip] === undefined ? undefined : { country: PLACES[ip] }),
  };
  const restricted = (restrictionType: 'whitelist' | 'blacklist', trusted = '127.0.0.0/8') =>
    begin(
      { restrictions: { geoRestriction: { restrictionType, locations: ['DE'] } } },
      { settings: { edgeTrustedProxies: trusted }, options: { places } },
    );

  test.each([
    ['whitelist', '203.0.113.1', 200],
    ['whitelist', '203.0.113.2', 403],
    ['blacklist', '203.0.113.1', 403],
    ['blacklist', '203.0.113.2', 200],
    ['whitelist', '198.51.100.1', 200],
    ['blacklist', '198.51.100.1', 200],
    ['blacklist', '203.0.113.2, 203.0.113.1', 403],
  ] as const)('%s, who comes from %s is answered %i', async (type, address, status) => {
    await restricted(type);
    expect((await ask('/a', { 'X-Forwarded-For': address })).status).toBe(status);
    expect(edge.origin.asked.length).toBe(status === 200 ? 1 : 0);
  });

  test('what is kept is refused as well, and no viewer moves by his own word', async () => {
    await restricted('blacklist');
    await ask('/a', { 'X-Forwarded-For': '203.0.113.2' });
    expect((await ask('/a', { 'X-Forwarded-For': '203.0.113.1' })).status).toBe(403);
    expect((await ask('/a', { 'X-Forwarded-For': '203.0.113.2, 203.0.113.1' })).status).toBe(403);
    await edge.stop();
    await restricted('blacklist', '192.0.2.0/24');
    expect((await ask('/a', { 'X-Forwarded-For': '203.0.113.1' })).status).toBe(200);
  });
});

describe('fields of the operator', () => {
  const policy: Partial<ResponseHeadersPolicyConfig> = {
    securityHeadersConfig: {
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: 'DENY', override: false },
      strictTransportSecurity: { accessControlMaxAgeSec: 60, includeSubdomains: false, preload: false, override: true },
    },
    customHeadersConfig: [
      { header: 'X-Own', value: 'policy', override: false },
      { header: 'X-Over', value: 'policy', override: true },
    ],
    removeHeadersConfig: ['X-Secret', 'Server'],
  };
  const dressed = (more: Partial<DistributionConfig> = {}, behaviour: Partial<CacheBehavior> = {}) =>
    begin({ defaultCacheBehavior: behavior({ responseHeadersPolicyId: 'dress', ...behaviour }), ...more }, { policy });
  const EXPECTED = {
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=60',
    'x-over': 'policy',
  };

  test('stand on misses, hits, answers without a body and those to ranges', async () => {
    await dressed();
    edge.origin.serve('/a', {
      headers: { ETag: '"a"', 'X-Secret': '1', 'X-Over': 'origin', 'X-Own': 'origin', 'X-Frame-Options': 'SAMEORIGIN' },
      body: 'body',
    });
    const answers = [
      await ask('/a'),
      await ask('/a'),
      await ask('/a', {}, 'HEAD'),
      await ask('/a', { 'If-None-Match': '"a"' }),
      await ask('/a', { Range: 'bytes=0-1' }),
      await ask('/a', { Range: 'bytes=9-' }),
      await ask('/a', {}, 'POST'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 304, 206, 416, 200]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({ ...EXPECTED, 'x-own': 'origin', 'x-frame-options': 'SAMEORIGIN' });
      expect(headers['x-secret']).toBeUndefined();
    }
  });

  test.each([
    ['of the origin', '/missing', {}, 404],
    ['for its method', '/a', { allowedMethods: ['GET', 'HEAD'] }, 403],
    ['for want of https', '/a', { viewerProtocolPolicy: 'https-only' }, 403],
    ['to https', '/a', { viewerProtocolPolicy: 'redirect-to-https' }, 307],
    ['for want of a grant', '/a', { trustedKeyGroups: ['none'] }, 403],
  ] as const)('stand on a refusal %s', async (_what, target, behaviour, status) => {
    await dressed({}, behaviour);
    edge.origin.serve('/missing', { status: 404 });
    const answer = await ask(target, {}, 'POST');
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ ...EXPECTED, 'x-own': 'policy', 'x-frame-options': 'DENY' });
  });

  test('stand on what the edge says of a dead origin', async () => {
    await dressed();
    await edge.origin.stop();
    const { status, headers } = await ask('/a');
    expect([status, headers['x-over']]).toEqual([502, 'policy']);
  });

  test('stand on the refusal of a distribution that is switched off, and of a country', async () => {
    await dressed({ enabled: false });
    expect((await ask('/a')).headers).toMatchObject(EXPECTED);
  });

  test('of one behaviour do not stand on what another one answers of the same kept page', async () => {
    await dressed({ cacheBehaviors: [{ ...behavior(), pathPattern: '/plain/*' }] });
    expect((await ask('/plain/a')).headers['x-over']).toBeUndefined();
    expect((await ask('/a')).headers['x-over']).toBe('policy');
  });
});

describe('pages of other origins', () => {
  const CORS: CorsConfig = {
    accessControlAllowOrigins: ['https://a.example', '*.b.example'],
    accessControlAllowHeaders: ['X-Own'],
    accessControlAllowMethods: ['GET', 'PUT'],
    accessControlAllowCredentials: true,
    accessControlExposeHeaders: ['X-Told'],
    originOverride: true,
  };
  const open = (corsConfig: CorsConfig = CORS) =>
    begin({ defaultCacheBehavior: behavior({ responseHeadersPolicyId: 'dress' }) }, { policy: { corsConfig } });
  const leaveFor = async (origin: string | undefined, method = 'GET', more = {}) => {
    const { headers } = await ask('/a', { ...(origin === undefined ? {} : { Origin: origin }), ...more }, method);
    return headers;
  };

  test('are each told about themselves, whoever had the page kept', async () => {
    await open();
    for (const origin of ['https://a.example', 'https://x.b.example', 'https://a.example']) {
      const headers = await leaveFor(origin);
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(headers['access-control-allow-credentials']).toBe('true');
      expect(headers.vary?.toLowerCase()).toContain('origin');
    }
    for (const origin of [
      'https://evil.example',
      'https://b.example',
      'null',
      'https://a.example.evil.example',
      undefined,
    ]) {
      const headers = await leaveFor(origin);
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['access-control-allow-credentials']).toBeUndefined();
      expect(headers.vary?.toLowerCase()).toContain('origin');
    }
    expect(edge.origin.asked.length).toBe(1);
  });

  test('are not let in by what the origin said to the first of them', async () => {
    await open();
    edge.origin.serve('/a', {
      headers: { 'Access-Control-Allow-Origin': 'https://evil.example', 'Access-Control-Allow-Credentials': 'true' },
      body: 'x',
    });
    expect((await leaveFor('https://evil.example'))['access-control-allow-origin']).toBeUndefined();
    expect((await leaveFor('https://a.example'))['access-control-allow-origin']).toBe('https://a.example');
    expect((await leaveFor('https://evil.example'))['access-control-allow-origin']).toBeUndefined();
  });

  test('are answered by the origin alone where it says anything and the policy does not overrule it', async () => {
    await open({ ...CORS, originOverride: false });
    edge.origin.serve('/a', { headers: { 'Access-Control-Allow-Origin': 'https://c.example' }, body: 'x' });
    const headers = await leaveFor('https://a.example');
    expect(headers['access-control-allow-origin']).toBe('https://c.example');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('that ask beforehand are told what they may do', async () => {
    await open();
    const asking = { 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x-own' };
    const headers = await leaveFor('https://a.example', 'OPTIONS', asking);
    expect(headers['access-control-allow-methods']).toBe('GET, PUT');
    expect(headers['access-control-allow-headers']?.toString().toLowerCase()).toContain('x-own');
    expect((await leaveFor('https://evil.example', 'OPTIONS', asking))['access-control-allow-origin']).toBeUndefined();
  });
});
