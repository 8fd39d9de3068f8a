import { afterEach, expect, test } from 'vitest';
import { askPlace } from '../../src/config/edge-operator.ts';
import { KEY_PAIR_ID } from '../harness/film-edge.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
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

const asked = { headers: { Host: HOST } };

test('a host that is an alias is served from the origin of its distribution, and kept as its policy says', async () => {
  edge = await startSiteEdge((origin) => site({ distributions: { dist: distribution([originAt(origin.url)]) } }));
  const { s, origin } = edge;
  origin.serve('/page', { body: 'hello' });
  const first = await s.get('/page?x=1', asked);
  const second = await s.get('/page?x=2', asked);
  expect([first.status, first.body.toString(), first.headers['x-cache']]).toEqual([200, 'hello', 'Miss from frontrow']);
  expect([second.body.toString(), second.headers['x-cache']]).toEqual(['hello', 'Hit from frontrow']);
  expect(origin.asked.map(({ target }) => target)).toEqual(['/page']);
});

/** The site of one distribution before the scripted origin. */
function before(more: Parameters<typeof distribution>[1], rest: Parameters<typeof site>[0] = {}) {
  return startSiteEdge((origin) =>
    site({ distributions: { dist: distribution([originAt(origin.url)], more) }, ...rest }),
  );
}

const page = { errorCode: 404, responsePagePath: '/404.html', responseCode: 200, errorCachingMinTTL: 5 };

test("an error is answered by the operator's page under the status that he wants", async () => {
  edge = await before({ customErrorResponses: [page] });
  const { s, origin } = edge;
  origin.serve('/404.html', { headers: { ETag: '"page"' }, body: 'not here' });
  const gone = await s.get('/gone', { headers: { Host: HOST, 'If-None-Match': '"page"', Range: 'bytes=0-1' } });
  expect([gone.status, gone.body.toString(), gone.headers['x-cache']]).toEqual([
    200,
    'not here',
    'Error from frontrow',
  ]);
  const again = await s.get('/gone', asked);
  expect([again.status, again.body.toString()]).toEqual([200, 'not here']);
  await s.get('/gone', asked);
  // Both the error and the page are kept; the error not where it may be about a part alone, the page never as a part.
  expect(origin.asked.map(({ target }) => target)).toEqual(['/gone', '/404.html', '/gone']);
  expect(origin.last('/404.html')?.headers.range).toBeUndefined();
});

test('a page that cannot be had is told as it is', async () => {
  edge = await before({ customErrorResponses: [page] });
  const gone = await edge.s.get('/gone', asked);
  expect([gone.status, edge.origin.asked.map(({ target }) => target)]).toEqual([404, ['/gone', '/404.html']]);
});

test('a page is fetched by the behaviour that its own path falls under, and shown to whoever was refused', async () => {
  const pages = new ScriptedOrigin();
  await pages.start();
  pages.serve('/errors/403.html', { body: 'sign in first' });
  edge = await startSiteEdge((origin) => {
    const origins = [originAt(origin.url), originAt(pages.url, { id: 'pages' })];
    const cacheBehaviors = [{ ...behavior({ targetOriginId: 'pages' }), pathPattern: '/errors/*' }];
    const refused = { errorCode: 403, responsePagePath: '/errors/403.html', responseCode: 403, errorCachingMinTTL: 0 };
    const signed = behavior({ trustedKeyGroups: ['group'] });
    return site({
      distributions: {
        dist: distribution(origins, { cacheBehaviors, customErrorResponses: [refused], defaultCacheBehavior: signed }),
      },
      keyGroups: { group: [KEY_PAIR_ID] },
    });
  });
  const refused = await edge.s.get('/film', asked);
  expect([refused.status, refused.body.toString()]).toEqual([403, 'sign in first']);
  expect(edge.origin.asked).toEqual([]);
  await pages.stop();
});

test('a copy that may still be served goes before a page', async () => {
  edge = await before(
    { customErrorResponses: [{ ...page, errorCode: 500 }] },
    { cachePolicies: { policy: cachePolicy({ defaultTTL: 1 }) } },
  );
  const { s, origin, clock } = edge;
  origin.serve('/page', { body: 'well' });
  await s.get('/page', asked);
  clock.advance(2);
  origin.serve('/page', { status: 500, body: 'ill' });
  const answer = await s.get('/page', asked);
  expect([answer.status, answer.body.toString()]).toEqual([200, 'well']);
});

