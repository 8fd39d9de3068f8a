import { afterEach, describe, expect, test } from 'vitest';
import type { CacheKeyParameters, CachePolicyConfig, DistributionConfig } from '../../src/kernel/distribution/model.ts';
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

/** What two requests must have in common to get the same answer, as CloudFront has it. */

let edge: SiteEdge;
afterEach(() => edge.stop());

/** Every answer tells how many there were before it, so that two that are the same are one. */
async function start(
  policy: CachePolicyConfig,
  more: Partial<DistributionConfig> = {},
  others: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  edge = await startSiteEdge((origin) =>
    site({
      cachePolicies: { policy },
      distributions: {
        dist: distribution([originAt(origin.url)], more),
        ...Object.fromEntries(
          Object.entries(others).map(([id, aliases]) => [id, distribution([originAt(origin.url)], { aliases })]),
        ),
      },
    }),
  );
  edge.origin.otherwise((_asked, response) => void response.end(`answer ${edge.origin.asked.length}`));
}

interface Wish {
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

async function answerTo({ target = '/a', headers = {}, method = 'GET' }: Wish): Promise<string> {
  return (await edge.s.get(target, { method, headers: { Host: HOST, ...headers } })).body.toString();
}

async function areOne(one: Wish, other: Wish): Promise<boolean> {
  const first = await answerTo(one);
  const second = await answerTo(other);
  // What was kept first must not have been lost over it either.
  expect(await answerTo(one)).toBe(first);
  return first === second;
}

const keyed = (key: Partial<CacheKeyParameters>) => cachePolicy({}, key);
const queries = (
  queryStringBehavior: 'none' | 'whitelist' | 'allExcept' | 'all',
  queryStrings: readonly string[] = [],
  sortQueryStrings = false,
) => keyed({ queryStringsConfig: { queryStringBehavior, queryStrings, sortQueryStrings } });
const headersOf = (...headers: string[]) => keyed({ headersConfig: { headerBehavior: 'whitelist', headers } });
const cookiesOf = (cookieBehavior: 'none' | 'whitelist' | 'allExcept' | 'all', ...cookies: string[]) =>
  keyed({ cookiesConfig: { cookieBehavior, cookies } });

describe('two queries are', () => {
  test.each([
    ['one', 'none', [], '/a?x=1', '/a?x=2'],
    ['one', 'none', [], '/a', '/a?'],
    ['two', 'all', [], '/a?x=1', '/a?x=2'],
    ['two', 'all', [], '/a?x=1&y=2', '/a?y=2&x=1'],
    ['two', 'all', [], '/a?x=1', '/a?X=1'],
    ['two', 'all', [], '/a?x=a', '/a?x=A'],
    ['two', 'all', [], '/a?x=1', '/a?x=%31'],
    ['two', 'all', [], '/a?x=1', '/a?x=1&x=1'],
    ['two', 'all', [], '/a', '/a?x'],
    ['two', 'all', [], '/a?x', '/a?x='],
    ['one', 'whitelist', ['x'], '/a?x=1&y=1', '/a?y=2&x=1'],
    ['two', 'whitelist', ['x'], '/a?x=1', '/a?x=2'],
    ['two', 'whitelist', ['x'], '/a?x=1&x=2', '/a?x=2&x=1'],
    ['two', 'whitelist', ['x'], '/a?x=1&x=2', '/a?x=1'],
    ['one', 'whitelist', ['x'], '/a', '/a?X=1'],
    ['one', 'whitelist', ['x'], '/a', '/a?%78=1'],
    ['two', 'whitelist', ['x', 'y'], '/a?x=1&y=2', '/a?y=2&x=1'],
    // `;` separates nothing: what follows is of the value, for the key and for the origin.
    ['two', 'whitelist', ['x'], '/a?x=1;y=1', '/a?x=1;y=2'],
    ['one', 'whitelist', ['x'], '/a?y=1;x=1', '/a?y=2;x=2'],
    ['one', 'allExcept', ['utm'], '/a?x=1&utm=1', '/a?x=1&utm=2'],
    ['two', 'allExcept', ['utm'], '/a?x=1', '/a?x=2'],
    ['two', 'allExcept', ['utm'], '/a?UTM=1', '/a?UTM=2'],
  ] as const)('%s with %s %j: %s and %s', async (count, chosen, names, one, other) => {
    await start(queries(chosen, names));
    expect(await areOne({ target: one }, { target: other })).toBe(count === 'one');
  });

  test.each([
    ['one', '/a?x=1&y=2', '/a?y=2&x=1'],
    ['one', '/a?y=2&x=1&x=0', '/a?x=1&x=0&y=2'],
    ['two', '/a?x=1&x=2', '/a?x=2&x=1'],
    ['two', '/a?x=1', '/a?x=2'],
  ] as const)('%s where the policy sorts: %s and %s', async (count, one, other) => {
    await start(queries('all', [], true));
    expect(await areOne({ target: one }, { target: other })).toBe(count === 'one');
  });

  test('one whichever order came first, and the origin is asked in the order of names', async () => {
    await start(queries('whitelist', ['x', 'y'], true));
    await answerTo({ target: '/a?y=2&z=3&x=1' });
    expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/a?x=1&y=2']);
  });
});

describe('two sets of fields are', () => {
  const with_ = (name: string, value: string): Wish => ({ headers: { [name]: value } });

  test.each([
    ['one', [], with_('Accept-Language', 'de'), with_('Accept-Language', 'en')],
    ['two', ['Accept-Language'], with_('Accept-Language', 'de'), with_('Accept-Language', 'en')],
    ['two', ['accept-language'], with_('Accept-Language', 'de'), with_('Accept-Language', 'DE')],
    ['one', ['Accept-Language'], with_('ACCEPT-LANGUAGE', 'de'), with_('accept-language', 'de')],
    ['two', ['X-A'], {}, with_('X-A', '')],
    ['two', ['X-A'], with_('X-A', 'a\\nx-b:b'), with_('X-A', 'a')],
    ['two', ['X-A', 'X-B'], with_('X-A', '1'), with_('X-B', '1')],
    ['two', ['Host'], with_('Host', 'www.example.com'), with_('Host', 'two.example.com')],
    ['one', [], with_('Host', 'www.example.com'), with_('Host', 'two.example.com')],
    ['one', [], with_('Host', 'www.example.com'), with_('Host', 'WWW.EXAMPLE.COM:8080')],
    ['two', ['Origin'], with_('Origin', 'https://a.example'), with_('Origin', 'https://b.example')],
    ['two', ['Authorization'], with_('Authorization', 'Basic a'), with_('Authorization', 'Basic b')],
    ['one', [], with_('Accept-Encoding', 'gzip'), with_('Accept-Encoding', 'br')],
  ] as const)('%s with %j in the key: %j and %j', async (count, names, one, other) => {
    await start(headersOf(...names), { aliases: [HOST, 'two.example.com'] });
    expect(await areOne(one, other)).toBe(count === 'one');
  });

  test('two by what the edge knows of viewers, not by what they say there', async () => {
    await start(headersOf('CloudFront-Is-Mobile-Viewer'));
    const phone = { 'User-Agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)' };
    const desk = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)' };
    expect(await areOne({ headers: phone }, { headers: desk })).toBe(false);
    const liar = { ...desk, 'CloudFront-Is-Mobile-Viewer': 'true' };
    expect(await answerTo({ headers: liar })).toBe(await answerTo({ headers: desk }));
    expect(edge.origin.asked.map(({ headers }) => headers['cloudfront-is-mobile-viewer'])).toEqual(['true', 'false']);
  });
});

