import type { FastifyRequest } from 'fastify';
import { verifyEdge } from '../../kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../kernel/access/edge-signature.ts';
import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/errors.ts';

export interface EdgesOnlyParts {
  readonly secrets: { readonly edgeSecret: string };
  readonly revokedEdges: { has(edgeId: string): Promise<boolean> };
  readonly clock: Clock;
}

/** A hook that lets only edges pass. @throws Fault EDGE_SIGNATURE_INVALID or EDGE_REVOKED */
export function edgesOnly({
  secrets,
  revokedEdges,
  clock,
}: EdgesOnlyParts): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const given = request.headers[EDGE_SIGNATURE_HEADER];
    const signature = typeof given === 'string' ? given : undefined;
    const { method = '', url = '' } = request.raw;
    const edgeId = verifyEdge(secrets.edgeSecret, method, url, signature, clock.now());
    if (edgeId === undefined) {
      throw new Fault('EDGE_SIGNATURE_INVALID', { says: 'This address answers edges only.' });
    }
    if (await revokedEdges.has(edgeId)) throw new Fault('EDGE_REVOKED');
    request.edgeId = edgeId;
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set where only edges pass. */
    edgeId: string;
  }
}
