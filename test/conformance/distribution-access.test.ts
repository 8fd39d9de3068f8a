import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeysSection } from '../../src/kernel/edge-feed/keys-section.ts';
import { Signer } from '../../src/sign/index.ts';
import { KEYS } from '../harness/film-edge.ts';
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

/** Who is let in where, by which keys, and that what lets one in gets no further than this edge. */

const BASE = `http://${HOST}`;

interface Holder {
  readonly keyPairId: string;
  readonly publicKeyPem: string;
  readonly signer: Signer;
}

function holder(keyPairId: string): Holder {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    keyPairId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    signer: new Signer({ keyPairId, privateKey }),
  };
}

const old = holder('KOLDEXAMPLE001');
const recent = holder('KNEWEXAMPLE001');
const staff = holder('KSTAFFEXAMPLE1');
const untrusted = holder('KNOBODYEXAMPLE');
const unregistered = holder('KUNKNOWNEXAMPL');

const keys: KeysSection = {
  ...KEYS,
  keys: [old, recent, staff, untrusted].map(({ keyPairId, publicKeyPem }) => ({ keyPairId, publicKeyPem })),
};

let edge: SiteEdge;
beforeEach(() => begin());
afterEach(() => edge.stop());

/** `/films/*` for one group, `/staff/*` for another, `/open/*` for everybody, all else for the first. */
async function begin(viewers: readonly string[] = [old.keyPairId, recent.keyPairId]): Promise<void> {
  await edge?.stop();
  edge = await startSiteEdge(
    (origin) =>
      site({
        cachePolicies: {
          policy: cachePolicy(),
          all: cachePolicy({}, { queryStringsConfig: ALL_QUERIES }),
        },
        originRequestPolicies: { all: ALL_VIEWER },
        keyGroups: { viewers, staff: [staff.keyPairId] },
        distributions: {
          dist: distribution([originAt(origin.url)], {
            defaultRootObject: 'index.html',
            defaultCacheBehavior: behavior({ trustedKeyGroups: ['viewers'] }),
            cacheBehaviors: [
              { ...behavior({ trustedKeyGroups: ['viewers'], ...TELLS_ALL }), pathPattern: '/films/*' },
              { ...behavior({ trustedKeyGroups: ['viewers', 'staff'] }), pathPattern: '/both/*' },
              { ...behavior({ trustedKeyGroups: ['staff'] }), pathPattern: '/staff/*' },
              { ...behavior(TELLS_ALL), pathPattern: '/open/*' },
            ],
          }),
        },
      }),
    {},
    { keys },
  );
  edge.origin.otherwise(({ target }, response) => void response.end(`of ${target}`));
}

const ALL_QUERIES = { queryStringBehavior: 'all', queryStrings: [], sortQueryStrings: false } as const;
const ALL_VIEWER = {
  name: 'all',
  comment: '',
  headersConfig: { headerBehavior: 'allViewer', headers: [] },
  cookiesConfig: { cookieBehavior: 'all', cookies: [] },
  queryStringsConfig: { queryStringBehavior: 'all', queryStrings: [] },
} as const;
const TELLS_ALL = { cachePolicyId: 'all', originRequestPolicyId: 'all' };

const inAnHour = () => ({ expiresAt: new Date(edge.clock.ms + 3_600_000) });
const signed = ({ signer }: Holder, target: string, more: object = {}) =>
  signer.signUrl(BASE + target, { ...inAnHour(), ...more }).slice(BASE.length);
const cookiesOf = ({ signer }: Holder, resource: string) =>
  Object.entries(signer.signCookies(BASE + resource, inAnHour()))
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
const bearer = ({ signer }: Holder, path: string) => ({
  Authorization: `Bearer ${signer.signToken([path], inAnHour()).token}`,
});

async function ask(target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  const answer = await edge.s.get(target, { method, headers: { Host: HOST, ...headers } });
  return { ...answer, text: answer.body.toString() };
}

/** `200`, or the code of a refusal. */
async function outcome(target: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, text } = await ask(target, headers);
  return status === 200 ? '200' : (/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? `${status}`);
}

