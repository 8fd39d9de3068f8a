import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import type { ApiToken } from '../database/api-tokens.ts';
import { silentLog } from '../kernel/log.ts';
import { Authorizer } from './authorize.ts';
import { mintToken } from './tokens.ts';

test('a token that is revoked while it is being looked up is let in once at most', async () => {
  const minted = mintToken('api', 'secret', ['assets:read'], Date.now(), 60_000);
  let token: ApiToken = {
    id: minted.tokenId,
    kind: 'api',
    name: 'one',
    scopes: ['assets:read'],
    createdAtMs: 0,
    expiresAtMs: minted.expiresAtMs,
  };
  const looking = Promise.withResolvers<void>();
  const authorizer = new Authorizer({
    secret: 'secret',
    tokens: {
      find: async () => {
        const found = token;
        await looking.promise;
        return found;
      },
      touch: async () => {},
    },
    users: { find: async () => undefined },
    clock: { now: () => Date.now() },
    log: silentLog,
    onRefused: () => {},
    onFailed: async () => {},
  });
  const admit = authorizer.requires('assets:read');
  const request = { headers: { authorization: `Bearer ${minted.token}` } } as FastifyRequest;
  const first = admit(request);
  token = { ...token, revokedAtMs: Date.now() };
  authorizer.forget();
  looking.resolve();
  await first;
  await expect(admit(request)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
});
