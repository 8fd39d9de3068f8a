import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiTokenRepository } from '../../src/database/api-tokens.ts';
import { SignInLinkRepository } from '../../src/database/sign-in-links.ts';
import { ADMINISTRATOR_ID, UserRepository } from '../../src/database/users.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const HOUR_MS = 3_600_000;
const nothing = async () => {};

describe.each(DATABASES)('access on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let users: UserRepository;
  let tokens: ApiTokenRepository;
  let links: SignInLinkRepository;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    users = new UserRepository(on.database, clock);
    tokens = new ApiTokenRepository(on.database, clock);
    links = new SignInLinkRepository(on.database, clock);
  });
  afterEach(() => on.discard());

  const ada = () => users.add({ id: 'usr_a', name: 'Ada', email: 'ada@example.org', role: 'editor' }, nothing);
  const token = (id: string, more: { userId?: string; madeBy?: string } = {}) =>
    tokens.add({ id, kind: 'api', name: id, scopes: ['assets:read'], expiresAtMs: clock.now() + HOUR_MS, ...more });
  const link = (id: string, userId = 'usr_a') => links.add({ id, userId, expiresAtMs: clock.now() + HOUR_MS });
  const signIn = (linkId: string, id: string) =>
    links.use(linkId, { id, name: 'Console', expiresAtMs: clock.now() + HOUR_MS }, nothing);
  const signedIn = async () => {
    await link('lnk_a');
    await signIn('lnk_a', 'tok_session');
  };
  const isRevoked = async (id: string) => (await tokens.find(id))?.revokedAtMs !== undefined;

  describe('users', () => {
    test('are found, listed and changed; a role gives its scopes, and a list takes its place', async () => {
      const user = await ada();
      expect(user).toMatchObject({ name: 'Ada', email: 'ada@example.org', role: 'editor' });
      expect(user.scopes).toContain('assets:write');
      expect(await users.find('usr_a')).toEqual(user);
      expect(await users.list()).toEqual([user]);
      await users.edit('usr_a', { scopes: ['keys:read'], email: null }, nothing);
      const { createdAtMs } = user;
      expect(await users.find('usr_a')).toEqual({ id: 'usr_a', name: 'Ada', scopes: ['keys:read'], createdAtMs });
      expect(await users.edit('usr_b', { name: 'x' }, nothing)).toBeUndefined();
    });

    test('have an administrator among them who is made once', async () => {
      await users.addAdministrator();
      await users.edit(ADMINISTRATOR_ID, { name: 'Grace' }, nothing);
      await users.addAdministrator();
      expect((await users.list()).map(({ name, scopes }) => [name, scopes])).toEqual([['Grace', ['admin']]]);
    });

    test.each([
      ['a name', { name: 'Countess' }, false],
      ['more scopes', { role: 'admin' as const }, false],
      ['fewer scopes', { scopes: ['assets:read' as const] }, true],
      ['an end', { enabled: false }, true],
    ])('are signed out by %s only where it takes something away', async (_, change, isSignedOut) => {
      await ada();
      await signedIn();
      await token('tok_api', { userId: 'usr_a' });
      await users.edit('usr_a', change, nothing);
      expect([await isRevoked('tok_session'), await isRevoked('tok_api')]).toEqual([isSignedOut, false]);
    });

    test('take with them what they made, and nothing of others', async () => {
      await ada();
      await signedIn();
      await token('tok_his', { userId: 'usr_a' });
      await token('tok_other', { userId: 'usr_b' });
      await token('tok_server');
      expect(await users.delete('usr_a', nothing)).toMatchObject({ id: 'usr_a' });
      expect(await users.find('usr_a')).toBeUndefined();
      const revoked = await Promise.all(['tok_session', 'tok_his', 'tok_other', 'tok_server'].map(isRevoked));
      expect(revoked).toEqual([true, true, false, false]);
      expect(await users.delete('usr_a', nothing)).toBeUndefined();
    });

    test('are as before when what goes with the change fails', async () => {
      const user = await ada();
      await signedIn();
      const fail = async () => {
        throw new Error('no');
      };
      await expect(users.edit('usr_a', { enabled: false }, fail)).rejects.toThrow('no');
      await expect(users.delete('usr_a', fail)).rejects.toThrow('no');
      expect(await users.find('usr_a')).toEqual(user);
      expect(await isRevoked('tok_session')).toBe(false);
    });
  });

  describe('a sign-in link', () => {
    test('opens one session, however many ask at once', async () => {
      await ada();
      await link('lnk_a');
      const another = new SignInLinkRepository(await on.another(), clock);
      const attempts = Array.from({ length: 8 }, (_, at) =>
        (at % 2 ? links : another).use('lnk_a', { id: `tok_${at}`, name: '', expiresAtMs: 9e15 }, nothing),
      );
      const opened = (await Promise.all(attempts)).filter((user) => user !== undefined);
      expect(opened.map(({ id }) => id)).toEqual(['usr_a']);
      expect((await tokens.sessions('usr_a')).length).toBe(1);
    });

    test('opens none when it is too old, unknown, or for somebody who was changed, disabled or deleted since', async () => {
      await ada();
      expect(await signIn('lnk_none', 'tok_0')).toBeUndefined();
      await link('lnk_old');
      clock.turn(HOUR_MS);
      expect(await signIn('lnk_old', 'tok_1')).toBeUndefined();
      await link('lnk_raised');
      await users.edit('usr_a', { role: 'admin' }, nothing);
      expect(await signIn('lnk_raised', 'tok_2')).toBeUndefined();
      await link('lnk_disabled');
      await users.edit('usr_a', { enabled: false }, nothing);
      expect(await signIn('lnk_disabled', 'tok_3')).toBeUndefined();
      expect(await link('lnk_none')).toBeUndefined();
      await users.edit('usr_a', { enabled: true }, nothing);
      await link('lnk_deleted');
      await users.delete('usr_a', nothing);
      expect(await signIn('lnk_deleted', 'tok_4')).toBeUndefined();
    });

    test('is not used up by a sign-in that failed', async () => {
      await ada();
      await link('lnk_a');
      const session = { id: 'tok_a', name: '', expiresAtMs: 9e15 };
      const failed = links.use('lnk_a', session, async () => {
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await signIn('lnk_a', 'tok_a')).toMatchObject({ id: 'usr_a' });
    });
  });

  describe('API tokens', () => {
    test('are recorded, listed without sessions, and revoked once', async () => {
      await ada();
      await signedIn();
      const made = await token('tok_a', { userId: 'usr_a' });
      expect(made).toMatchObject({ scopes: ['assets:read'], userId: 'usr_a' });
      expect(await tokens.find('tok_a')).toEqual(made);
      expect(await tokens.list()).toEqual([made]);
      expect(await tokens.revoke('tok_a', 'session')).toBeUndefined();
      await tokens.revoke('tok_a', 'api');
      const revokedAtMs = clock.now();
      clock.turn(5);
      await tokens.revoke('tok_a', 'api');
      expect((await tokens.find('tok_a'))?.revokedAtMs).toBe(revokedAtMs);
      expect(await tokens.revoke('tok_b', 'api')).toBeUndefined();
    });

    test('end with the one they were made with, which then makes no more', async () => {
      await token('tok_a');
      await token('tok_b', { madeBy: 'tok_a' });
      await token('tok_c', { madeBy: 'tok_b' });
      await token('tok_d');
      await tokens.revoke('tok_a', 'api');
      const revoked = await Promise.all(['tok_a', 'tok_b', 'tok_c', 'tok_d'].map(isRevoked));
      expect(revoked).toEqual([true, true, true, false]);
      expect(await token('tok_e', { madeBy: 'tok_c' })).toBeUndefined();
      expect(await tokens.find('tok_e')).toBeUndefined();
    });

    test('tell when they were used, written now and then', async () => {
      const used = async () => (await tokens.find('tok_a'))?.lastUsedAtMs;
      const touch = async () => {
        const found = await tokens.find('tok_a');
        if (found) await tokens.touch(found);
      };
      await token('tok_a');
      expect(await used()).toBeUndefined();
      await touch();
      const first = clock.now();
      clock.turn(60_000);
      await touch();
      expect(await used()).toBe(first);
      clock.turn(300_000);
      await touch();
      expect(await used()).toBe(clock.now());
    });

    test('are forgotten a month after their end', async () => {
      await token('tok_a');
      clock.turn(HOUR_MS + 29 * 24 * HOUR_MS);
      await tokens.sweep();
      expect(await tokens.find('tok_a')).toBeDefined();
      clock.turn(2 * 24 * HOUR_MS);
      await tokens.sweep();
      expect(await tokens.find('tok_a')).toBeUndefined();
    });
  });
});
