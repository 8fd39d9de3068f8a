import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scope } from '../../src/kernel/access/api-token.ts';
import { type CallInit, type ControlServer, startControl } from '../harness/control-server.ts';

let server: ControlServer;

beforeAll(async () => {
  server = await startControl();
});

afterAll(async () => {
  await server.stop();
});

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly userId: string;
  readonly tokenId: string;
  readonly sessionId: string;
  readonly token: string;
  readonly signInUrl: string;
  readonly scopes: readonly string[];
  readonly items: readonly Answer[];
  readonly expiresAt: string;
  readonly madeBy: { readonly userId?: string; readonly tokenId?: string };
  readonly lastUsedAt?: string;
}

/** A call's status and body in one, since most of what is asked here is whether it is refused. */
async function ask(path: string, init: CallInit = {}): Promise<Answer> {
  const response = await server.call(path, init);
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as Answer);
  return { ...body, status: response.status } as Answer;
}

const outcome = ({ status, code }: Answer) => (code ? `${status} ${code}` : `${status}`);
const userWith = (...scopes: Scope[]) => ask('/v1/users', { json: { name: 'Ada', scopes } });
const linkFor = (userId: string) => ask(`/v1/users/${userId}/sign-in-links`, { json: {} });
const open = (signInUrl: string) =>
  ask('/v1/sessions', { token: null, json: { signInToken: signInUrl.split('/').at(-1) } });
const edit = (userId: string, json: object, token = server.adminToken) =>
  ask(`/v1/users/${userId}`, { method: 'PATCH', json, token });
const remove = (path: string, token = server.adminToken) => ask(path, { method: 'DELETE', token });

/** A user who is signed in. */
async function signedIn(...scopes: Scope[]): Promise<{ userId: string; token: string }> {
  const { userId } = await userWith(...scopes);
  const { token } = await open((await linkFor(userId)).signInUrl);
  return { userId, token };
}

const tokenBy = (token: string, scopes: Scope[], more: object = {}) =>
  ask('/v1/tokens', { token, json: { name: 'x', scopes, ...more } });
/** A recorded API token. */
const tokenWith = async (...scopes: Scope[]) => (await tokenBy(server.adminToken, scopes)).token;
const reads = async (token: string) => outcome(await ask('/v1/assets', { token }));

describe('a sign-in link', () => {
  test('signs in once', async () => {
    const { userId } = await userWith('assets:read');
    const { signInUrl } = await linkFor(userId);
    const first = await open(signInUrl);
    expect([first.status, await reads(first.token)]).toEqual([201, '200']);
    expect(outcome(await open(signInUrl))).toBe('401 TOKEN_INVALID');
    expect(await reads(first.token)).toBe('200');
  });

  test('of the start is for the administrator, and a new start prints another', async () => {
    const links = [await server.administratorLink(), await server.administratorLink()];
    expect(links[0]).not.toBe(links[1]);
    for (const link of links) {
      const session = await open(link);
      expect(session).toMatchObject({ user: { userId: 'usr_administrator', role: 'admin' } });
      expect(await ask('/v1/sessions/current', { token: session.token })).toMatchObject({
        kind: 'user',
        name: 'Administrator',
        scopes: ['admin'],
      });
    }
  });

  test('is no API token, an API token is no link, and neither is a session', async () => {
    const { userId } = await userWith('assets:read');
    const { signInUrl } = await linkFor(userId);
    expect(await reads(signInUrl.split('/').at(-1) ?? '')).toBe('401 TOKEN_INVALID');
    const { token } = await open(signInUrl);
    for (const other of [server.adminToken, await tokenWith('admin'), token, 'x']) {
      expect(outcome(await open(other))).toBe('401 TOKEN_INVALID');
    }
  });
});

