import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CachePolicyConfig, DistributionConfig } from '../../src/kernel/distribution/model.ts';
import { KEY_PAIR_ID } from '../harness/film-edge.ts';
import type { Asked } from '../harness/origin.ts';
import { RawViewer } from '../harness/raw-viewer.ts';
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

let edge: SiteEdge;
afterEach(() => edge.stop());

const ALL_VIEWER = {
  name: 'all',
  comment: '',
  headersConfig: { headerBehavior: 'allViewer', headers: [] },
  cookiesConfig: { cookieBehavior: 'all', cookies: [] },
  queryStringsConfig: { queryStringBehavior: 'all', queryStrings: [] },
} as const;

async function begin(
  more: Partial<DistributionConfig> = {},
  policies: Readonly<Record<string, CachePolicyConfig>> = {},
): Promise<void> {
  edge = await startSiteEdge((origin) =>
    site({
      cachePolicies: {
        policy: cachePolicy(),
        disabled: cachePolicy({ minTTL: 0, defaultTTL: 0, maxTTL: 0 }),
        ...policies,
      },
      originRequestPolicies: { all: ALL_VIEWER },
      keyGroups: { viewers: [KEY_PAIR_ID], others: ['KOTHEREXAMPLE1'] },
      distributions: {
        dist: distribution([originAt(origin.url)], more),
        other: distribution([originAt(origin.url, { originPath: '/other' })], { aliases: ['other.example.com'] }),
      },
    }),
  );
}

async function ask(target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  const answer = await edge.s.get(target, { method, headers: { Host: HOST, ...headers } });
  return { ...answer, text: answer.body.toString() };
}

/** The whole of the answer to these bytes, as far as its head and a short body. */
async function raw(bytes: string): Promise<string> {
  const viewer = new RawViewer(edge.s.url).send(bytes);
  await viewer.until(/\r\n\r\n[\s\S]*$/);
  viewer.socket.destroy();
  return viewer.received;
}

const statusOf = (received: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0);

describe('a distribution whose origin is an edge', () => {
  test('this very one is answered 508 after one round, and keeps nothing of it', async () => {
    await begin();
    // The edge's address is known only once it runs, so the origin hands the request back to it.
    edge.origin.otherwise(async ({ target, headers, method }, response) => {
      const back = await edge.s.get(target, { method, headers: { ...flat(headers), host: HOST } });
      response.writeHead(back.status, { 'Cache-Control': 'max-age=60' }).end(back.body);
    });
    const answer = await ask('/a');
    expect([answer.status, edge.origin.asked.length]).toEqual([508, 1]);
    expect(answer.text).toContain('LOOP_DETECTED');
    edge.origin.serve('/a', { body: 'fine' });
    expect((await ask('/a')).text).toBe('fine');
  });

  test('this one through another is answered 508 after one round through both', async () => {
    await begin();
    const near = edge;
    const far = await startSiteEdge(() =>
      site({
        originRequestPolicies: { all: ALL_VIEWER },
        distributions: {
          dist: distribution([originAt(near.s.url)], {
            defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }),
          }),
        },
      }),
    );
    try {
      near.origin.otherwise(async ({ target, headers, method }, response) => {
        const back = await far.s.get(target, { method, headers: { ...flat(headers), host: HOST } });
        response.writeHead(back.status).end(back.body);
      });
      const answer = await near.s.get('/a', { headers: { Host: HOST } });
      expect(answer.status).toBe(508);
      expect(near.origin.asked.length).toBe(1);
    } finally {
      await far.stop();
    }
  });

  test('lets no viewer who writes the name of an edge into CDN-Loop fail those who wait with him', async () => {
    await begin();
    const held = edge.origin.hold('/a');
    const liar = ask('/a', { 'CDN-Loop': 'an-edge-behind' });
    await held.arrived;
    const honest = ask('/a');
    await expect.poll(() => edge.s.edge.readersOf('@dist/a')).toBe(2);
    edge.origin.serve('/a', { body: 'fine' });
    held.release({ status: 508 });
    expect((await liar).status).toBe(508);
    expect([(await honest).status, (await ask('/a')).status]).toEqual([200, 200]);
  });
});