describe('two sets of cookies are', () => {
  test.each([
    ['one', ['none'], 'a=1', 'a=2'],
    ['two', ['all'], 'a=1', 'a=2'],
    ['one', ['all'], 'a=1; b=2', 'b=2;a=1'],
    ['two', ['all'], 'a=1', 'A=1'],
    ['two', ['all'], 'a=x', 'a=X'],
    ['one', ['all'], 'a=1; $Path=/', 'a=1'],
    ['one', ['whitelist', 'a'], 'a=1; b=1', 'b=2; a=1'],
    ['two', ['whitelist', 'a'], 'a=1', 'a=2'],
    ['two', ['whitelist', 'a'], 'a=1; a=2', 'a=2; a=1'],
    ['one', ['allExcept', '_ga'], 'a=1; _ga=1', 'a=1; _ga=2'],
    ['two', ['allExcept', '_ga'], 'a=1', 'a=2'],
    ['one', ['all'], 'CloudFront-Signature=x', 'CloudFront-Signature=y'],
    ['two', ['whitelist', 'a'], 'a=1', 'b=1'],
  ] as const)('%s with %j: %s and %s', async (count, [chosen, ...names], one, other) => {
    await start(cookiesOf(chosen, ...names));
    const cookie = (value: string): Wish => ({ headers: { Cookie: value } });
    expect(await areOne(cookie(one), cookie(other))).toBe(count === 'one');
  });
});

