import { Type } from '@fastify/type-provider-typebox';
import type { Invalidation, InvalidationRepository } from '../../database/invalidations.ts';
import { Fault } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { EDGE_CONFIG } from '../../queue/signals.ts';
import { InvalidationSchema, NewInvalidationSchema } from '../distributions/access-schemas.ts';
import { parseCursor, writeCursor } from '../paging.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { Page, PROBLEMS } from '../schemas.ts';

const tags = ['invalidations'];
const DistributionId = Type.Object({ id: Type.String({ maxLength: 100, description: 'Of the distribution.' }) });
const InvalidationId = Type.Object({
  ...DistributionId.properties,
  invalidationId: Type.String({ maxLength: 100 }),
});

export interface InvalidationRouteParts extends Pick<RouteParts, 'requires' | 'signals'> {
  readonly invalidations: InvalidationRepository;
}

export function invalidationRoutes(
  app: ControlApp,
  { invalidations, signals, requires }: InvalidationRouteParts,
): void {
  app.post(
    '/v1/distributions/:id/invalidations',
    {
      onRequest: requires('invalidations:write'),
      schema: {
        operationId: 'createInvalidation',
        summary: 'Invalidate paths and tags',
        description:
          'Edges forget what fits, within a second where they are connected. The same `callerReference` with the same paths finds the first one again.',
        tags,
        params: DistributionId,
        body: NewInvalidationSchema,
        response: { 201: InvalidationSchema, ...PROBLEMS },
      },
    },
    async ({ params, body }, reply) => {
      const wanted = { soft: false, ...body, id: newId('inv'), distributionId: params.id };
      const made = await invalidations.add(wanted);
      if (!made) throw new Fault('NOT_FOUND', { says: 'There is no distribution with this id.' });
      if (!isSame(made, wanted)) throw new Fault('CALLER_REFERENCE_REUSED');
      signals.notify(EDGE_CONFIG);
      reply.code(201).header('location', `/v1/distributions/${params.id}/invalidations/${made.id}`);
      return viewInvalidation(made);
    },
  );

  app.get(
    '/v1/distributions/:id/invalidations',
    {
      onRequest: requires('invalidations:read'),
      schema: {
        operationId: 'listInvalidations',
        summary: 'List invalidations',
        description: 'Newest first.',
        tags,
        params: DistributionId,
        querystring: Page,
        response: {
          200: Type.Object({
            items: Type.Array(InvalidationSchema),
            nextCursor: Type.Union([Type.String(), Type.Null()]),
          }),
          ...PROBLEMS,
        },
      },
    },
    async ({ params, query }) => {
      const limit = query.limit ?? 50;
      const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
      const found = await invalidations.list(params.id, limit + 1, after);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        items: items.map(viewInvalidation),
        nextCursor: found.length > limit && last ? writeCursor(last) : null,
      };
    },
  );

  app.get(
    '/v1/distributions/:id/invalidations/:invalidationId',
    {
      onRequest: requires('invalidations:read'),
      schema: {
        operationId: 'getInvalidation',
        summary: 'Show an invalidation',
        description: 'Completed once every edge has it.',
        tags,
        params: InvalidationId,
        response: { 200: InvalidationSchema, ...PROBLEMS },
      },
    },
    async ({ params }) => {
      const found = await invalidations.find(params.id, params.invalidationId);
      if (!found) throw new Fault('NOT_FOUND', { says: 'This distribution has no invalidation with this id.' });
      return viewInvalidation(found);
    },
  );
}

type Batch = Pick<Invalidation, 'paths' | 'soft'>;

/** Paths are a set: who repeats a batch may have it in another order. */
function isSame(one: Batch, other: Batch): boolean {
  const [some, others] = [new Set(one.paths), new Set(other.paths)];
  return one.soft === other.soft && some.size === others.size && other.paths.every((path) => some.has(path));
}

function viewInvalidation(invalidation: Invalidation) {
  const { id, distributionId, paths, soft, callerReference, createdAtMs, completedAtMs } = invalidation;
  return {
    id,
    distributionId,
    status: completedAtMs === undefined ? ('InProgress' as const) : ('Completed' as const),
    paths: [...paths],
    soft,
    ...(callerReference === undefined ? {} : { callerReference }),
    createdAt: new Date(createdAtMs).toISOString(),
    ...(completedAtMs === undefined ? {} : { completedAt: new Date(completedAtMs).toISOString() }),
  };
}
