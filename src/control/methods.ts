import type { FastifyInstance } from 'fastify';
import { Fault } from '../kernel/errors.ts';

/**
 * What no route answers: 405 with `Allow` where another method would have been answered, 404 elsewhere. Register before
 * the routes, since it learns them as they come.
 */
export function refuseOtherMethods(app: FastifyInstance): void {
  const known: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  app.addHook('onRoute', ({ url, method }) => {
    // A wildcard answers whole trees (static files, preflights): it says nothing about one address.
    if (!url.includes('*')) known.push({ pattern: patternOf(url), methods: [method].flat() });
  });

  app.setNotFoundHandler(async (request, reply) => {
    const [path = ''] = request.url.split('?');
    const allowed = new Set(known.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
    if (allowed.size === 0) throw new Fault('NOT_FOUND');
    reply.header('allow', [...allowed].join(', '));
    throw new Fault('METHOD_NOT_ALLOWED');
  });
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}
