import { Type } from '@fastify/type-provider-typebox';
import { ADMINISTRATOR_ID, type User } from '../../database/users.ts';
import type { Scope } from '../../kernel/access/api-token.ts';
import { ROLE_SCOPES, type RoleName } from '../../kernel/access/roles.ts';
import { Fault } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { NewSignInLink, NewUser, SessionSchema, SignInLinkSchema, UserEdit, UserSchema } from '../access-schemas.ts';
import { viewSession, viewUser } from '../access-views.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';
import { SIGN_IN_SECONDS } from '../sessions.ts';
import { mustHold } from './tokens.ts';

const tags = ['users'];
const Id = Type.Object({ userId: Type.String({ maxLength: 100 }) });
const SessionId = Type.Object({
  userId: Type.String({ maxLength: 100 }),
  sessionId: Type.String({ maxLength: 100 }),
});

/**
 * Users and their sessions. Nobody makes, changes or signs in a user who may do more than himself: that would be a way to
 * do it all.
 */
export function userRoutes(app: ControlApp, parts: RouteParts): void {
  listRoutes(app, parts);
  changeRoutes(app, parts);
  signInRoutes(app, parts);
}

function listRoutes(app: ControlApp, { users, requires }: RouteParts): void {
  const read = requires('users:read');

  app.get(
    '/v1/users',
    {
      onRequest: read,
      schema: {
        operationId: 'listUsers',
        summary: 'List users',
        description: 'Oldest first, disabled ones too.',
        tags,
        response: { 200: Type.Object({ items: Type.Array(UserSchema) }), ...PROBLEMS },
      },
    },
    async () => ({ items: (await users.list()).map(viewUser) }),
  );

  app.get(
    '/v1/users/:userId',
    {
      onRequest: read,
      schema: {
        operationId: 'getUser',
        summary: 'Show a user',
        description: 'With what he may do now.',
        tags,
        params: Id,
        response: { 200: UserSchema, ...PROBLEMS },
      },
    },
    async ({ params }) => viewUser(known(await users.find(params.userId))),
  );
}

function changeRoutes(app: ControlApp, parts: RouteParts): void {
  const { users } = parts;
  const write = parts.requires('users:write');

  app.post(
    '/v1/users',
    {
      onRequest: write,
      schema: {
        operationId: 'createUser',
        summary: 'Add a user',
        tags,
        description: 'There are no passwords: a sign-in link signs a user in.',
        body: NewUser,
        response: { 201: UserSchema, ...PROBLEMS },
      },
    },
    async ({ body, bearer, audit }, reply) => {
      const scopes = scopesOf(body);
      if (!scopes) throw new Fault('INVALID_REQUEST', { says: 'body.role or body.scopes is missing.' });
      mustHold(bearer, scopes);
      const id = newId('usr');
      const user = await users.add({ ...body, id }, (trx, made) => audit.record({ id, after: viewUser(made) }, trx));
      return reply.code(201).send(viewUser(user));
    },
  );

  app.patch(
    '/v1/users/:userId',
    {
      onRequest: write,
      schema: {
        operationId: 'editUser',
        summary: 'Change, disable or enable a user',
        tags,
        description: 'A user who is disabled, or may do less than before, is signed out everywhere.',
        params: Id,
        body: UserEdit,
        response: { 200: UserSchema, ...PROBLEMS },
      },
    },
    async ({ params, body, bearer, audit }) => {
      const wanted = scopesOf(body);
      if (wanted || body.enabled === false) mustNotBeTheServers(params.userId);
      const user = await users.edit(params.userId, body, async (trx, before, after) => {
        mustHold(bearer, [...before.scopes, ...after.scopes]);
        await audit.record({ before: viewUser(before), after: viewUser(after) }, trx);
      });
      parts.forgetTokens();
      return viewUser(known(user));
    },
  );

  app.delete(
    '/v1/users/:userId',
    {
      onRequest: write,
      schema: {
        operationId: 'deleteUser',
        summary: 'Delete a user',
        tags,
        description: 'Signs the user out, and revokes every token he made.',
        params: Id,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params, bearer, audit }, reply) => {
      mustNotBeTheServers(params.userId);
      const gone = await users.delete(params.userId, async (trx, user) => {
        mustHold(bearer, user.scopes);
        await audit.record({ before: viewUser(user) }, trx);
      });
      known(gone);
      parts.forgetTokens();
      return reply.code(204).send(null);
    },
  );
}