describe('a session', () => {
  test('gives what its user may do now', async () => {
    const { userId, token } = await signedIn('keys:read');
    expect(await reads(token)).toBe('403 SCOPE_MISSING');
    await edit(userId, { scopes: ['keys:read', 'assets:read'] });
    expect(await reads(token)).toBe('200');
  });

  test.each([
    ['is disabled', (userId: string) => edit(userId, { enabled: false })],
    ['is deleted', (userId: string) => remove(`/v1/users/${userId}`)],
    ['may do less', (userId: string) => edit(userId, { scopes: ['assets:read'] })],
  ])('ends when its user %s', async (_, change) => {
    const { userId, token } = await signedIn('assets:read', 'keys:read');
    expect(await reads(token)).toBe('200');
    expect((await change(userId)).status).toBeLessThan(300);
    expect(await reads(token)).toBe('401 TOKEN_INVALID');
  });

  test('does not come back when its user is enabled again', async () => {
    const { userId, token } = await signedIn('assets:read');
    await edit(userId, { enabled: false });
    expect(outcome(await linkFor(userId))).toBe('409 CONFLICT');
    await edit(userId, { enabled: true });
    expect(await reads(token)).toBe('401 TOKEN_INVALID');
    expect((await open((await linkFor(userId)).signInUrl)).status).toBe(201);
  });

  test('is listed, and closed by its user or by somebody else', async () => {
    const { userId, token } = await signedIn('assets:read');
    const second = await open((await linkFor(userId)).signInUrl);
    const listed = async () => (await ask(`/v1/users/${userId}/sessions`)).items.map(({ sessionId }) => sessionId);
    expect(await listed()).toEqual([expect.any(String), second.sessionId]);
    expect((await remove(`/v1/users/${userId}/sessions/${second.sessionId}`)).status).toBe(204);
    expect([await reads(second.token), await reads(token)]).toEqual(['401 TOKEN_INVALID', '200']);
    expect((await remove('/v1/sessions/current', token)).status).toBe(204);
    expect([await reads(token), await listed()]).toEqual(['401 TOKEN_INVALID', []]);
    expect(outcome(await remove('/v1/sessions/current'))).toBe('409 CONFLICT');
  });
});

describe('an API token', () => {
  test('says who made it and when it was used', async () => {
    const { userId, token } = await signedIn('tokens:write', 'tokens:read');
    const made = await tokenBy(token, ['tokens:read']);
    expect(made).toMatchObject({ status: 201, madeBy: { userId } });
    const listed = async () => (await ask('/v1/tokens', made)).items.find(({ tokenId }) => tokenId === made.tokenId);
    await listed();
    await expect.poll(async () => (await listed())?.lastUsedAt).toMatch(/^\d{4}-/);
    expect(await listed()).not.toHaveProperty('token');
  });

  test('gives no more than its maker may do by then, and nothing once he is disabled or deleted', async () => {
    const { userId, token } = await signedIn('tokens:write', 'assets:read', 'keys:read');
    const made = await tokenBy(token, ['assets:read']);
    expect(await reads(made.token)).toBe('200');
    await edit(userId, { scopes: ['tokens:write', 'keys:read'] });
    expect(await reads(made.token)).toBe('403 SCOPE_MISSING');
    await edit(userId, { scopes: ['tokens:write', 'assets:read'] });
    expect(await reads(made.token)).toBe('200');
    await edit(userId, { enabled: false });
    expect(await reads(made.token)).toBe('401 TOKEN_INVALID');
    await edit(userId, { enabled: true });
    expect(await reads(made.token)).toBe('200');
    await remove(`/v1/users/${userId}`);
    expect(await reads(made.token)).toBe('401 TOKEN_INVALID');
  });

  test('outlives the session it was made in', async () => {
    const { token } = await signedIn('tokens:write', 'assets:read');
    const made = await tokenBy(token, ['assets:read']);
    await remove('/v1/sessions/current', token);
    expect(await reads(made.token)).toBe('200');
  });

  test('ends with the token it was made with, by time or by revocation', async () => {
    const maker = await tokenBy(server.adminToken, ['tokens:write', 'assets:read'], { expiresInSeconds: 60 });
    const made = await tokenBy(maker.token, ['assets:read'], { expiresInSeconds: 3_600 });
    expect(made.madeBy).toEqual({ tokenId: maker.tokenId });
    expect(made.expiresAt <= maker.expiresAt).toBe(true);
    await remove(`/v1/tokens/${maker.tokenId}`);
    expect(await reads(made.token)).toBe('401 TOKEN_INVALID');
  });
});