describe('where a behaviour trusts a group', () => {
  test.each([
    ['its own key', '200', () => signed(old, '/films/a')],
    ['the other key of the group', '200', () => signed(recent, '/films/a')],
    ["another group's key", 'InvalidKey', () => signed(staff, '/films/a')],
    ['a registered key that no group has', 'InvalidKey', () => signed(untrusted, '/films/a')],
    ['a key that nobody registered', 'InvalidKey', () => signed(unregistered, '/films/a')],
    ['no key', 'MissingKey', () => '/films/a'],
    ['the key for another path', 'AccessDenied', () => signed(old, '/films/b').replace('/films/b', '/films/a')],
    [
      'a signature cut short',
      'MalformedSignature',
      () => signed(old, '/films/a').replace(/(Signature=.{21})[^&]*/, '$1'),
    ],
    ['an end put off', 'AccessDenied', () => signed(old, '/films/a').replace(/Expires=\d/, 'Expires=9')],
    ['a parameter added', 'AccessDenied', () => `${signed(old, '/films/a?x=1')}&y=2`],
    ['half a signature', 'MissingKey', () => '/films/a?Expires=4102444800'],
    ['the key of the staff where both are trusted', '200', () => signed(staff, '/both/a')],
    ['the key of viewers for the staff', 'InvalidKey', () => signed(old, '/staff/a')],
    ['nothing where everybody is let in', '200', () => '/open/a'],
  ])('a URL signed by %s is answered %s', async (_what, expected, target) => {
    expect(await outcome(target())).toBe(expected);
    expect(edge.origin.asked.length).toBe(expected === '200' ? 1 : 0);
  });

  test.each([
    ['cookies', (by: Holder, path: string) => ({ Cookie: cookiesOf(by, path) })],
    ['a bearer token', bearer],
  ])('%s count by the same groups', async (_what, made) => {
    expect(await outcome('/films/a', made(old, '/films/*'))).toBe('200');
    expect(await outcome('/films/a', made(staff, '/films/*'))).toBe('InvalidKey');
    expect(await outcome('/films/a', made(untrusted, '/films/*'))).toBe('InvalidKey');
    expect(await outcome('/staff/a', made(old, '/*'))).toBe('InvalidKey');
    expect(await outcome('/staff/a', made(old, '/films/*'))).not.toBe('200');
  });

  test('a token in the query or in the path counts as well', async () => {
    const { token } = old.signer.signToken(['/films/*'], inAnHour());
    expect(await outcome(`/films/a?token=${token}`)).toBe('200');
    expect(await outcome(`/t/${token}/films/a`)).toBe('200');
    expect(await outcome(`/t/${token}/staff/a`)).toBe('InvalidKey');
  });

  test('perfect cookies do not help a URL that is half signed', async () => {
    expect(await outcome('/films/a?Expires=4102444800', { Cookie: cookiesOf(old, '/films/*') })).toBe('MissingKey');
  });

  test('a refusal has the form of CloudFront', async () => {
    const { status, headers, text } = await ask('/films/a');
    expect([status, headers['content-type'], headers['x-cache']]).toEqual([403, 'text/xml', 'Error from frontrow']);
    expect(text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>',
    );
    expect(Buffer.byteLength(text)).toBe(146);
  });

  test('what is kept is for those alone who are let in', async () => {
    expect((await ask(signed(old, '/films/a'))).headers['x-cache']).toBe('Miss from frontrow');
    expect((await ask(signed(recent, '/films/a'))).headers['x-cache']).toBe('Hit from frontrow');
    expect(await outcome('/films/a')).toBe('MissingKey');
    expect(await outcome(signed(staff, '/films/a'))).toBe('InvalidKey');
    edge.clock.advance(3_600);
    expect(await outcome(signed(old, '/films/a').replace(/Expires=\d+/, `Expires=${edge.clock.ms / 1000}`))).toBe(
      'AccessDenied',
    );
  });

  test('a key that has left the group opens nothing any more, and the other one still does', async () => {
    const [before, after] = [signed(old, '/films/a'), signed(recent, '/films/a')];
    expect([await outcome(before), await outcome(after)]).toEqual(['200', '200']);
    await begin([recent.keyPairId]);
    expect([await outcome(before), await outcome(after)]).toEqual(['InvalidKey', '200']);
  });

  test('the page for the root is opened by a signature for the root, as its viewer knows it', async () => {
    expect(await outcome(signed(old, '/'))).toBe('200');
    expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/index.html']);
  });

  test('paths below a t are paths where a URL is signed', async () => {
    expect(await outcome(signed(old, '/t/shirts/a.jpg'))).toBe('200');
    expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/t/shirts/a.jpg']);
  });
});

