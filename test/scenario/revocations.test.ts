import { createPrivateKey } from 'node:crypto';
import { get } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { signToken } from '../../src/kernel/access/grant-token.ts';
import { signJwt } from '../../src/kernel/access/jwt.ts';
import { signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { EdgeFleet, type FleetMember } from '../harness/edge-fleet.ts';
import { MASTER, MEDIA, SIGNED } from '../harness/film-edge.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';

vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let server: ControlServer;
let fleet: EdgeFleet;
let edge: FleetMember;

beforeEach(async () => {
  folder = await freshFolder();
  server = await startControl({ folder, feedBeatMs: 200 });
  fleet = await new EdgeFleet().start();
  edge = await fleet.add(server);
  const short = { 'Cache-Control': 'max-age=60' };
  fleet.origin.serve(`/access/${SIGNED}`, { body: '{"policy":"signed"}' });
  fleet.origin.serve(PATH, { headers: short, body: MASTER });
  fleet.origin.serve(`/assets/${SIGNED}/v1/360p/index.m3u8`, { headers: short, body: MEDIA });
});
afterEach(async () => {
  await fleet.stop();
  await server.stop();
  await removeFolder(folder);
});

const PATH = `/assets/${SIGNED}/master.m3u8`;

const key = () => ({
  keyPairId: server.secrets.grantKey.keyPairId,
  privateKey: createPrivateKey(server.secrets.grantKey.privateKeyPem),
});
const url = (seconds = 3_600) =>
  signUrl({ ...key(), url: edge.url + PATH, expiresAtMs: (Math.floor(Date.now() / 1000) + seconds) * 1000 });
const cookies = () =>
  signCookies({
    ...key(),
    url: edge.url + PATH,
    resource: `${edge.url}/assets/*`,
    expiresAtMs: Date.now() + 3_600_000,
  });
const headerOf = (set: Record<string, string>) =>
  Object.entries(set)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');

/** Not by fetch, which writes its own Host. */
const statusOf = (target: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve, reject) => {
    const sent = get(target, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
  });

async function revoke(json: object): Promise<{ revocationId: string; expiresAt: string }> {
  const response = await server.call('/v1/revocations', { json });
  expect(response.status).toBe(201);
  return (await response.json()) as { revocationId: string; expiresAt: string };
}

test('a revoked URL is refused on every edge within two seconds, and others of the same key are not', async () => {
  const other = await fleet.add(server);
  const [given, kept] = [url(), url(7_200)];
  const there = (signed: string) => signed.replace(edge.url, other.url);
  const asked = { host: new URL(edge.url).host };
  expect([await statusOf(given), await statusOf(there(given), asked)]).toEqual([200, 200]);
  const askedAt = performance.now();
  const { revocationId } = await revoke({ url: given, reason: 'posted in a forum' });
  await expect.poll(() => statusOf(given), { interval: 20 }).toBe(403);
  expect(await statusOf(kept)).toBe(200);
  await expect.poll(() => statusOf(there(given), asked), { interval: 20 }).toBe(403);
  expect(performance.now() - askedAt).toBeLessThan(2_000);
  expect(await statusOf(there(kept), asked)).toBe(200);
  const listed = await (await server.call('/v1/revocations')).json();
  expect(listed).toMatchObject({ items: [{ revocationId, reason: 'posted in a forum' }], nextCursor: null });
  expect(JSON.stringify(listed)).not.toContain(given.slice(given.indexOf('Signature=')));
  expect((await server.call(`/v1/revocations/${revocationId}`, { method: 'DELETE' })).status).toBe(204);
  await expect.poll(() => statusOf(given), { interval: 20 }).toBe(200);
  expect((await server.call(`/v1/revocations/${revocationId}`)).status).toBe(404);
});

test('what an edge derived of a revoked URL for its children is refused too', async () => {
  const [given, kept] = [url(), url(7_200)];
  const childOf = async (signed: string) => /\/t\/\S+/.exec(await (await fetch(signed)).text())?.[0] ?? '';
  const [child, other] = [await childOf(given), await childOf(kept)];
  expect([await statusOf(edge.url + child), await statusOf(edge.url + other)]).toEqual([200, 200]);
  // As a viewer's player has it, who has not kept the first address.
  await revoke({ url: edge.url + child });
  await expect.poll(() => statusOf(edge.url + child)).toBe(403);
  expect(await statusOf(given)).toBe(403);
  expect([await statusOf(edge.url + other), await statusOf(kept)]).toEqual([200, 200]);
});

test('cookies are revoked as a set, and with them a URL of the same policy', async () => {
  const set = cookies();
  expect(await statusOf(edge.url + PATH, { cookie: headerOf(set) })).toBe(200);
  await revoke({ cookies: set });
  await expect.poll(() => statusOf(edge.url + PATH, { cookie: headerOf(set) })).toBe(403);
  const asUrl = Object.entries(set)
    .map(([name, value]) => `${name.replace('CloudFront-', '')}=${value}`)
    .join('&');
  expect(await statusOf(`${edge.url}${PATH}?${asUrl}`)).toBe(403);
});

test('a token is revoked by itself, and by its id alone', async () => {
  const { keyPairId, privateKey } = key();
  const grant = { paths: ['/assets/*'], expiresAtMs: Date.now() + 3_600_000 };
  const plain = signToken(grant, keyPairId, privateKey);
  const exp = Math.floor(grant.expiresAtMs / 1000);
  const named = signJwt({ path: '/assets/*', exp, jti: 'session-1' }, 'ES256', privateKey, keyPairId);
  const bearer = (token: string) => statusOf(edge.url + PATH, { authorization: `Bearer ${token}` });
  expect([await bearer(plain), await bearer(named)]).toEqual([200, 200]);
  await revoke({ token: plain });
  await expect.poll(() => bearer(plain)).toBe(403);
  expect(await bearer(named)).toBe(200);
  await revoke({ jti: 'session-1', keyPairId, expiresAt: new Date(exp * 1000).toISOString() });
  await expect.poll(() => bearer(named)).toBe(403);
  // Another one with the same id is the same grant.
  expect(
    await bearer(signJwt({ path: '/assets/*', exp: exp + 1, jti: 'session-1' }, 'ES256', privateKey, keyPairId)),
  ).toBe(403);
});

test('the address of a channel revokes its grant, and no other that was given out on the same terms', async () => {
  const live = await server.call('/v1/live-streams', { json: {} });
  const { streamId } = (await live.json()) as { streamId: string };
  const granted = async () => {
    const response = await server.call('/v1/playback-grants', { json: { streamId } });
    return (await response.json()) as { channelUrl: string; token: string };
  };
  fleet.origin.serve(`/access/${streamId}`, { body: '{"policy":"signed"}' });
  fleet.origin.serve(`/live/${streamId}/master.m3u8`, { headers: { 'Cache-Control': 'max-age=60' }, body: MASTER });
  const [given, kept] = [await granted(), await granted()];
  const play = (token: string) => statusOf(`${edge.url}/live/${streamId}/master.m3u8?token=${token}`);
  expect([await play(given.token), await play(kept.token)]).toEqual([200, 200]);
  await revoke({ url: given.channelUrl });
  await expect.poll(() => play(given.token)).toBe(403);
  expect(await play(kept.token)).toBe(200);
});

test('another signature that fits the same policy does not bring a revoked grant back', async () => {
  const expiresAtMs = (Math.floor(Date.now() / 1000) + 3_600) * 1000;
  const again = () => signUrl({ ...key(), url: edge.url + PATH, expiresAtMs });
  const [given, resigned] = [again(), again()];
  // ECDSA signs differently each time.
  expect(given).not.toBe(resigned);
  await revoke({ url: given });
  await expect.poll(() => statusOf(resigned)).toBe(403);
});

test('an edge that starts while control is away knows what was revoked', async () => {
  const [given, kept] = [url(), url(7_200)];
  await revoke({ url: given });
  await expect.poll(() => statusOf(given)).toBe(403);
  await fleet.remove(edge);
  await server.stop();
  const again = await fleet.add(server, { place: edge });
  const there = (signed: string) => statusOf(signed.replace(edge.url, again.url), { host: new URL(edge.url).host });
  expect([await there(given), await there(kept)]).toEqual([403, 200]);
  server = await startControl({ folder });
});

test.each([
  ['nothing', {}],
  ['two things', { token: 'a', jti: 'b' }],
  ['no URL', { url: 'master.m3u8' }],
  ['a URL without a grant', { url: `https://edge.example${PATH}` }],
  ['a token that nobody signed', { token: 'a.b.c' }],
  [
    'a URL by a key that is not registered',
    { url: `https://edge.example${PATH}?Expires=1&Key-Pair-Id=K&Signature=aa__` },
  ],
  ['cookies without a signature', { cookies: { a: 'b' } }],
  ['an id that does not say until when', { jti: 'session-1', keyPairId: 'K1' }],
  ['a time that is none', { jti: 'session-1', keyPairId: 'K1', expiresAt: 'soon' }],
])('%s is no grant to revoke', async (_what, json) => {
  const response = await server.call('/v1/revocations', { json });
  expect([response.status, await response.json()]).toMatchObject([400, { code: 'INVALID_REQUEST' }]);
});

test('a forged URL cannot be used to revoke somebody else’s', async () => {
  const response = await server.call('/v1/revocations', {
    json: { url: url().replace(/Signature=..../, 'Signature=AAAA') },
  });
  expect(response.status).toBe(400);
  expect(
    (await server.call('/v1/revocations', { json: { url: url() }, token: server.tokenFor('keys:write') })).status,
  ).toBe(403);
});
