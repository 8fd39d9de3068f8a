import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { get } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fetchJwks } from '../../src/control/jwks/fetch.ts';
import { signJwt } from '../../src/kernel/access/jwt.ts';
import { HandClock } from '../contract/hand-clock.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { EdgeFleet, type FleetMember } from '../harness/edge-fleet.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
import { RecordingLog } from '../harness/recording-log.ts';
import { behavior, originAt } from '../harness/site-edge.ts';

vi.setConfig({ testTimeout: 30_000 });

// Tokens of identity providers, whose keys stand at an address and change there.

let clock: HandClock;
let log: RecordingLog;
let server: ControlServer;
let fleet: EdgeFleet;
let edge: FleetMember;
/** Two identity providers. */
let one: ScriptedOrigin;
let other: ScriptedOrigin;

const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const [first, second, foreign] = [pair(), pair(), pair()];

beforeEach(async () => {
  clock = new HandClock();
  log = new RecordingLog();
  server = await startControl({ clock, log, feedBeatMs: 200 });
  fleet = await new EdgeFleet().start();
  edge = await fleet.add(server, { clock });
  [one, other] = [await new ScriptedOrigin().start(), await new ScriptedOrigin().start()];
  publish(one, [['a', first.publicKey]]);
  publish(other, [['a', foreign.publicKey]]);
  for (const path of ['/one/x', '/other/x'])
    fleet.origin.serve(path, { headers: { 'Cache-Control': 'max-age=60' }, body: 'x' });
  const groups = [await keyGroup('one', one), await keyGroup('other', other)];
  await guard(['/one/*', '/other/*'].map((path, at) => [path, groups[at] ?? '']));
});
afterEach(async () => {
  await fleet.stop();
  await server.stop();
  await Promise.all([one.stop(), other.stop()]);
});

const SET = '/jwks.json';

