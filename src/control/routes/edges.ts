import { Type } from '@fastify/type-provider-typebox';
import type { EdgeRepository } from '../../database/edges.ts';
import { readEdgeReport } from '../../kernel/edge-feed/report.ts';
import { Fault } from '../../kernel/errors.ts';
import { EDGE_CONFIG } from '../../queue/signals.ts';
import type { edgesOnly } from '../edge-feed/edges-only.ts';
import type { EdgeDirectory } from '../edges/directory.ts';
import { checkLocation } from '../edges/location.ts';
import { EdgeChange, EdgeId, EdgeList, EdgeSchema } from '../edges/schemas.ts';
import { locationOf, type Standing } from '../edges/standing.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';

const tags = ['edges'];

export interface EdgeRouteParts extends Pick<RouteParts, 'requires' | 'signals'> {
  readonly edges: EdgeRepository;
  readonly directory: EdgeDirectory;
  readonly edgesOnly: ReturnType<typeof edgesOnly>;
}

export function edgesRoutes(app: ControlApp, parts: EdgeRouteParts): void {
  readRoutes(app, parts);
  changeRoutes(app, parts);

  app.post(
    '/v1/edge/report',
    {
      onRequest: parts.edgesOnly,
      bodyLimit: 64 * 1024,
      config: { rateLimit: false, audit: false, idempotent: false },
      schema: { hide: true, body: Type.Unknown(), response: { 204: Type.Null(), ...PROBLEMS } },
    },
    async ({ body, edgeId, ip }, reply) => {
      const report = readEdgeReport(body);
      if (!report) throw new Fault('INVALID_REQUEST');
      await parts.directory.take(edgeId, report, ip);
      return reply.code(204).send(null);
    },
  );
}

function readRoutes(app: ControlApp, { edges, directory, requires }: EdgeRouteParts): void {
  const read = requires('edges:read');

  app.get(
    '/v1/edges',
    {
      onRequest: read,
      schema: {
        operationId: 'listEdges',
        summary: 'List the edges',
        description: 'How each is, and how far it is with the changes that were made here.',
        tags,
        response: { 200: EdgeList, ...PROBLEMS },
      },
    },
    async () => {
      const [{ revision }, items] = await Promise.all([edges.mark(), directory.list()]);
      return { revision, items: items.map(viewEdge) };
    },
  );

  app.get(
    '/v1/edges/:edgeId',
    {
      onRequest: read,
      schema: {
        operationId: 'getEdge',
        summary: 'Read an edge',
        description: 'How it is, as it said some seconds ago.',
        tags,
        params: EdgeId,
        response: { 200: EdgeSchema, ...PROBLEMS },
      },
    },
    async ({ params }) => viewEdge(await findEdge(directory, params.edgeId)),
  );
}

function changeRoutes(app: ControlApp, { edges, directory, requires, signals }: EdgeRouteParts): void {
  const write = requires('edges:write');

  app.patch(
    '/v1/edges/:edgeId',
    {
      onRequest: write,
      schema: {
        operationId: 'editEdge',
        summary: 'Rename, place or drain an edge',
        description: 'A drained edge gets no new viewers; players of those it has go on at another.',
        tags,
        params: EdgeId,
        body: EdgeChange,
        response: { 200: EdgeSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { edgeId } = request.params;
      const { name, location, draining } = request.body;
      checkLocation(location);
      request.audit.about({ before: viewEdge(await findEdge(directory, edgeId)) });
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(location === undefined ? {} : { location }),
        ...(draining === undefined ? {} : { draining }),
      };
      if (!(await edges.edit(edgeId, change))) throw unknown();
      signals.notify(EDGE_CONFIG);
      return viewEdge(await findEdge(directory, edgeId));
    },
  );

  app.delete(
    '/v1/edges/:edgeId',
    {
      onRequest: write,
      schema: {
        operationId: 'revokeEdge',
        summary: 'Revoke an edge',
        description:
          'Control and origin refuse it within two seconds, for good; it has to enrol anew. It goes on serving what it has.',
        tags,
        params: EdgeId,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { edgeId } = request.params;
      request.audit.about({ before: viewEdge(await findEdge(directory, edgeId)) });
      if (!(await edges.revoke(edgeId))) throw unknown();
      signals.notify(EDGE_CONFIG);
      return reply.code(204).send(null);
    },
  );
}

async function findEdge(directory: EdgeDirectory, edgeId: string): Promise<Standing> {
  const found = (await directory.list()).find(({ edge }) => edge.id === edgeId);
  if (!found) throw unknown();
  return found;
}

function unknown(): Fault {
  return new Fault('NOT_FOUND', { says: 'There is no edge with this id.' });
}

function viewEdge(standing: Standing) {
  const { edge, state, last } = standing;
  const { id: edgeId, name, draining, enrolled, createdAtMs } = edge;
  const location = locationOf(standing);
  return {
    edgeId,
    name,
    ...(location ? { location } : {}),
    state,
    draining,
    enrolled,
    enrolledAt: new Date(createdAtMs).toISOString(),
    ...(last ? viewLast(last) : {}),
  };
}

function viewLast({ atMs, configuration, origins, location: _own, ...last }: NonNullable<Standing['last']>) {
  const { revision, refused } = configuration;
  return {
    ...last,
    origins: [...origins],
    lastContactAt: new Date(atMs).toISOString(),
    configuration: { revision, ...(refused ? { refused } : {}) },
  };
}
