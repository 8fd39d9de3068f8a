import { Type } from '@fastify/type-provider-typebox';
import type { ApiToken } from '../../database/api-tokens.ts';
import { holdsScope } from '../../kernel/access/api-token.ts';
import { Fault } from '../../kernel/errors.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { NewToken, PROBLEMS, TokenSchema } from '../schemas.ts';
import { mintToken, openSession } from '../tokens.ts';

const tags = ['tokens'];

const NewSession = Type.Object(
  { signInToken: Type.String({ maxLength: 4_000, description: 'What stands behind `#/sign-in/` in the link.' }) },
  { title: 'NewSession', additionalProperties: false, examples: [{ signInToken: 'eyJhbGciOiJIUzI1NiIs…' }] },
);

export function tokenRoutes(app: ControlApp, parts: RouteParts): void {
  const { tokens, secrets, clock } = parts;
  const write = parts.requires('tokens:write');

  app.post(
    '/v1/tokens',
    {
      onRequest: write,
      config: { secretFields: ['token'] },
      schema: {
        operationId: 'createToken',
        summary: 'Make an API token',
        description: 'The answer shows it this once. It may do no more than its maker.',
        tags,
        body: NewToken,
        response: { 201: TokenSchema, ...PROBLEMS },
      },
    },
    async ({ body, bearer }, reply) => {
      const scopes = [...new Set(body.scopes)];
      const beyond = scopes.find((scope) => !holdsScope(bearer?.scopes ?? [], scope));
      // A token that could give more than it has would make every narrower scope worthless.
      if (beyond) throw new Fault('SCOPE_MISSING', { says: `Your own token does not carry the scope ${beyond}.` });
      const lifeMs = (body.expiresInSeconds ?? 31_536_000) * 1000;
      const minted = mintToken(secrets.apiTokenSecret, scopes, clock.now(), lifeMs);
      const { tokenId: id, expiresAtMs } = minted;
      const record = await tokens.add({ id, name: body.name, scopes, expiresAtMs });
      return reply.code(201).send({ ...viewToken(record), token: minted.token });
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
        description: 'It counts here at once, and on every server of the fleet within seconds.',
        tags,
        params: Type.Object({ tokenId: Type.String({ maxLength: 100 }) }),
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params }, reply) => {
      if (!(await tokens.revoke(params.tokenId))) throw new Fault('NOT_FOUND');
      parts.forgetToken(params.tokenId);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/sessions',
    {
      config: { rateLimit: { max: 20, timeWindow: 60_000 }, secretFields: ['token'] },
      schema: {
        operationId: 'openSession',
        summary: 'Sign in by a link',
        description: 'Changes the token of a sign-in link for one that the console uses.',
        tags,
        security: [],
        body: NewSession,
        response: {
          201: Type.Object({ token: Type.String(), expiresAt: Type.String({ format: 'date-time' }) }),
          ...PROBLEMS,
        },
      },
    },
    async ({ body, audit }, reply) => {
      const session = openSession(secrets.apiTokenSecret, body.signInToken, clock.now());
      if (!session) {
        throw new Fault('TOKEN_INVALID', {
          says: 'This sign-in link is not valid any more; the server prints a new one at every start.',
        });
      }
      audit.about({ id: session.tokenId, actor: { kind: 'server' } });
      return reply.code(201).send({ token: session.token, expiresAt: new Date(session.expiresAtMs).toISOString() });
    },
  );
}

function viewToken(token: ApiToken) {
  return {
    tokenId: token.id,
    name: token.name,
    scopes: [...token.scopes],
    createdAt: new Date(token.createdAtMs).toISOString(),
    expiresAt: new Date(token.expiresAtMs).toISOString(),
    ...(token.revokedAtMs === undefined ? {} : { revokedAt: new Date(token.revokedAtMs).toISOString() }),
  };
}
