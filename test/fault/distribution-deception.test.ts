import { afterEach, describe, expect, test } from 'vitest';
import type { DistributionConfig } from '../../src/kernel/distribution/model.ts';
import { askSite, startAttackedSite } from '../harness/attacked-site.ts';
import { behavior, cachePolicy, type SiteEdge } from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());

async function begin(...terms: Parameters<typeof startAttackedSite>): Promise<void> {
  edge = await startAttackedSite(...terms);
}

const ask = (target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  askSite(edge, target, headers, method);

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

  test('by its cookies, as the origin says in Vary, is not served to another, though the key has none', async () => {
    await begin({ defaultCacheBehavior: behavior({ originRequestPolicyId: 'cookies' }) });
    page({ Vary: 'Cookie', 'Cache-Control': 'max-age=60' });
    expect((await mine()).text).toBe('page of sid=1');
    expect(await theirs()).toBe('page of sid=2');
    expect((await mine()).headers['x-cache']).toBe('Hit from frontrow');
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