test('an operator asks about a distribution, and has it forget, by its addresses', async () => {
  edge = await startSiteEdge(
    (origin) =>
      site({
        distributions: {
          one: distribution([originAt(origin.url)]),
          two: distribution([originAt(origin.url)], { aliases: ['two.example.com'] }),
        },
      }),
    { edgeDiskBytes: 33_554_432 },
  );
  const { s, origin } = edge;
  origin.serve('/page', { headers: { 'Cache-Tag': 'news' }, body: 'hello' });
  await s.get('/page?x=1', asked);
  await s.get('/page', { headers: { Host: 'two.example.com' } });
  await s.edge.written();
  const ask = async (method: 'GET' | 'POST', path: string, body?: object) => {
    const question = { method, path, ...(body ? { body } : {}) };
    return (await askPlace({ name: 'edge', folder: s.dataDir }, question))[0]?.answer;
  };
  // What is not in the key plays no part.
  const url = encodeURIComponent(`https://${HOST}/page?y=2`);
  expect((await ask('GET', `/inspect?url=${url}`))?.body).toMatchObject({
    stored: [{ key: '@one/page', tiers: ['memory', 'disk'], status: 200, tags: ['news'] }],
  });
  await ask('POST', '/invalidations', { paths: [`http://${HOST}/pa*`] });
  const found = async (host: string) => (await s.get('/page', { headers: { Host: host } })).headers['x-cache'];
  expect([await found('two.example.com'), await found(HOST)]).toEqual(['Hit from frontrow', 'Miss from frontrow']);
});

test('answers to OPTIONS are kept where the operator says so, and never for a GET', async () => {
  const cors = ['GET', 'HEAD', 'OPTIONS'] as const;
  edge = await before({ defaultCacheBehavior: behavior({ allowedMethods: cors, cachedMethods: cors }) });
  const { s, origin } = edge;
  origin.serve('/data', { body: 'data' });
  const ask = async (method: string) => (await s.get('/data', { ...asked, method })).headers['x-cache'];
  const told = [];
  for (const method of ['OPTIONS', 'OPTIONS', 'GET', 'HEAD', 'OPTIONS']) told.push(await ask(method));
  expect(told.map((each) => String(each).split(' ')[0])).toEqual(['Miss', 'Hit', 'Miss', 'Hit', 'Hit']);
  expect(origin.asked.map(({ method }) => method)).toEqual(['OPTIONS', 'GET']);
});

test('an answer to OPTIONS that has expired is asked for anew, not after its tag, which means another thing there', async () => {
  const cors = ['GET', 'HEAD', 'OPTIONS'] as const;
  edge = await before(
    { defaultCacheBehavior: behavior({ allowedMethods: cors, cachedMethods: cors }) },
    { cachePolicies: { policy: cachePolicy({ defaultTTL: 1 }) } },
  );
  const { s, origin, clock } = edge;
  // RFC 9110 section 13.1.2.
  origin.script('/data', ({ headers }, response) => {
    response.statusCode = headers['if-none-match'] === undefined ? 200 : 412;
    response.setHeader('ETag', '"one"').end('data');
  });
  const ask = async () => (await s.get('/data', { ...asked, method: 'OPTIONS' })).status;
  await ask();
  clock.advance(2);
  expect(await ask()).toBe(200);
  expect(origin.count('/data')).toBe(2);
});

test('what is stored under a key with fields and cookies is found on disk after a restart, each by its own', async () => {
  const key = {
    headersConfig: { headerBehavior: 'whitelist' as const, headers: ['X-Tone', 'X-Size'] },
    cookiesConfig: { cookieBehavior: 'whitelist' as const, cookies: ['lang'] },
  };
  edge = await startSiteEdge(
    (origin) =>
      site({
        distributions: { dist: distribution([originAt(origin.url)]) },
        cachePolicies: { policy: cachePolicy({}, key) },
      }),
    { edgeDiskBytes: 33_554_432 },
  );
  const { s, origin } = edge;
  origin.script('/page', ({ headers }, response) => void response.end(`${headers['x-tone']} ${headers.cookie}`));
  const ask = async (tone: string, lang: string) => {
    const headers = { Host: HOST, 'X-Tone': tone, 'X-Size': 'x'.repeat(4_000), Cookie: `lang=${lang}` };
    return (await s.get('/page', { headers })).body.toString();
  };
  const all = async () => [await ask('a', 'de'), await ask('a', 'en'), await ask('b', 'de')];
  const told = await all();
  await s.edge.written();
  await s.restartEdge();
  expect(await all()).toEqual(told);
  expect(told).toEqual(['a lang=de', 'a lang=en', 'b lang=de']);
  expect(origin.count('/page')).toBe(3);
});
