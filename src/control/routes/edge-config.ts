import { createHash } from 'node:crypto';
import { Type } from '@fastify/type-provider-typebox';
import type { EdgeConfig } from '../../kernel/access/edge-config.ts';
import { EDGE_SIGNATURE_HEADER, verifyEdgeRequest } from '../../kernel/access/edge-signature.ts';
import { Fault } from '../../kernel/errors.ts';
import { EDGE_CONFIG } from '../../queue/signals.ts';
import type { ControlApp, RouteParts } from '../parts.ts';

/**
 * What edges follow. A request that names the version it has waits until there is another or its time is up; since a
 * signal may be lost between processes, the wait looks again every few seconds.
 */
const LOOK_AGAIN_MS = 2_000;

export function edgeConfigRoute(app: ControlApp, parts: RouteParts): void {
  app.get(
    '/v1/edge/config',
    {
      config: { rateLimit: false },
      schema: {
        hide: true,
        querystring: Type.Object({
          after: Type.Optional(Type.String({ maxLength: 100 })),
          wait: Type.Optional(Type.Number({ minimum: 0, maximum: 60 })),
        }),
      },
      onRequest: async (request) => {
        const given = request.headers[EDGE_SIGNATURE_HEADER];
        const signature = typeof given === 'string' ? given : undefined;
        const { method, url } = request.raw;
        const now = parts.clock.now();
        if (!verifyEdgeRequest(parts.secrets.edgeSecret, method ?? '', url ?? '', signature, now)) {
          throw new Fault('EDGE_SIGNATURE_INVALID', { says: 'This address answers edges only.' });
        }
      },
    },
    async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const { after, wait = 0 } = request.query;
      const config = await changedConfig(parts, after, wait * 1000, gone.signal);
      reply.header('etag', `"${config.version}"`).header('cache-control', 'no-store');
      return config.version === after ? reply.code(304).send() : config;
    },
  );
}

async function changedConfig(
  parts: RouteParts,
  after: string | undefined,
  waitMs: number,
  gone: AbortSignal,
): Promise<EdgeConfig> {
  // The wait is measured by the machine's steady clock: the wall clock may be set while an edge waits.
  const endMs = performance.now() + waitMs;
  for (;;) {
    // Listening starts before the look, so that a change in between is not missed.
    const stop = new AbortController();
    const leftMs = endMs - performance.now();
    const changed = parts.signals.next(
      EDGE_CONFIG,
      Math.max(0, Math.min(leftMs, LOOK_AGAIN_MS)),
      AbortSignal.any([gone, stop.signal]),
    );
    const config = await edgeConfig(parts);
    if (config.version !== after || leftMs <= 0) {
      stop.abort();
      return config;
    }
    await changed;
    // Also at a stop, which closes every socket: nothing may be asked of the database from then on.
    if (gone.aborted) throw new Fault('VIEWER_GONE');
  }
}

async function edgeConfig(parts: RouteParts): Promise<EdgeConfig> {
  const all = await parts.keys.list();
  const keys = all
    .filter((key) => key.revokedAtMs === undefined)
    .map(({ keyPairId, publicKeyPem }) => ({ keyPairId, publicKeyPem }));
  const content = { keys, credentialOrigins: consoleOrigins(parts.urls().control) };
  const version = createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
  return { version, ...content };
}

/** A console on the loopback address is opened under either of its names. */
function consoleOrigins(controlUrl: string): string[] {
  if (!URL.canParse(controlUrl)) return [];
  const url = new URL(controlUrl);
  const twin = { '127.0.0.1': 'localhost', localhost: '127.0.0.1' }[url.hostname];
  if (!twin) return [url.origin];
  const other = new URL(url);
  other.hostname = twin;
  return [url.origin, other.origin];
}
