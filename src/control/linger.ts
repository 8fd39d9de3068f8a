import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** How long a sender may go on sending after our answer, so that it reads the answer rather than a reset connection. */
const LINGER_MS = 5_000;

/**
 * Once a request is answered, what is left of its body is read off for a while, and a sender that does not stop is cut
 * off: a refused upload of many gigabytes must neither hide its refusal nor be read to its end.
 */
export function lingerAfterAnswers(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('finish', () => {
      if (!request.raw.complete) drain(request.raw);
    });
  });
}

function drain(request: IncomingMessage): void {
  request.unpipe();
  request.resume();
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(timer));
}
