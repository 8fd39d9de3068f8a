import { Type } from '@fastify/type-provider-typebox';
import type { ApiToken } from '../../database/api-tokens.ts';
import { commonScopes, firstBeyond, type Scope } from '../../kernel/access/api-token.ts';
import { Fault } from '../../kernel/errors.ts';
import { NewToken, TokenSchema } from '../access-schemas.ts';
import { viewToken } from '../access-views.ts';
import type { Bearer } from '../authorize.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';
import { mintToken } from '../tokens.ts';

const tags = ['tokens'];

export function tokenRoutes(app: ControlApp, parts: RouteParts): void {
  const { tokens, secrets, clock } = parts;
  const write = parts.requires('tokens:write');

  app.post(
    '/v1/tokens',
    {
      onRequest: write,
      config: { makesCredentials: true, secretFields: ['token'] },
      schema: {
        operationId: 'createToken',
        summary: 'Make an API token',
        description:
          'The answer shows it this once. It gives no more than its maker has, and is revoked when its maker is revoked or deleted.',
        tags,
        body: NewToken,
        response: { 201: TokenSchema, ...PROBLEMS },
      },
    },
    async ({ body, bearer, audit }, reply) => {
      const scopes = [...new Set(body.scopes)];
      mustHold(bearer, scopes);
      const now = clock.now();
      const lifeMs = Math.min((body.expiresInSeconds ?? 31_536_000) * 1000, longestLifeMs(bearer, now));
      const { tokenId: id, token, expiresAtMs } = mintToken('api', secrets.apiTokenSecret, scopes, now, lifeMs);
      const record = { id, kind: 'api' as const, name: body.name, scopes, expiresAtMs, ...makerOf(bearer) };
      const added = await tokens.add(record, (trx, made) => audit.record({ id, after: viewToken(made) }, trx));
      if (!added) throw new Fault('TOKEN_INVALID');
      return reply.code(201).send({ ...viewToken(added), token });
    },
  );

  app.get(
    '/v1/tokens',
    {
      onRequest: parts.requires('tokens:read'),
      schema: {
        operationId: 'listTokens',
        summary: 'List API tokens',
        description: 'Expired and revoked ones too, without the tokens themselves.',
        tags,
        response: { 200: Type.Object({ items: Type.Array(TokenSchema) }), ...PROBLEMS },
      },
    },
    async () => ({ items: (await tokens.list()).map(viewToken) }),
  );

  app.delete(
    '/v1/tokens/:tokenId',
    {
      onRequest: write,
      schema: {
        operationId: 'revokeToken',
        summary: 'Revoke an API token',
        description:
          'And every token that was made with it. Nobody revokes one that gives more than he has. It counts here at once, and on every server of the fleet within seconds.',
        tags,
        params: Type.Object({ tokenId: Type.String({ maxLength: 100 }) }),
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params, bearer, audit }, reply) => {
      const token = await tokens.find(params.tokenId);
      if (token?.kind === 'api') mustHold(bearer, await givenBy(token, parts));
      const revoked = await tokens.revoke(params.tokenId, 'api', (trx, token) =>
        audit.record({ before: viewToken(token) }, trx),
      );
      if (!revoked) throw new Fault('NOT_FOUND', { says: 'There is no token with this id.' });
      parts.forgetTokens();
      return reply.code(204).send(null);
    },
  );
}

/**
 * Whoever could give more than he has, or take it from others, would make every narrower scope worthless.
 * @throws Fault SCOPE_MISSING
 */
export function mustHold(bearer: Bearer | null, scopes: readonly Scope[]): void {
  const beyond = firstBeyond(bearer?.scopes ?? [], scopes);
  if (beyond) throw new Fault('SCOPE_MISSING', { says: `Your own token does not carry the scope ${beyond}.` });
}

/** What a token gives; of one whose user is disabled, what it gives again once he is not. */
async function givenBy({ userId, scopes }: ApiToken, { users }: RouteParts): Promise<readonly Scope[]> {
  if (userId === undefined) return scopes;
  return commonScopes(scopes, (await users.find(userId))?.scopes ?? []);
}

/** A session is but a way for its user to make a token, which outlives it; a token is the maker of what it makes. */
function makerOf(bearer: Bearer | null): { readonly userId?: string; readonly madeBy?: string } {
  return {
    ...(bearer?.userId === undefined ? {} : { userId: bearer.userId }),
    ...(bearer?.actor.kind === 'token' ? { madeBy: bearer.tokenId } : {}),
  };
}

function longestLifeMs(bearer: Bearer | null, nowMs: number): number {
  return bearer?.actor.kind === 'token' ? bearer.expiresAtMs - nowMs : Number.POSITIVE_INFINITY;
}
