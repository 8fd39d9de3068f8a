import { afterEach, describe, expect, test } from 'vitest';
import { askSite, sendBytes, startAttackedSite, statusOf } from '../harness/attacked-site.ts';
import type { Asked } from '../harness/origin.ts';
import { behavior, cachePolicy, HOST, type SiteEdge } from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());

async function begin(...terms: Parameters<typeof startAttackedSite>): Promise<void> {
  edge = await startAttackedSite(...terms);
}

const ask = (target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  askSite(edge, target, headers, method);
const raw = (bytes: string) => sendBytes(edge.s.url, bytes);

describe('what a viewer says that is not in the key', () => {
  /** Answers differ by whatever the origin is told, as those of careless origins do. */
  function echo(
    { target, headers, method }: Asked,
    response: Parameters<Parameters<typeof edge.origin.otherwise>[0]>[1],
  ) {
    const { host: _, connection: __, via: ___, 'cdn-loop': ____, ...told } = headers;
    response.writeHead(200, { 'Cache-Control': 'max-age=60' });
    response.end(JSON.stringify({ method, target, told }));
  }

  const LIES: readonly (readonly [name: string, value: string])[] = [
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'nothttps'],
    ['X-Forwarded-Scheme', 'nothttps'],
    ['X-Forwarded-Port', '666'],
    ['X-Forwarded-Server', 'evil.example'],
    ['X-Forwarded-Prefix', '/evil'],
    ['X-Forwarded-Path', '/evil'],
    ['X-Forwarded-Uri', '/evil'],
    ['X-Forwarded-For', '203.0.113.66'],
    ['X-Host', 'evil.example'],
    ['X-Original-Host', 'evil.example'],
    ['X-HTTP-Host-Override', 'evil.example'],
    ['X-Original-URL', '/evil'],
    ['X-Rewrite-URL', '/evil'],
    ['X-Real-IP', '203.0.113.66'],
    ['True-Client-IP', '203.0.113.66'],
    ['Forwarded', 'for=203.0.113.66;host=evil.example'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-HTTP-Method', 'DELETE'],
    ['X-Method-Override', 'DELETE'],
    ['Origin', 'https://evil.example'],
    ['Referer', 'https://evil.example/'],
    ['User-Agent', 'evil'],
    ['Accept', 'evil/*'],
    ['Accept-Language', 'evil'],
    ['Cookie', 'evil=1'],
    ['Authorization', 'Basic ZXZpbA=='],
    ['If-None-Match', '"evil"'],
    ['If-Modified-Since', 'Mon, 01 Jan 2035 00:00:00 GMT'],
    ['If-Match', '"evil"'],
    ['Accept-Encoding', 'evil, gzip;q=0, *;q=0'],
    ['Accept-Encoding', 'identity;q=0'],
    ['TE', 'trailers, evil'],
    ['Expect', 'evil'],
    ['Max-Forwards', '0'],
    ['Content-Type', 'evil/evil'],
    ['Sec-Purpose', 'prefetch'],
    ['Surrogate-Capability', 'evil="Surrogate/1.0"'],
    ['Frontrow-Edge-Signature', 't=1,v=evil'],
    ['CloudFront-Viewer-Country', 'XX'],
    ['X-Amz-Website-Redirect-Location', '/evil'],
    ['X-Edge-Evil', '1'],
    ['Cache-Control', 'no-cache'],
    ['Pragma', 'no-cache'],
    ['Upgrade-Insecure-Requests', '1'],
  ];

  test.each(LIES)('changes nobody else’s answer: %s: %s', async (name, value) => {
    await begin();
    edge.origin.otherwise(echo);
    const honest = (await ask('/page')).text;
    await ask('/lied', { [name]: value });
    expect((await ask('/lied')).text).toBe(honest.replace('/page', '/lied'));
  });

  test.each([
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-Server',
    'X-Host',
    'X-Original-Host',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-HTTP-Host-Override',
    'Forwarded',
    'X-Real-IP',
  ])('%s reaches the origin of what is kept under no policy that only says “all”', async (name) => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) });
    edge.origin.otherwise(echo);
    expect((await ask('/a', { [name]: 'evil', 'X-Other': 'goes on' })).text).not.toContain('evil');
    expect(edge.origin.asked[0]?.headers['x-other']).toBe('goes on');
  });

  test('a method in a field goes on with a change, which is nobody else’s', async () => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) });
    await ask('/a', { 'X-HTTP-Method-Override': 'PATCH' }, 'POST');
    expect(edge.origin.asked[0]?.headers['x-http-method-override']).toBe('PATCH');
  });

  test('of a page in the answer to his Authorization is kept for nobody, though the origin says for how long', async () => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) });
    edge.origin.otherwise(({ headers }, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(headers.authorization ?? 'nobody');
    });
    expect((await ask('/a', { Authorization: 'Basic x' })).text).toBe('Basic x');
    expect((await ask('/a')).text).toBe('nobody');
  });

  test.each([
    ['a parameter after a semicolon', '/a?id=1;cb=evil', '/a?id=1'],
    ['a name that is encoded', '/a?%69d=evil&id=1', '/a?id=1'],
    ['a second one of a name', '/a?id=1&id=evil', '/a?id=1'],
    ['another case', '/a?ID=evil&id=1', '/a?id=1'],
    ['a parameter that is not in the key', '/a?utm=1;id=evil&id=1', '/a?id=1'],
    ['a nested name', '/a?id[]=evil&id=1', '/a?id=1'],
    ['an encoded ampersand', '/a?id=1%26cb=evil', '/a?id=1'],
    ['a question mark', '/a?id=1?cb=evil', '/a?id=1'],
    ['an encoded fragment', '/a?id=1%23evil', '/a?id=1'],
    ['a plus', '/a?+id=evil&id=1', '/a?id=1'],
  ])('is no cloak: %s', async (_what, cloaked, plain) => {
    const queryStringsConfig = {
      queryStringBehavior: 'whitelist',
      queryStrings: ['id'],
      sortQueryStrings: false,
    } as const;
    await begin({}, { policy: cachePolicy({}, { queryStringsConfig }) });
    edge.origin.otherwise(echo);
    await ask(cloaked);
    expect((await ask(plain)).text).not.toContain('evil');
  });

  test('a fragment is refused', async () => {
    await begin();
    expect(statusOf(await raw(`GET /a#evil HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`))).toBe(400);
    expect(edge.origin.asked).toEqual([]);
  });
});