function publish(
  provider: ScriptedOrigin,
  keys: readonly (readonly [kid: string, key: KeyObject])[],
  cacheControl = 'max-age=60',
) {
  const set = { keys: keys.map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' })) };
  provider.serve(SET, { headers: { 'Cache-Control': cacheControl }, body: JSON.stringify(set) });
}

async function keyGroup(name: string, provider: ScriptedOrigin, query = ''): Promise<string> {
  const response = await server.call('/v1/key-groups', { json: { name, jwksUrl: provider.url + SET + query } });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

/** A distribution whose paths each trust one group. */
async function guard(paths: readonly (readonly [pattern: string, group: string])[]): Promise<void> {
  const cachePolicyId = '658327ea-f89d-4fab-a63d-7e88639e58f6';
  const json = {
    aliases: ['tokens.example'],
    origins: [originAt(fleet.origin.url)],
    defaultCacheBehavior: behavior({ cachePolicyId }),
    cacheBehaviors: paths.map(([pathPattern, group]) => ({
      ...behavior({ cachePolicyId, trustedKeyGroups: [group] }),
      pathPattern,
    })),
  };
  const response = await server.call('/v1/distributions', { json });
  expect([response.status, await response.json()]).toMatchObject([201, {}]);
}

const tokenBy = (kid: string, { privateKey }: { privateKey: KeyObject }) =>
  signJwt({ path: '/*', exp: Math.floor(clock.now() / 1000) + 86_400 }, 'ES256', privateKey, kid);

function ask(path: string, token?: string): Promise<number> {
  const headers = { host: 'tokens.example', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  return new Promise((resolve, reject) => {
    get(edge.url + path, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}

test('a token is accepted where its provider is trusted, and a key of the same name elsewhere is another key', async () => {
  await expect.poll(() => ask('/one/x', tokenBy('a', first)), { timeout: 5_000 }).toBe(200);
  await expect.poll(() => ask('/other/x', tokenBy('a', foreign)), { timeout: 5_000 }).toBe(200);
  expect(await ask('/other/x', tokenBy('a', first))).toBe(403);
  expect(await ask('/one/x', tokenBy('a', foreign))).toBe(403);
  expect([await ask('/one/x'), await ask('/one/x', tokenBy('b', first))]).toEqual([403, 403]);
  expect([one.count(SET), other.count(SET)]).toEqual([1, 1]);
});

test('a key that the provider has changed for another is found when its set is to be asked for again', async () => {
  await expect.poll(() => ask('/one/x', tokenBy('a', first)), { timeout: 5_000 }).toBe(200);
  publish(one, [
    ['a', first.publicKey],
    ['b', second.publicKey],
  ]);
  clock.turn(61_000);
  await expect.poll(() => ask('/one/x', tokenBy('b', second)), { timeout: 8_000 }).toBe(200);
  expect(await ask('/one/x', tokenBy('a', first))).toBe(200);
  publish(one, [['b', second.publicKey]]);
  clock.turn(61_000);
  await expect.poll(() => ask('/one/x', tokenBy('a', first)), { timeout: 8_000 }).toBe(403);
  expect(await ask('/one/x', tokenBy('b', second))).toBe(200);
});

test.each([
  ['is away', { status: 503, body: 'later' }],
  ['sends something else', { body: '<html>' }],
  ['sends no key that can be used', { body: '{"keys":[]}' }],
  ['leads elsewhere', { status: 302, headers: { Location: 'http://127.0.0.1:9/' } }],
])('while a provider %s, its last good keys count on', async (_what, answer) => {
  await expect.poll(() => ask('/one/x', tokenBy('a', first)), { timeout: 5_000 }).toBe(200);
  one.serve(SET, answer);
  clock.turn(61_000);
  await one.until(SET, 2);
  await expect.poll(async () => (await server.call('/health/ready')).status).toBe(200);
  expect(await ask('/one/x', tokenBy('a', first))).toBe(200);
  publish(one, [['b', second.publicKey]]);
  clock.turn(31_000);
  await expect.poll(() => ask('/one/x', tokenBy('b', second)), { timeout: 8_000 }).toBe(200);
});

test('a token is revoked whichever of two providers signed it by a key of the same name, and by none of them it is not', async () => {
  const [ours, theirs] = [tokenBy('a', first), tokenBy('a', foreign)];
  await expect.poll(() => ask('/one/x', ours), { timeout: 5_000 }).toBe(200);
  await expect.poll(() => ask('/other/x', theirs), { timeout: 5_000 }).toBe(200);
  const revoke = async (token: string) => (await server.call('/v1/revocations', { json: { token } })).status;
  expect([await revoke(ours), await revoke(theirs), await revoke(tokenBy('a', second))]).toEqual([201, 201, 400]);
  await expect.poll(() => ask('/other/x', theirs), { timeout: 5_000 }).toBe(403);
  await expect.poll(() => ask('/one/x', ours), { timeout: 5_000 }).toBe(403);
});

test('the address of a set is logged without its query, which may be a secret', async () => {
  one.serve(`${SET}?key=known-to-two`, { status: 503, body: 'later' });
  await keyGroup('asked-with-a-key', one, '?key=known-to-two');
  await log.until('a set of keys cannot be had, and the last one counts on');
  const lines = log.lines.filter(({ says }) => says.startsWith('a set of keys'));
  expect(lines.map(({ fields }) => fields)).toContainEqual(expect.objectContaining({ url: one.url + SET }));
  expect(inspect(lines, { depth: 10 })).not.toContain('known-to-two');
});

test('films do not accept what a group of somebody else’s distribution does', async () => {
  await expect.poll(() => ask('/one/x', tokenBy('a', first)), { timeout: 5_000 }).toBe(200);
  const id = 'as_abcdefghjkmnpqrs';
  fleet.origin.serve(`/access/${id}`, { body: '{"policy":"signed"}' });
  const response = await fetch(`${edge.url}/assets/${id}/master.m3u8?token=${tokenBy('a', first)}`);
  expect(response.status).toBe(403);
});

test.each([
  ['max-age=5', 30],
  ['no-store', 30],
  ['max-age=900', 900],
  ['max-age=86400', 3_600],
  ['', 300],
])('a set with Cache-Control %j is asked for again after %d s', async (cacheControl, seconds) => {
  publish(one, [['a', first.publicKey]], cacheControl);
  const { lifeSeconds } = await fetchJwks(one.url + SET, false, new AbortController().signal);
  expect(lifeSeconds).toBe(seconds);
});

test('an address inside some network is not fetched from by https', async () => {
  const fetching = fetchJwks('https://10.0.0.1/jwks.json', false, new AbortController().signal);
  await expect(fetching).rejects.toMatchObject({ code: 'JWKS_ADDRESS_REFUSED' });
});
