import { Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kernel/errors.ts';
import { CurrentSession, NewSession, OpenedSession } from '../access-schemas.ts';
import { viewUser } from '../access-views.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';

const tags = ['tokens'];

export function sessionRoutes(app: ControlApp, parts: RouteParts): void {
  const { sessions, tokens, users } = parts;
  const anybody = parts.requires();

  app.post(
    '/v1/sessions',
    {
      config: { makesCredentials: true, secretFields: ['token'] },
      schema: {
        operationId: 'openSession',
        summary: 'Sign in by a link',
        description: 'Exchanges what a sign-in link carries, once, for a session of its user.',
        tags,
        security: [],
        body: NewSession,
        response: { 201: OpenedSession, ...PROBLEMS },
      },
    },
    async ({ body, audit }, reply) => {
      const opened = await sessions.open(body.signInToken, (trx, { id, name }, sessionId) =>
        audit.record({ id: sessionId, actor: { kind: 'user', id, name } }, trx),
      );
      if (!opened) {
        throw new Fault('TOKEN_INVALID', {
          says: 'This sign-in link was used already, or is too old. Ask for a new one; the server prints one at every start.',
        });
      }
      const { tokenId: sessionId, token, expiresAtMs, user } = opened;
      const expiresAt = new Date(expiresAtMs).toISOString();
      return reply.code(201).send({ sessionId, token, expiresAt, user: viewUser(user) });
    },
  );

  app.get(
    '/v1/sessions/current',
    {
      onRequest: anybody,
      schema: {
        operationId: 'getCurrentSession',
        tags,
        summary: 'Show who is signed in',
        description: 'Whose the bearer token is, and what it gives now. Any token may ask.',
        security: [{ bearer: [] }],
        response: { 200: CurrentSession, ...PROBLEMS },
      },
    },
    async ({ bearer }) => {
      if (!bearer) throw new Fault('TOKEN_MISSING');
      const { actor, userId, scopes, expiresAtMs } = bearer;
      const user = userId === undefined ? undefined : await users.find(userId);
      return {
        kind: actor.kind === 'user' || actor.kind === 'token' ? actor.kind : ('server' as const),
        ...(actor.name === undefined ? {} : { name: actor.name }),
        ...(user === undefined ? {} : { user: viewUser(user) }),
        scopes: [...scopes],
        expiresAt: new Date(expiresAtMs).toISOString(),
      };
    },
  );

  app.delete(
    '/v1/sessions/current',
    {
      onRequest: anybody,
      schema: {
        operationId: 'closeCurrentSession',
        tags,
        summary: 'Sign out',
        description: 'Revokes the session that asks. A token that is no session is answered 409.',
        security: [{ bearer: [] }],
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ bearer, audit }, reply) => {
      const id = bearer?.tokenId ?? '';
      const closed = await tokens.revoke(id, 'session', (trx) => audit.record({ id }, trx));
      if (!closed) throw new Fault('CONFLICT', { says: 'This token is no session: nobody is signed in by it.' });
      parts.forgetTokens();
      return reply.code(204).send(null);
    },
  );
}