describe('what lets a viewer in', () => {
  const SECRET = /Signature|Policy|Expires|Key-Pair-Id|Hash-Algorithm|token|eyJ|Bearer/i;

  test.each([
    ['a signed URL', () => [signed(old, '/films/a?own=1'), {}]],
    [
      'a signed URL of a custom policy',
      () => [signed(old, '/films/a?own=1', { ip: '127.0.0.0/8', hash: 'SHA256' }), {}],
    ],
    ['cookies', () => ['/films/a?own=1', { Cookie: `${cookiesOf(old, '/films/*')}; own=1` }]],
    ['a bearer token', () => ['/films/a?own=1', bearer(old, '/films/*')]],
    ['a token in the query', () => [`/films/a?own=1&token=${bearer(old, '/films/*').Authorization.slice(7)}`, {}]],
    ['a token in the path', () => [`/t/${bearer(old, '/films/*').Authorization.slice(7)}/films/a?own=1`, {}]],
  ] as readonly (readonly [string, () => [string, Record<string, string>]])[])(
    '%s reaches neither the origin, nor the key, nor the log',
    async (_what, made) => {
      const [target, headers] = made();
      expect((await ask(target, headers)).status).toBe(200);
      const [asked] = edge.origin.asked;
      expect(asked?.target).toBe('/films/a?own=1');
      expect(asked?.headers.authorization).toBeUndefined();
      expect(JSON.stringify(asked)).not.toMatch(SECRET);
      await edge.s.settled(1);
      expect(edge.s.facts[0]?.path).toBe('/films/a');
      expect(JSON.stringify(edge.s.facts)).not.toMatch(SECRET);
      // Another viewer with another grant gets the same copy.
      expect((await ask(signed(recent, '/films/a?own=1'))).headers['x-cache']).toBe('Hit from frontrow');
    },
  );

  test('reaches no origin with a change either, by whatever road it came', async () => {
    const ways: [string, Record<string, string>][] = [
      [signed(old, '/films/a'), {}],
      ['/films/a', { Cookie: cookiesOf(old, '/films/*') }],
      ['/films/a', bearer(old, '/films/*')],
    ];
    for (const [target, headers] of ways) expect((await ask(target, headers, 'POST')).status).toBe(200);
    expect(edge.origin.asked.map(({ target }) => target)).toEqual(['/films/a', '/films/a', '/films/a']);
    expect(JSON.stringify(edge.origin.asked)).not.toMatch(SECRET);
  });

  test('stands in no log when it is refused', async () => {
    const token = bearer(untrusted, '/films/*').Authorization.slice(7);
    await outcome(signed(untrusted, '/films/a'));
    await outcome(`/t/${token}/films/a`);
    await edge.s.settled(2);
    expect(JSON.stringify(edge.s.facts)).not.toMatch(SECRET);
  });

  test('is not mistaken for what is meant for the origin: that goes on beside a signed URL', async () => {
    const answer = await ask(signed(old, '/films/a'), { Authorization: 'Bearer of-the-origin' }, 'POST');
    expect(answer.status).toBe(200);
    expect(edge.origin.asked[0]?.headers.authorization).toBe('Bearer of-the-origin');
  });

  test('is left alone where nobody needs it: the names are kept, as any other parameter', async () => {
    const { Authorization } = bearer(old, '/*');
    await ask('/open/a?token=own', { Authorization }, 'POST');
    expect(edge.origin.asked[0]).toMatchObject({
      target: '/open/a?token=own',
      headers: { authorization: Authorization },
    });
  });
});

describe('a grant is not stretched', () => {
  test.each([
    '/films/../staff/a',
    '/films/%2e%2e/staff/a',
    '/films/..%2fstaff/a',
    '/films/..%5cstaff/a',
    '/films/..\\staff/a',
    '/films/..;/staff/a',
    '/films/..;x=1/staff/a',
    '/films/..%3b/staff/a',
    '/films/.%2e/staff/a',
    '/films/%2e%2e%2fstaff%2fa',
    '/films//../../staff/a',
  ])('over its folder by %s', async (path) => {
    for (const by of [old, staff]) {
      const query = signed(by, '/films/a', { resource: `${BASE}/films/*` }).replace(/^[^?]*/, '');
      expect(await outcome(path + query)).not.toBe('200');
      expect(await outcome(path, bearer(by, '/films/*'))).not.toBe('200');
    }
    expect(edge.origin.asked).toEqual([]);
  });

  test('by a token in the path of what everybody may have, into a copy that others get', async () => {
    const { token } = old.signer.signToken(['/*'], inAnHour());
    edge.origin.serve('/open/a', { body: 'open' });
    const answer = await ask(`/t/${token}/open/a`, { 'X-Own': '1' });
    expect([answer.status, answer.text]).toEqual([200, 'open']);
    // By the behaviour of the path itself, not by that of everything else, which tells its origin nothing of the viewer.
    expect(edge.origin.asked.map(({ headers }) => headers['x-own'])).toEqual(['1']);
    expect(JSON.stringify(edge.origin.asked)).not.toContain(token);
  });
});

test('a bearer token lets its viewer in again and again on one connection', async () => {
  edge.origin.serve('/films/a', { body: 'a' });
  const headers = { Host: HOST, ...bearer(old, '/films/*') };
  const told = [];
  for (let times = 0; times < 3; times += 1) told.push((await edge.s.get('/films/a', { headers })).status);
  expect(told).toEqual([200, 200, 200]);
});
