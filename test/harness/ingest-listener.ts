import websocket from '@fastify/websocket';
import { type FastifyInstance, fastify } from 'fastify';
import { Fault } from '../../src/kernel/errors.ts';
import { LARGEST_CHUNK_BYTES } from '../../src/kernel/live/browser-ingest.ts';

/** A listener such as control's for the doors that browsers use; resolves with it and its port. */
export async function openListener(mount: (app: FastifyInstance) => void): Promise<[FastifyInstance, number]> {
  const app = fastify({ forceCloseConnections: true });
  await app.register(websocket, { options: { maxPayload: LARGEST_CHUNK_BYTES } });
  app.setErrorHandler((cause: Error & { statusCode?: number }, _request, reply) => {
    const fault = cause instanceof Fault ? cause : undefined;
    return reply.code(fault?.status ?? cause.statusCode ?? 500).send({ code: fault?.code });
  });
  mount(app as unknown as FastifyInstance);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  return [app as unknown as FastifyInstance, typeof address === 'object' && address ? address.port : 0];
}
