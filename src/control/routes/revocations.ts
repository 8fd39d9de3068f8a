import { Type } from '@fastify/type-provider-typebox';
import type { Revocation, RevocationRepository } from '../../database/revocations.ts';
import type { DerivedKey } from '../../kernel/access/derive.ts';
import type { KeyLookup } from '../../kernel/access/proof.ts';
import { Fault } from '../../kernel/errors.ts';
import { EDGE_CONFIG } from '../../queue/signals.ts';
import { parseCursor, writeCursor } from '../paging.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { identifyGrant } from '../revoked-grant.ts';
import { Page, PROBLEMS } from '../schemas.ts';

const tags = ['access'];
/** Each costs an edge some hundred bytes. Whoever needs more revokes the key. */
const MAX_REVOCATIONS = 100_000;

const Time = Type.String({ format: 'date-time' });
const Credential = Type.String({ minLength: 1, maxLength: 8_000 });

const NewRevocation = Type.Object(
  {
    url: Type.Optional(Type.String({ minLength: 1, maxLength: 8_000, description: 'As it was handed out.' })),
    cookies: Type.Optional(
      Type.Record(Type.String({ maxLength: 100 }), Type.String({ maxLength: 8_000 }), {
        description: 'The set of CloudFront- cookies, by name.',
      }),
    ),
    token: Type.Optional(Credential),
    jti: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: 'Of a token, with `keyPairId` and `expiresAt`.' }),
    ),
    keyPairId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    expiresAt: Type.Optional(Time),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  },
  {
    title: 'NewRevocation',
    examples: [{ jti: 'session-4711', keyPairId: 'K2JCJMDEHXQW5F', expiresAt: '2030-01-31T12:00:00Z' }],
    additionalProperties: false,
  },
);

const RevocationSchema = Type.Object(
  {
    revocationId: Type.String(),
    grantId: Type.String({ description: 'A digest of what was signed; the grant itself is not kept.' }),
    keyPairId: Type.String(),
    reason: Type.Optional(Type.String()),
    expiresAt: Type.String({ format: 'date-time', description: 'When the grant is over by itself.' }),
    createdAt: Time,
  },
  { title: 'Revocation' },
);

const RevocationId = Type.Object({ revocationId: Type.String({ maxLength: 100, description: 'Such as rv_k3v9….' }) });

export interface RevocationRouteParts extends Pick<RouteParts, 'requires' | 'signals'> {
  readonly revocations: RevocationRepository;
  /** The keys that count at this moment, by who gave them out. */
  readonly activeKeys: () => Promise<readonly KeyLookup[]>;
  readonly derivedKey: DerivedKey;
}

export function revocationRoutes(app: ControlApp, parts: RevocationRouteParts): void {
  readRoutes(app, parts);
  const { revocations, activeKeys, derivedKey, signals, requires } = parts;
  const write = requires('revocations:write');

  app.post(
    '/v1/revocations',
    {
      onRequest: write,
      schema: {
        operationId: 'revokeGrant',
        summary: 'Revoke a single grant',
        description:
          'Give the signed URL, the cookies, the token, or the id of a token. Edges refuse it within two seconds, by whichever carrier it comes, and what they derived of it.',
        tags,
        body: NewRevocation,
        response: { 201: RevocationSchema, ...PROBLEMS },
      },
    },
    async ({ body }, reply) => {
      const { reason, ...given } = body;
      const grant = identifyGrant(given, await activeKeys(), derivedKey);
      const made = await revocations.add({ ...grant, reason }, MAX_REVOCATIONS);
      if (!made) throw new Fault('CONFLICT', { says: `At most ${MAX_REVOCATIONS} grants are revoked one by one.` });
      signals.notify(EDGE_CONFIG);
      return reply.code(201).send(viewRevocation(made));
    },
  );

  app.delete(
    '/v1/revocations/:revocationId',
    {
      onRequest: write,
      schema: {
        operationId: 'removeRevocation',
        summary: 'Take a revocation back',
        description: 'The grant counts again, until it is over.',
        tags,
        params: RevocationId,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { revocationId } = request.params;
      const before = await revocations.find(revocationId);
      if (!before || !(await revocations.remove(revocationId))) throw unknown();
      request.audit.about({ before: viewRevocation(before) });
      signals.notify(EDGE_CONFIG);
      return reply.code(204).send(null);
    },
  );
}

function readRoutes(app: ControlApp, { revocations, requires }: RevocationRouteParts): void {
  const read = requires('revocations:read');

  app.get(
    '/v1/revocations',
    {
      onRequest: read,
      schema: {
        operationId: 'listRevocations',
        summary: 'List revoked grants',
        description: 'Newest first; those whose grants are over go by themselves.',
        tags,
        querystring: Page,
        response: {
          200: Type.Object({
            items: Type.Array(RevocationSchema),
            nextCursor: Type.Union([Type.String(), Type.Null()]),
          }),
          ...PROBLEMS,
        },
      },
    },
    async ({ query }) => {
      const limit = query.limit ?? 50;
      const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
      const found = await revocations.list(limit + 1, after);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        items: items.map(viewRevocation),
        nextCursor: found.length > limit && last ? writeCursor(last) : null,
      };
    },
  );

  app.get(
    '/v1/revocations/:revocationId',
    {
      onRequest: read,
      schema: {
        operationId: 'getRevocation',
        summary: 'Read a revocation',
        description: 'Which grant, by which key, and why.',
        tags,
        params: RevocationId,
        response: { 200: RevocationSchema, ...PROBLEMS },
      },
    },
    async ({ params }) => {
      const found = await revocations.find(params.revocationId);
      if (!found) throw unknown();
      return viewRevocation(found);
    },
  );
}

function unknown(): Fault {
  return new Fault('NOT_FOUND', { says: 'There is no revocation with this id.' });
}

function viewRevocation({ id, grantId, keyPairId, reason, expiresAtMs, createdAtMs }: Revocation) {
  return {
    revocationId: id,
    grantId,
    keyPairId,
    ...(reason === undefined ? {} : { reason }),
    expiresAt: new Date(expiresAtMs).toISOString(),
    createdAt: new Date(createdAtMs).toISOString(),
  };
}
