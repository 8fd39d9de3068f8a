import { existsSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Frontrow</title>
<h1>Frontrow is running</h1>
<p>The console has not been built yet: run <code>npm start</code>, which builds it.
The API answers at <code>/v1</code> and explains itself at <a href="/docs">/docs</a>.</p></html>`;

/** The console and player: files built by Vite, whose hashed names below `assets/` never change their content. */
export async function serveConsole(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(folder)) {
    app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.type('text/html').send(NOT_BUILT));
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    index: 'index.html',
    cacheControl: false,
    setHeaders: (response, path) => {
      const isHashed = path.includes('/assets/');
      response.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