describe('nobody gets more than he has', () => {
  type Attempt = (token: string) => Promise<Answer>;
  const attempts: readonly (readonly [string, Scope[], Attempt, string])[] = [
    ['a token with admin', ['tokens:write', 'assets:read'], (token) => tokenBy(token, ['admin']), '403'],
    ['a token that reads everything', ['tokens:write', 'assets:read'], (token) => tokenBy(token, ['*:read']), '403'],
    ['a token with a scope of his', ['tokens:write', 'assets:read'], (token) => tokenBy(token, ['assets:read']), '201'],
    [
      'a token above him revoked',
      ['tokens:write', 'assets:read'],
      async (token) => {
        const above = await tokenBy(server.adminToken, ['assets:read', 'keys:write']);
        const answer = await remove(`/v1/tokens/${above.tokenId}`, token);
        expect(await reads(above.token)).toBe('200');
        return answer;
      },
      '403',
    ],
    [
      'the token revoked of somebody who is above him again once he is enabled',
      ['tokens:write', 'assets:read'],
      async (token) => {
        const above = await signedIn('tokens:write', 'keys:write');
        const made = await tokenBy(above.token, ['keys:write']);
        await edit(above.userId, { enabled: false });
        return remove(`/v1/tokens/${made.tokenId}`, token);
      },
      '403',
    ],
    [
      'a token like his own revoked',
      ['tokens:write', 'assets:read'],
      async (token) => {
        const like = await tokenBy(server.adminToken, ['tokens:write', 'assets:read']);
        return remove(`/v1/tokens/${like.tokenId}`, token);
      },
      '204',
    ],
    [
      'a token revoked that gives what he has, though it says more than its user may do by now',
      ['tokens:write', 'assets:read'],
      async (token) => {
        const lowered = await signedIn('tokens:write', 'keys:write');
        const made = await tokenBy(lowered.token, ['tokens:write', 'keys:write']);
        await edit(lowered.userId, { scopes: ['tokens:write'] });
        return remove(`/v1/tokens/${made.tokenId}`, token);
      },
      '204',
    ],
    [
      'an administrator',
      ['users:write'],
      (token) => ask('/v1/users', { token, json: { name: 'x', role: 'admin' } }),
      '403',
    ],
    [
      'a user with a scope more',
      ['users:write'],
      (token) => ask('/v1/users', { token, json: { name: 'x', scopes: ['users:write', 'keys:write'] } }),
      '403',
    ],
    [
      'a user like himself',
      ['users:write'],
      (token) => ask('/v1/users', { token, json: { name: 'x', scopes: ['users:write'] } }),
      '201',
    ],
    [
      "the administrator's link",
      ['users:write', 'users:read'],
      (token) => ask('/v1/users/usr_administrator/sign-in-links', { token, json: {} }),
      '403',
    ],
    [
      'a link of somebody who may do more',
      ['users:write'],
      async (token) => {
        const { userId } = await userWith('keys:write');
        return ask(`/v1/users/${userId}/sign-in-links`, { token, json: {} });
      },
      '403',
    ],
    [
      'somebody raised',
      ['users:write'],
      async (token) => edit((await userWith('users:write')).userId, { role: 'admin' }, token),
      '403',
    ],
    [
      'somebody above him lowered',
      ['users:write'],
      async (token) => edit((await userWith('keys:write')).userId, { scopes: ['users:write'] }, token),
      '403',
    ],
    [
      'somebody above him disabled',
      ['users:write'],
      async (token) => edit((await userWith('keys:write')).userId, { enabled: false }, token),
      '403',
    ],
    [
      'somebody above him deleted',
      ['users:write'],
      async (token) => remove(`/v1/users/${(await userWith('keys:write')).userId}`, token),
      '403',
    ],
    [
      'somebody above him signed out',
      ['users:write'],
      async (token) => {
        const above = await signedIn('keys:write');
        const [session] = (await ask(`/v1/users/${above.userId}/sessions`)).items;
        return remove(`/v1/users/${above.userId}/sessions/${session?.sessionId}`, token);
      },
      '403',
    ],
    ['the administrator deleted', ['admin'], (token) => remove('/v1/users/usr_administrator', token), '409'],
    ['the administrator disabled', ['admin'], (token) => edit('usr_administrator', { enabled: false }, token), '409'],
    ['the administrator made less', ['admin'], (token) => edit('usr_administrator', { role: 'reader' }, token), '409'],
    [
      'the audit log by reading all but it',
      ['users:read', 'tokens:read'],
      (token) => ask('/v1/audit-log', { token }),
      '403',
    ],
    ['the audit log by reading everything', ['*:read'], (token) => ask('/v1/audit-log', { token }), '200'],
    ['a change by reading everything', ['*:read'], (token) => tokenBy(token, ['*:read']), '403'],
  ];

  test.each(attempts)('%s, for a bearer of %j', async (_, scopes, attempt, expected) => {
    for (const token of [await tokenWith(...scopes), (await signedIn(...scopes)).token]) {
      expect(`${(await attempt(token)).status}`).toBe(expected);
    }
  });

  test('a user who raises himself stays what he is', async () => {
    const { userId, token } = await signedIn('users:write');
    expect(outcome(await edit(userId, { role: 'admin' }, token))).toBe('403 SCOPE_MISSING');
    expect((await ask(`/v1/users/${userId}`)).scopes).toEqual(['users:write']);
  });

  test('what was refused left no record in the audit log, and is counted', async () => {
    const { token } = await signedIn('users:write');
    const records = async () => (await ask('/v1/audit-log?limit=1')).items;
    const before = await records();
    expect(outcome(await tokenBy(token, ['users:write']))).toBe('403 SCOPE_MISSING');
    expect(await records()).toEqual(before);
    const page = await (await server.call('/metrics')).text();
    expect(page).toMatch(/frontrow_api_scope_refusals_total\{scope="tokens:write"\} \d+/);
  });
});

describe('a user', () => {
  test.each([
    ['no name', { role: 'editor' }],
    ['no role and no scopes', { name: 'x' }],
    ['both of them', { name: 'x', role: 'editor', scopes: ['assets:read'] }],
    ['an unknown role', { name: 'x', role: 'root' }],
    ['an unknown scope', { name: 'x', scopes: ['root'] }],
    ['no scope at all', { name: 'x', scopes: [] }],
    ['an address that is none', { name: 'x', role: 'editor', email: 'nobody' }],
    ['a password', { name: 'x', role: 'editor', password: 'x' }],
  ])('with %s is refused with a sentence', async (_, json) => {
    expect(outcome(await ask('/v1/users', { json }))).toBe('400 INVALID_REQUEST');
  });

  test('whom nobody knows is not found', async () => {
    const asked = await Promise.all([
      ask('/v1/users/usr_none'),
      edit('usr_none', { name: 'x' }),
      remove('/v1/users/usr_none'),
      linkFor('usr_none'),
      ask('/v1/users/usr_none/sessions'),
      remove('/v1/users/usr_administrator/sessions/tok_none'),
    ]);
    expect(asked.map(outcome)).toEqual(Array.from({ length: asked.length }, () => '404 NOT_FOUND'));
  });
});
