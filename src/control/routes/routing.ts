import { Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kernel/errors.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';

const RouteSchema = Type.Object(
  {
    url: Type.String({ description: 'The path at the edge to use.' }),
    edges: Type.Array(
      Type.Object({
        edgeId: Type.String(),
        url: Type.String({ description: 'The path at this edge.' }),
        country: Type.Optional(Type.String({ description: 'ISO 3166-1 alpha-2.' })),
        distanceKm: Type.Optional(Type.Integer({ description: 'From the caller, as far as both places are known.' })),
      }),
      { description: 'All edges that answer, in the order in which to use them.' },
    ),
  },
  { title: 'Route' },
);

/** A path and perhaps a query, which no host can hide in. */
const Target = Type.String({
  pattern: '^/(?![/\\\\])[^\\s\\\\#]*$',
  maxLength: 8_000,
  default: '/',
  description: 'Path and query at the edge, such as /assets/as_k3v9mn2p4q7r8s5t/master.m3u8.',
});

/** What stands in a request line; it may name a host. */
const LED_ON = /^(?:https?:\/\/[^/]*)?\/r(\/.*)$/i;

/** So many edges are enough to go on with. */
const MAX_EDGES = 8;

const config = { leadsViewers: true } as const;

/** For viewers, who bring no token: which edge is near, and the way there. */
export function routingRoutes(app: ControlApp, { nearest }: RouteParts): void {
  app.get(
    '/v1/route',
    {
      config,
      schema: {
        operationId: 'route',
        summary: 'Find the nearest edge',
        description: 'By the address that asks. Needs no token.',
        tags: ['edges'],
        security: [],
        querystring: Type.Object({ path: Type.Optional(Target) }),
        response: { 200: RouteSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const path = request.query.path ?? '/';
      const ranked = await nearest.rank(request.ip);
      const [first] = ranked;
      if (!first) throw noEdge();
      const usable = ranked.filter(({ edge }) => edge.healthy && !edge.draining);
      const edges = (usable.length > 0 ? usable : [first]).slice(0, MAX_EDGES).map(({ edge, distanceKm }) => ({
        edgeId: edge.id,
        url: edge.url + path,
        ...(edge.location?.country === undefined ? {} : { country: edge.location.country }),
        ...(distanceKm === undefined ? {} : { distanceKm: Math.round(distanceKm) }),
      }));
      return reply.header('cache-control', 'private, no-store').send({ url: first.edge.url + path, edges });
    },
  );

  // The target as it came, byte for byte: a signature stands in it.
  app.get('/r/*', { config, schema: { hide: true } }, async (request, reply) => {
    const [, target] = LED_ON.exec(request.raw.url ?? '') ?? [];
    // With its letter escaped: what is cut off must end where the path of the edge begins.
    if (target === undefined) throw new Fault('NOT_FOUND');
    const url = await nearest.urlFor(request.ip);
    if (url === '') throw noEdge();
    return reply
      .header('cache-control', 'private, no-store')
      .header('access-control-allow-origin', '*')
      .redirect(url + target, 307);
  });
}

function noEdge(): Fault {
  return new Fault('UNAVAILABLE', { says: 'There is no edge to send you to.' });
}
