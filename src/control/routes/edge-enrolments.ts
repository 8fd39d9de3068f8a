import type { EdgeRepository } from '../../database/edges.ts';
import { edgeCredentialOf } from '../../kernel/access/edge-identity.ts';
import { Fault } from '../../kernel/errors.ts';
import { checkLocation } from '../edges/location.ts';
import { EnrolAnswer, EnrolmentSchema, EnrolRequest, NewEnrolment } from '../edges/schemas.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';

const tags = ['edges'];
const DEFAULT_LIFE_SECONDS = 3_600;

export interface EnrolmentRouteParts extends Pick<RouteParts, 'requires' | 'secrets'> {
  readonly edges: EdgeRepository;
  /** Where an edge that asks from this address finds the origin; undefined when nobody knows. */
  readonly originFor: (ip: string) => string | undefined;
}

/** How an edge becomes one of the fleet: a token for the operator, who brings it to the edge, which exchanges it once. */
export function edgeEnrolmentRoutes(app: ControlApp, parts: EnrolmentRouteParts): void {
  const { edges, secrets, originFor, requires } = parts;

  app.post(
    '/v1/edge-enrolments',
    {
      onRequest: requires('edges:write'),
      config: { secretFields: ['token'], makesCredentials: true },
      schema: {
        operationId: 'createEdgeEnrolment',
        summary: 'Make a token that lets one edge in',
        description:
          'The edge exchanges it for an id and a key of its own: `frontrow edge --control URL --enrol TOKEN`. It is good once, and shown this once.',
        tags,
        body: NewEnrolment,
        response: { 201: EnrolmentSchema, ...PROBLEMS },
      },
    },
    async ({ body: { name, location, expiresInSeconds = DEFAULT_LIFE_SECONDS } }, reply) => {
      checkLocation(location);
      const { id, token, createdAtMs, expiresAtMs } = await edges.addEnrolment({
        name,
        location,
        lifeMs: expiresInSeconds * 1000,
      });
      const [createdAt, expiresAt] = [createdAtMs, expiresAtMs].map((ms) => new Date(ms).toISOString()) as [
        string,
        string,
      ];
      return reply.code(201).send({ enrolmentId: id, token, createdAt, expiresAt });
    },
  );

  app.post(
    '/v1/edge/enrol',
    {
      config: { secretFields: ['key'], makesCredentials: true },
      schema: { hide: true, body: EnrolRequest, response: { 201: EnrolAnswer, ...PROBLEMS } },
    },
    async (request, reply) => {
      const { token, name } = request.body;
      const edge = await edges.enrol(token, name);
      if (!edge) throw new Fault('ENROLMENT_INVALID');
      request.audit.about({ kind: 'edges', id: edge.id, actor: { kind: 'edge', id: edge.id, name: edge.name } });
      const { edgeId, key } = edgeCredentialOf(secrets.edgeSecret, edge.id);
      const originUrl = originFor(request.ip);
      return reply.code(201).send({ edgeId, key, ...(originUrl ? { originUrl } : {}) });
    },
  );
}
