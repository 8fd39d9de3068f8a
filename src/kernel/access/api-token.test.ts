import { describe, expect, test } from 'vitest';
import { holdsScope, readApiToken, signApiToken } from './api-token.ts';
import { signJwt } from './jwt.ts';

const NOW = 1_800_000_000_000;
const claims = { tokenId: 'tok_a', scopes: ['assets:read'], expiresAtMs: NOW + 1_000, use: 'api' } as const;

describe('an API token', () => {
  test('says what it was made with until it expires', () => {
    const token = signApiToken(claims, 'secret');
    expect(readApiToken(token, 'secret', NOW)).toEqual(claims);
    expect(readApiToken(token, 'secret', NOW + 1_000)).toBeUndefined();
  });

  test.each([
    ['of another server', signApiToken(claims, 'other')],
    ['without an expiry', signJwt({ jti: 'tok_a', scope: 'admin', use: 'api' }, 'HS256', 'secret')],
    ['without an id', signJwt({ scope: 'admin', exp: NOW, use: 'api' }, 'HS256', 'secret')],
    ['of no use', signJwt({ jti: 'tok_a', scope: 'admin', exp: NOW }, 'HS256', 'secret')],
    ['unsigned', `${btoa('{"alg":"none"}')}.${btoa(`{"jti":"a","scope":"admin","exp":${NOW},"use":"api"}`)}.`],
    ['that is none', 'x.y.z'],
    ['that is empty', ''],
  ])('%s says nothing', (_what, token) => {
    expect(readApiToken(token, 'secret', NOW)).toBeUndefined();
  });

  test('drops scopes this server does not know', () => {
    const token = signJwt({ jti: 'a', scope: 'assets:read root toString', exp: NOW, use: 'api' }, 'HS256', 'secret');
    expect(readApiToken(token, 'secret', 0)?.scopes).toEqual(['assets:read']);
  });

  test.each([
    ['admin', 'keys:write', true],
    ['admin', '*:read', true],
    ['keys:write', 'keys:write', true],
    ['keys:read', 'keys:write', false],
    ['keys:write', 'keys:read', false],
    ['*:read', 'audit:read', true],
    ['*:read', 'uploads:write', false],
    ['*:read', 'admin', false],
    ['assets:read', '*:read', false],
  ] as const)('with %s gives %s: %s', (held, wanted, gives) => {
    expect(holdsScope([held], wanted)).toBe(gives);
  });
});