describe('what one viewer provokes is not what others get', () => {
  /** An origin that answers what it does not like with an error, and says that it may be kept. */
  const fussy =
    (dislikes: (asked: Asked) => boolean, status: number) =>
    (asked: Asked, response: Parameters<Parameters<typeof edge.origin.otherwise>[0]>[1]) => {
      const fails = dislikes(asked);
      response.writeHead(fails ? status : 200, { 'Cache-Control': 'max-age=60' }).end(fails ? 'error' : 'fine');
    };
  const LONG = 'x'.repeat(9_000);

  test.each([
    ['a large field', 'X-Large', LONG, 400],
    ['a large cookie', 'Cookie', `a=${LONG}`, 400],
    ['a large Via', 'Via', `1.1 ${LONG}`, 400],
    ['a large CDN-Loop', 'CDN-Loop', LONG, 400],
    ['a large X-Forwarded-For', 'X-Forwarded-For', LONG, 400],
    ['a large capability', 'Surrogate-Capability', LONG, 400],
    ['a large range', 'Range', `bytes=${'0-0,'.repeat(2_000)}0-0`, 400],
    ['a large language', 'Accept-Language', LONG, 400],
    ['a large coding', 'Accept-Encoding', LONG, 400],
  ])('%s: errors for size are not kept', async (_what, name, value, status) => {
    await begin();
    edge.origin.otherwise(fussy(({ headers }) => JSON.stringify(headers).length > 4_000, status));
    await ask('/a', { [name]: value });
    expect((await ask('/a')).text).toBe('fine');
  });

  test.each([
    ['bytes=0-0', 400],
    ['bytes=0-0', 403],
    ['bytes=0-0', 404],
    ['bytes=0-0', 416],
    ['bytes=0-0', 500],
    ['bytes=0-0', 501],
    ['bytes=-1', 503],
    ['bytes=18446744073709551615-', 400],
    ['lines=1-2', 400],
  ] as const)('Range: %s, which the origin answers %i', async (range, status) => {
    await begin();
    edge.origin.otherwise(fussy(({ headers }) => headers.range !== undefined, status));
    await ask('/a', { Range: range });
    expect((await ask('/a')).text).toBe('fine');
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])(
    '%s, which the origin answers 404',
    async (method) => {
      await begin();
      edge.origin.otherwise(fussy((asked) => asked.method === method, 404));
      await ask('/a', {}, method);
      expect((await ask('/a')).text).toBe('fine');
    },
  );

  test('a control character in a field', async () => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) });
    edge.origin.otherwise(fussy(({ headers }) => headers['x-meta'] !== undefined, 400));
    await raw(`GET /a HTTP/1.1\r\nHost: ${HOST}\r\nX-Meta: a\x07b\r\n\r\n`);
    expect((await ask('/a')).text).toBe('fine');
  });

  test('a GET with a body is refused, as the key does not tell what is in it', async () => {
    await begin();
    const answer = await raw(`GET /a HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\n\r\nevil`);
    expect([statusOf(answer), edge.origin.asked.length]).toEqual([403, 0]);
    const chunked = await raw(
      `GET /a HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n`,
    );
    expect([statusOf(chunked), edge.origin.asked.length]).toEqual([403, 0]);
  });
});
