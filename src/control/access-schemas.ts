import { Type } from '@fastify/type-provider-typebox';
import { SCOPE_MEANINGS, SCOPES } from '../kernel/access/api-token.ts';
import { ROLE_NAMES, ROLE_SCOPES } from '../kernel/access/roles.ts';

/** The bodies of users, tokens and sessions. */

const Time = Type.String({ format: 'date-time' });
const Name = Type.String({ minLength: 1, maxLength: 100 });

const listed = (lines: readonly (readonly [string, string])[]) =>
  lines.map(([name, says]) => `- \`${name}\`: ${says}`).join('\n');

const ScopeSchema = Type.Enum([...SCOPES], { description: listed(Object.entries(SCOPE_MEANINGS)) });
const Scopes = Type.Array(ScopeSchema, { minItems: 1, maxItems: SCOPES.length });
const Role = Type.Enum([...ROLE_NAMES], {
  description: listed(Object.entries(ROLE_SCOPES).map(([role, scopes]) => [role, scopes.join(', ')])),
});
const Email = Type.String({ maxLength: 254, pattern: '^[^@\\s]+@[^@\\s]+$' });

export const NewToken = Type.Object(
  {
    name: Name,
    scopes: Scopes,
    expiresInSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 315_360_000,
        default: 31_536_000,
        description: 'A token that is made with a token ends with it, if that is sooner.',
      }),
    ),
  },
  {
    title: 'NewToken',
    examples: [{ name: 'backend', scopes: ['assets:read', 'grants:write'] }],
    additionalProperties: false,
  },
);

export const TokenSchema = Type.Object(
  {
    tokenId: Type.String(),
    name: Type.String(),
    scopes: Type.Array(Type.String()),
    token: Type.Optional(Type.String({ description: 'Only in the answer that made it: it is not kept.' })),
    madeBy: Type.Object(
      {
        userId: Type.Optional(Type.String({ description: 'The token gives no more than this user may do.' })),
        tokenId: Type.Optional(Type.String({ description: 'Revoking this one revokes the token.' })),
      },
      { description: 'Empty for the server itself.' },
    ),
    createdAt: Time,
    expiresAt: Time,
    lastUsedAt: Type.Optional(Type.String({ format: 'date-time', description: 'Within some minutes.' })),
    revokedAt: Type.Optional(Time),
  },
  { title: 'ApiToken' },
);

export const NewUser = Type.Object(
  {
    name: Name,
    email: Type.Optional(Email),
    role: Type.Optional(Role),
    scopes: Type.Optional(Scopes),
  },
  {
    title: 'NewUser',
    description: 'Either `role` or `scopes` says what the user may do.',
    examples: [{ name: 'Ada', email: 'ada@example.org', role: 'editor' }],
    additionalProperties: false,
  },
);

export const UserEdit = Type.Object(
  {
    name: Type.Optional(Name),
    email: Type.Optional(Type.Union([Email, Type.Null()])),
    role: Type.Optional(Role),
    scopes: Type.Optional(Scopes),
    enabled: Type.Optional(
      Type.Boolean({ description: 'A disabled user is signed out, and his tokens give nothing.' }),
    ),
  },
  { title: 'UserChange', examples: [{ enabled: false }], additionalProperties: false, minProperties: 1 },
);

export const UserSchema = Type.Object(
  {
    userId: Type.String(),
    name: Type.String(),
    email: Type.Optional(Type.String()),
    role: Type.Optional(Type.String()),
    scopes: Type.Array(Type.String()),
    enabled: Type.Boolean(),
    createdAt: Time,
    disabledAt: Type.Optional(Time),
  },
  { title: 'User' },
);

export const NewSignInLink = Type.Object(
  { expiresInSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 604_800, default: 86_400 })) },
  { title: 'NewSignInLink', examples: [{ expiresInSeconds: 3_600 }], additionalProperties: false },
);

export const SignInLinkSchema = Type.Object(
  {
    userId: Type.String(),
    signInUrl: Type.Optional(Type.String({ description: 'Signs in once. Only in this answer: it is not kept.' })),
    expiresAt: Time,
  },
  { title: 'SignInLink' },
);

export const SessionSchema = Type.Object(
  {
    sessionId: Type.String(),
    createdAt: Time,
    expiresAt: Time,
    lastUsedAt: Type.Optional(Type.String({ format: 'date-time', description: 'Within some minutes.' })),
  },
  { title: 'Session' },
);

export const NewSession = Type.Object(
  { signInToken: Type.String({ maxLength: 4_000, description: 'What stands behind `#/sign-in/` in the link.' }) },
  { title: 'NewSession', additionalProperties: false, examples: [{ signInToken: 'eyJhbGciOiJIUzI1NiIs…' }] },
);

export const OpenedSession = Type.Object(
  { sessionId: Type.String(), token: Type.String(), expiresAt: Time, user: UserSchema },
  { title: 'OpenedSession' },
);

export const CurrentSession = Type.Object(
  {
    kind: Type.Enum(['user', 'token', 'server'], { description: 'What the bearer token is of.' }),
    name: Type.Optional(Type.String({ description: 'Of the user, or of the token.' })),
    user: Type.Optional(UserSchema),
    scopes: Type.Array(Type.String(), { description: 'What it gives now.' }),
    expiresAt: Time,
  },
  { title: 'CurrentSession' },
);
