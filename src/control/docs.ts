import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { completeDocument, documentRoute } from './api-document.ts';

/** The OpenAPI document, made from the routes' own schemas, and its page at `/docs`. Register before the routes. */
export async function documentApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Frontrow API',
        version,
        description:
          'Upload films, say who may watch them, configure what edges serve, and sign grants. Errors are RFC 9457 problem documents. What happens to films is told as it happens by a WebSocket, `/v1/events` (subprotocols `frontrow` and `bearer.TOKEN`), which is not in this document.',
      },
      tags: [
        { name: 'assets', description: 'Films and their state' },
        { name: 'subtitles', description: 'What can be read below a film' },
        { name: 'uploads', description: 'Getting a film in: tus 1.0, a plain body, or a pull from a URL' },
        { name: 'live', description: 'Live streams: who publishes, what is said, and what became of it' },
        { name: 'distributions', description: 'What edges serve from where, and by which rules' },
        { name: 'policies', description: 'What is cached for how long, and what origins and viewers are told' },
        { name: 'invalidations', description: 'What edges are to forget' },
        { name: 'access', description: 'Signing keys and playback grants' },
        { name: 'edges', description: 'The edges of the fleet: how they join, and how they are' },
        { name: 'webhooks', description: 'Endpoints that are told what happens to films and live streams' },
        { name: 'tokens', description: 'API tokens and console sessions' },
        { name: 'users', description: 'Who may use this server, and the log of what they changed' },
        { name: 'operations', description: 'Health and metrics' },
      ],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: documentRoute(schema, route), url }),
    transformObject: (given) => ('openapiObject' in given ? completeDocument({ ...given.openapiObject }) : {}),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // A server on a plain http address in the local network has no https to be upgraded to.
    transformStaticCSP: (policy) => policy.replace('upgrade-insecure-requests;', ''),
    uiConfig: { persistAuthorization: false },
  });
}