function signInRoutes(app: ControlApp, parts: RouteParts): void {
  const { users, sessions, tokens } = parts;
  const write = parts.requires('users:write');

  app.post(
    '/v1/users/:userId/sign-in-links',
    {
      onRequest: write,
      config: { makesCredentials: true, secretFields: ['signInUrl'] },
      schema: {
        operationId: 'createSignInLink',
        summary: 'Make a link that signs a user in',
        tags,
        description: 'It works once, and is shown this once. Give it to nobody else.',
        params: Id,
        body: NewSignInLink,
        response: { 201: SignInLinkSchema, ...PROBLEMS },
      },
    },
    async ({ params: { userId }, body, bearer, audit }, reply) => {
      known(await users.find(userId));
      const lifeMs = (body.expiresInSeconds ?? SIGN_IN_SECONDS) * 1000;
      const link = await sessions.link(userId, lifeMs, async (trx, user) => {
        mustHold(bearer, user.scopes);
        await audit.record({ after: { expiresInSeconds: lifeMs / 1000 } }, trx);
      });
      if (!link) throw new Fault('CONFLICT', { says: 'This user is disabled; enable him first.' });
      const expiresAt = new Date(link.expiresAtMs).toISOString();
      return reply.code(201).send({ userId, signInUrl: link.url, expiresAt });
    },
  );

  app.get(
    '/v1/users/:userId/sessions',
    {
      onRequest: parts.requires('users:read'),
      schema: {
        operationId: 'listSessions',
        tags,
        summary: 'List where a user is signed in',
        description: 'The sessions that are open, oldest first.',
        params: Id,
        response: { 200: Type.Object({ items: Type.Array(SessionSchema) }), ...PROBLEMS },
      },
    },
    async ({ params }) => {
      const { id } = known(await users.find(params.userId));
      return { items: (await tokens.sessions(id)).map(viewSession) };
    },
  );

  app.delete(
    '/v1/users/:userId/sessions/:sessionId',
    {
      onRequest: write,
      schema: {
        operationId: 'closeSession',
        tags,
        summary: 'Sign a user out',
        description: 'Ends one of his sessions, at once.',
        params: SessionId,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params, bearer, audit }, reply) => {
      const user = known(await users.find(params.userId));
      mustHold(bearer, user.scopes);
      const open = await tokens.sessions(user.id);
      const session = open.find(({ id }) => id === params.sessionId);
      if (!session) throw new Fault('NOT_FOUND', { says: 'This user has no such session.' });
      await tokens.revoke(session.id, 'session', (trx) => audit.record({ before: viewSession(session) }, trx));
      parts.forgetTokens();
      return reply.code(204).send(null);
    },
  );
}

/** @throws Fault INVALID_REQUEST where both are said. */
function scopesOf(said: { role?: RoleName; scopes?: Scope[] }): readonly Scope[] | undefined {
  if (said.role && said.scopes) {
    throw new Fault('INVALID_REQUEST', { says: 'body.role and body.scopes do not go together.' });
  }
  return said.role ? ROLE_SCOPES[said.role] : said.scopes;
}

/** @throws Fault NOT_FOUND */
function known(user: User | undefined): User {
  if (!user) throw new Fault('NOT_FOUND', { says: 'There is no user with this id.' });
  return user;
}

/**
 * Whoever reads what the server prints is its administrator; a server without him would print links that open nothing.
 * @throws Fault CONFLICT
 */
function mustNotBeTheServers(userId: string): void {
  if (userId !== ADMINISTRATOR_ID) return;
  throw new Fault('CONFLICT', { says: 'The administrator of the server stays what he is.' });
}