function flat(headers: Asked['headers']): Record<string, string> {
  const { connection: _, 'content-length': __, 'transfer-encoding': ___, ...others } = headers;
  return Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)]));
}

describe('by the host', () => {
  const OTHER = 'other.example.com';
  beforeEach(async () => {
    await begin();
    edge.origin.otherwise(({ target, headers }, response) => void response.end(`${headers.host} ${target}`));
  });

  test.each([
    ['an absolute target for another host', `GET http://${OTHER}/a HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, '/other/a'],
    ['an absolute target for this one', `GET http://${HOST}/a HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`, '/a'],
    ['a port', `GET /a HTTP/1.1\r\nHost: ${HOST}:8443\r\n\r\n`, '/a'],
    ['capitals', `GET /a HTTP/1.1\r\nHost: WWW.Example.COM\r\n\r\n`, '/a'],
    ['the dot of a complete name', `GET /a HTTP/1.1\r\nHost: ${HOST}.\r\n\r\n`, '/a'],
  ])('%s leads to one distribution, and to it alone', async (_what, bytes, target) => {
    expect(statusOf(await raw(bytes))).toBe(200);
    expect(edge.origin.asked.map((each) => each.target)).toEqual([target]);
    // Told under its own name, whatever the viewer called it.
    expect(edge.origin.asked[0]?.headers.host).toBe(new URL(edge.origin.url).host);
  });

  test.each([
    ['two hosts', `Host: ${HOST}\r\nHost: ${OTHER}\r\n`],
    ['two hosts, one in capitals', `HOST: ${OTHER}\r\nHost: ${HOST}\r\n`],
    ['a list of hosts', `Host: ${HOST}, ${OTHER}\r\n`],
    ['a user before the host', `Host: ${HOST}@${OTHER}\r\n`],
    ['a path behind the host', `Host: ${HOST}/${OTHER}\r\n`],
    ['a line end in the host', `Host: ${HOST}\rHost: ${OTHER}\r\n`],
    ['a tab in the host', `Host: ${HOST}\t${OTHER}\r\n`],
    ['a zero byte in the host', `Host: ${HOST}\0.${OTHER}\r\n`],
    ['letters beyond ASCII', `Host: www.ex\xe4mple.com\r\n`],
    ['a port that is none', `Host: ${HOST}:80@${OTHER}\r\n`],
    ['a folded host', `Host:\r\n ${OTHER}\r\n`],
    ['a space before the colon', `Host : ${HOST}\r\n`],
  ])('%s leads nowhere', async (_what, lines) => {
    expect(statusOf(await raw(`GET /a HTTP/1.1\r\n${lines}\r\n`))).toBe(400);
    expect(edge.origin.asked).toEqual([]);
  });

  test.each(['www_example.com', `x.${HOST}`, `${HOST}.evil.example`, 'localhost', '127.0.0.1', '[::1]', `-${HOST}`])(
    '%s, which is nobody’s, does not lead into a distribution',
    async (host) => {
      await raw(`GET /a HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(edge.origin.asked).toEqual([]);
    },
  );

  test('a host in other fields leads nowhere else, nor into the answer of others', async () => {
    const names = ['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-Forwarded-Server', 'X-HTTP-Host-Override'];
    const lies = Object.fromEntries(names.map((name) => [name, OTHER]));
    expect((await ask('/a', { ...lies, Forwarded: `host=${OTHER}` })).text).toMatch(/ \/a$/);
    expect(JSON.stringify(edge.origin.asked)).not.toContain(OTHER);
  });
});

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

describe('an answer that is one viewer’s', () => {
  const page = (fields: Readonly<Record<string, string>>) => {
    edge.origin.otherwise(({ headers }, response) => {
      response.writeHead(200, fields).end(`page of ${headers.cookie ?? 'nobody'}`);
    });
  };
  const mine = () => ask('/account/x.css', { Cookie: 'sid=1' });
  const theirs = async () => (await ask('/account/x.css', { Cookie: 'sid=2' })).text;
  const ALL_COOKIES = { cookieBehavior: 'all', cookies: [] } as const;

  test.each([
    { 'Cache-Control': 'private' },
    { 'Cache-Control': 'no-store' },
    { 'Cache-Control': 'private, max-age=60' },
    { 'Cache-Control': 'no-cache' },
    { 'Cache-Control': 'max-age=60', 'CDN-Cache-Control': 'private' },
    { 'Set-Cookie': 'sid=1' },
    { 'Set-Cookie': 'sid=1', 'Cache-Control': 'max-age=60' },
    { 'Set-Cookie': 'sid=1', Expires: 'Tue, 01 Jun 2027 12:00:00 GMT' },
  ])('by %j is not served to another where the least time is 0', async (fields) => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) });
    page(fields as Record<string, string>);
    expect((await mine()).text).toBe('page of sid=1');
    expect(await theirs()).toBe('page of sid=2');
  });

  test.each([
    { 'Cache-Control': 'max-age=60' },
    { 'Cache-Control': 'public, s-maxage=60' },
    {},
    { 'Set-Cookie': 'sid=1', 'Cache-Control': 'public, max-age=60' },
  ])('by %j is not where caching is disabled', async (fields) => {
    await begin({ defaultCacheBehavior: behavior({ cachePolicyId: 'disabled', originRequestPolicyId: 'all' }) });
    page(fields as Record<string, string>);
    expect((await mine()).text).toBe('page of sid=1');
    expect(await theirs()).toBe('page of sid=2');
    expect(edge.origin.asked.length).toBe(2);
  });

  test('with its first cookie is not served to others without one, though cookies are in the key', async () => {
    await begin({}, { policy: cachePolicy({}, { cookiesConfig: ALL_COOKIES }) });
    let sessions = 0;
    edge.origin.otherwise((_asked, response) => {
      sessions += 1;
      response.writeHead(200, { 'Set-Cookie': `sid=${sessions}` }).end('welcome');
    });
    const first = await ask('/a');
    const second = await ask('/a');
    expect([first.headers['set-cookie'], second.headers['set-cookie']]).toEqual([['sid=1'], ['sid=2']]);
  });

  test('waits for nobody else: two who ask at once are answered each for himself', async () => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) });
    edge.origin.serve('/account/x.css', { headers: { 'Cache-Control': 'private' }, body: 'page of sid=2' });
    const held = edge.origin.hold('/account/x.css');
    const first = mine();
    await held.arrived;
    const second = theirs();
    await expect.poll(() => edge.s.edge.readersOf('@dist/account/x.css')).toBe(2);
    held.release({ headers: { 'Cache-Control': 'private', 'Set-Cookie': 'sid=1' }, body: 'page of sid=1' });
    expect([(await first).text, await second]).toEqual(['page of sid=1', 'page of sid=2']);
  });

  test('with Set-Cookie for all, as the origin says, is kept', async () => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) });
    page({ 'Set-Cookie': 'ab=1', 'Cache-Control': 'public, max-age=60' });
    await mine();
    expect((await ask('/account/x.css')).headers['x-cache']).toBe('Hit from frontrow');
  });
});

describe('a path that an origin may read otherwise', () => {
  /** `*.css` is kept for all, `/account/*` is each viewer's own, `/films/*` is for those who are let in. */
  const rules = (order: 'static first' | 'account first'): Partial<DistributionConfig> => {
    const css = { ...behavior({ originRequestPolicyId: 'all' }), pathPattern: '*.css' };
    const assets = { ...behavior({ originRequestPolicyId: 'all' }), pathPattern: '/static/*' };
    const account = {
      ...behavior({ cachePolicyId: 'disabled', originRequestPolicyId: 'all' }),
      pathPattern: '/account*',
    };
    const films = { ...behavior({ trustedKeyGroups: ['viewers'] }), pathPattern: '/films/*' };
    const staff = { ...behavior({ trustedKeyGroups: ['others'] }), pathPattern: '/staff/*' };
    const own = [account, films, staff];
    const cacheBehaviors = order === 'static first' ? [assets, css, ...own] : [...own, assets, css];
    return { cacheBehaviors, defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }) };
  };
  const isKept = async (target: string) => {
    edge.origin.otherwise(({ headers }, response) => void response.end(`page of ${headers.cookie ?? 'nobody'}`));
    await ask(target, { Cookie: 'sid=1' });
    return (await ask(target)).text !== 'page of nobody';
  };

  test.each([
    '/account/x.css',
    '/account%2fx.css',
    '/account%2Fx.css',
    '/account;x.css',
    '/account%3bx.css',
    '/account%3fx.css',
    '/account%23x.css',
    '/account%00x.css',
    '/account%0ax.css',
    '/account/..%2fstatic/x.css',
    '/account/%2e%2e/account/x.css',
    '/static/..%2faccount',
    '/static/..%2faccount/x.css',
    '/static/..;/account/x.css',
    '/static/..%5caccount/x.css',
    '/static/%2e%2e%2faccount/x.css',
    '/static/%252e%252e%252faccount/x.css',
    '/%61ccount/x.css',
    '//account/x.css',
    '/./account/x.css',
    '/\\account/x.css',
  ])('%s is not kept for others where the account comes first', async (target) => {
    await begin(rules('account first'));
    expect(await isKept(target)).toBe(false);
  });

  test.each([
    '/static/a.css',
    '/static/a%20b.css',
    '/static/a;v=1.css',
    '/static/a%2fb.css',
    '/static/%C3%A4.css',
    '/x.css',
  ])('%s, which is static in every reading, is kept', async (target) => {
    await begin(rules('account first'));
    expect(await isKept(target)).toBe(true);
  });

  test.each([
    '/films%2fa',
    '/x/..%2ffilms/a',
    '/x/..;/films/a',
    '/films;x/a',
    '/films%5ca',
    '/static/..%2ffilms/a',
    '/%66ilms%2fa',
  ])('%s needs the grant that the origin’s reading of it does', async (target) => {
    await begin(rules('static first'));
    expect((await ask(target)).text).toContain('MissingKey');
    expect(edge.origin.asked).toEqual([]);
  });

  test.each(['/films/..%2fstaff/a', '/films/x%2f..%2f..%2fstaff/a'])(
    '%s, for which two groups would have to let the viewer in, is refused',
    async (target) => {
      await begin(rules('account first'));
      expect((await ask(target)).status).toBe(400);
    },
  );

  test.each([
    '/../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/a/../../secret',
    '/..;/secret',
    '/..\\secret',
    '/a/..%5c..%5csecret',
  ])('%s does not lead out of the folder of the origin', async (target) => {
    await begin();
    const answer = await edge.s.get(target, { headers: { Host: 'other.example.com' } });
    expect([answer.status, edge.origin.asked.map((each) => each.target)]).toEqual([400, []]);
  });

  test('within the folder of the origin goes up as its viewer wrote it', async () => {
    await begin();
    await edge.s.get('/a/../b', { headers: { Host: 'other.example.com' } });
    expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/other/a/../b']);
  });
});

describe('a body that a behaviour passes on', () => {
  /** What arrives at an origin byte by byte, which answers each request whose head it has seen. */
  let origin: Server;
  let bytes = '';
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
    edge = await startSiteEdge(() =>
      site({
        originRequestPolicies: { all: ALL_VIEWER },
        distributions: {
          dist: distribution([originAt(`http://127.0.0.1:${port}`)], {
            defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }),
          }),
        },
      }),
    );
  });
  afterEach(() => {
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