describe('of methods', () => {
  test('HEAD is answered from what a GET brought, and brings nothing that a GET gets', async () => {
    await start(cachePolicy());
    const head = () => edge.s.get('/a', { method: 'HEAD', headers: { Host: HOST } });
    const [before, got, after] = [await head(), await answerTo({}), await head()];
    expect([before.headers['x-cache'], after.headers['x-cache']]).toEqual(['Miss from frontrow', 'Hit from frontrow']);
    expect(got).toBe('answer 2');
    expect(after.body.length).toBe(0);
    expect(edge.origin.asked.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is asked of the origin each time', async (method) => {
    await start(cachePolicy({ minTTL: 60 }));
    expect(await answerTo({ method })).toBe('answer 1');
    expect(await answerTo({ method })).toBe('answer 2');
    expect(await answerTo({})).toBe('answer 3');
  });

  test('OPTIONS is answered from what an OPTIONS brought, and by nothing else, where its answers are kept', async () => {
    await start(cachePolicy(), { defaultCacheBehavior: behavior({ cachedMethods: ['GET', 'HEAD', 'OPTIONS'] }) });
    expect(await answerTo({ method: 'OPTIONS' })).toBe('answer 1');
    expect(await answerTo({})).toBe('answer 2');
    expect(await answerTo({ method: 'OPTIONS' })).toBe('answer 1');
    expect(await answerTo({})).toBe('answer 2');
  });

  test('an answer to POST is nobody else’s, even where it says that a GET would bring the same', async () => {
    await start(cachePolicy());
    edge.origin.script('/a', ({ method, headers }, response) => {
      response.writeHead(200, { 'Content-Location': '/a', 'Cache-Control': 'max-age=60' });
      response.end(`${method} of ${headers.authorization ?? 'nobody'}`);
    });
    expect(await answerTo({ method: 'POST', headers: { Authorization: 'Basic x' } })).toBe('POST of Basic x');
    expect(await answerTo({})).toBe('GET of nobody');
  });
});

describe('of distributions', () => {
  test('two never share an answer, though path and origin are the same', async () => {
    await start(cachePolicy(), {}, { other: ['other.example.com'] });
    expect(await areOne({}, { headers: { Host: 'other.example.com' } })).toBe(false);
  });

  test('no path of one names what another has', async () => {
    await start(cachePolicy(), {}, { other: ['other.example.com'] });
    const kept = await answerTo({});
    for (const target of ['/@dist/a', '//@dist/a', '/../@dist/a', '/%40dist/a', '/a%0a', '@dist/a']) {
      const answer = await edge.s.get(target, { headers: { Host: 'other.example.com' } });
      expect(answer.body.toString()).not.toBe(kept);
    }
  });

  test('a change made through one makes nothing of another old', async () => {
    await start(cachePolicy(), {}, { other: ['other.example.com'] });
    const kept = await answerTo({});
    await answerTo({ method: 'POST', headers: { Host: 'other.example.com' } });
    expect(await answerTo({})).toBe(kept);
    await answerTo({ method: 'POST' });
    expect(await answerTo({})).not.toBe(kept);
  });

  test('paths that differ in a byte are two, whatever behaviour they fall under', async () => {
    await start(cachePolicy());
    const targets = ['/a', '/A', '/a/', '//a', '/./a', '/b/../a', '/%61', '/a;x', '/a%3bx', '/a%2f', '/a%2F'];
    const answers: string[] = [];
    for (const target of targets) answers.push(await answerTo({ target }));
    expect(new Set(answers).size).toBe(targets.length);
    expect(edge.origin.asked.map(({ target }) => target)).toEqual(targets);
  });
});
