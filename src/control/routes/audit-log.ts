import { Type } from '@fastify/type-provider-typebox';
import type { AuditFilter, AuditRecord } from '../../database/audit-log.ts';
import { parseCursor, writeCursor } from '../paging.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { Page, PROBLEMS } from '../schemas.ts';

const Time = Type.String({ format: 'date-time' });

const RecordSchema = Type.Object(
  {
    auditId: Type.String(),
    at: Time,
    actor: Type.Object({
      kind: Type.Enum(['user', 'token', 'server', 'edge', 'nobody']),
      id: Type.Optional(Type.String()),
      name: Type.Optional(Type.String({ description: 'As it was then.' })),
    }),
    address: Type.String({ description: 'Where the request came from.' }),
    operation: Type.String({ description: "The operation's id in this document." }),
    resource: Type.Object({ kind: Type.String(), id: Type.Optional(Type.String()) }),
    before: Type.Optional(Type.Unknown({ description: 'As it was, without secrets; absent where that is not known.' })),
    after: Type.Optional(Type.Unknown({ description: 'As it became, without secrets.' })),
    requestId: Type.String({ description: 'The `X-Request-Id` of the answer.' }),
  },
  { title: 'AuditRecord' },
);

const Filter = Type.Object({
  ...Page.properties,
  resource: Type.Optional(
    Type.String({
      maxLength: 300,
      pattern: '^[a-z][a-z-]*(/.+)?$',
      description: 'A collection, such as `assets`, or one of it, such as `assets/as_k3v9mn2p4q7r8s5t`.',
    }),
  ),
  actor: Type.Optional(Type.String({ maxLength: 100, description: 'The id of a user, token or edge.' })),
  since: Type.Optional(Type.String({ format: 'date-time', description: 'From then on.' })),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'Before then.' })),
});

/** Reading only: nothing of the API changes or removes a record. */
export function auditLogRoutes(app: ControlApp, { requires, audit }: Pick<RouteParts, 'requires' | 'audit'>): void {
  app.get(
    '/v1/audit-log',
    {
      onRequest: requires('audit:read'),
      schema: {
        operationId: 'listAuditLog',
        description: 'A page at a time. Nothing of the API changes or removes a record.',
        tags: ['users'],
        summary: 'Who changed what, newest first',
        querystring: Filter,
        response: {
          200: Type.Object({ items: Type.Array(RecordSchema), nextCursor: Type.Union([Type.String(), Type.Null()]) }),
          ...PROBLEMS,
        },
      },
    },
    async ({ query }) => {
      const { limit = 50, cursor } = query;
      const after = cursor === undefined ? {} : { after: parseCursor(cursor) };
      const found = await audit.list(limit + 1, { ...readFilter(query), ...after });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items: items.map(viewRecord), nextCursor: found.length > limit && last ? writeCursor(last) : null };
    },
  );
}

function readFilter(query: { resource?: string; actor?: string; since?: string; until?: string }): AuditFilter {
  const { resource, actor: actorId, since, until } = query;
  const [resourceKind, ...rest] = resource?.split('/') ?? [];
  return {
    ...(resourceKind === undefined ? {} : { resourceKind }),
    ...(rest.length === 0 ? {} : { resourceId: rest.join('/') }),
    ...(actorId === undefined ? {} : { actorId }),
    ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
    ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
  };
}

function viewRecord({ id, createdAtMs, before, after, ...record }: AuditRecord) {
  return {
    auditId: id,
    at: new Date(createdAtMs).toISOString(),
    ...record,
    ...(before === undefined ? {} : { before: JSON.parse(before) as unknown }),
    ...(after === undefined ? {} : { after: JSON.parse(after) as unknown }),
  };
}
