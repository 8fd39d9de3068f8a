import { STATUS_CODES } from 'node:http';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { Fault } from '../kernel/errors.ts';
import { listenerFault } from '../kernel/listener-fault.ts';
import { LARGEST_CHUNK_BYTES } from '../kernel/live/browser-ingest.ts';
import type { Log } from '../kernel/log.ts';
import { PROBLEM_TYPE, problemOf } from '../kernel/problem.ts';

/** For a whole head, and for a whole request: an offer is a few thousand bytes. */
const HEAD_MS = 10_000;
const REQUEST_MS = 30_000;
/** As control has it: what is being restarted is back within a few seconds. */
const RETRY_AFTER_SECONDS = 2;

/** A listener of nothing but the doors that browsers come in by, for a node without control, on whose listener they are else. */
export async function buildBrowserListener(
  live: { mountDoors(app: FastifyInstance): void },
  log: Log,
): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: HEAD_MS },
  });
  await app.register(websocket, { options: { maxPayload: LARGEST_CHUNK_BYTES, handleProtocols: () => 'frontrow' } });
  app.get('/health/live', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  app.setNotFoundHandler(() => {
    throw new Fault('NOT_FOUND');
  });
  app.setErrorHandler((thrown: FastifyError, _request, reply) => {
    const fault = listenerFault(thrown);
    if (fault.side === 'ours') log.error({ code: fault.code, err: fault.cause ?? fault }, 'a door failed');
    if (fault.status === 401) reply.header('www-authenticate', 'Bearer realm="frontrow"');
    const { retryAfterSeconds = fault.status === 503 ? RETRY_AFTER_SECONDS : undefined } = fault;
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
    return reply.code(fault.status).type(PROBLEM_TYPE).send(problemOf(fault, STATUS_CODES[fault.status]));
  });
  live.mountDoors(app);
  return app;
}
