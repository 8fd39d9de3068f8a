import { Type } from '@fastify/type-provider-typebox';
import { EDGE_SIGNATURE_HEADER, verifyEdgeRequest } from '../../kernel/access/edge-signature.ts';
import { readPosition } from '../../kernel/edge-feed/message.ts';
import { Fault } from '../../kernel/errors.ts';
import type { Board } from '../edge-feed/board.ts';
import { streamFeed } from '../edge-feed/stream.ts';
import type { ControlApp, RouteParts } from '../parts.ts';

const Text = Type.Optional(Type.String({ maxLength: 2_000 }));

/** So often an edge hears something; after three times that it takes the connection for dead. */
const BEAT_MS = 3_000;

/** `GET /v1/edge/feed`: what edges follow. An answer that does not end. */
export function edgeFeedRoute(app: ControlApp, parts: RouteParts, board: Board, beatMs = BEAT_MS): void {
  const ending = new AbortController();
  app.addHook('preClose', async () => ending.abort());

  app.get(
    '/v1/edge/feed',
    {
      config: { rateLimit: false },
      schema: {
        hide: true,
        querystring: Type.Object({ lineage: Text, states: Text, logs: Text, refused: Text }),
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
      const position = readPosition(request.query);
      // Before the head goes out: a database that is away is told by a status.
      await board.noticeFor(position, parts.clock.now(), beatMs);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'application/x-ndjson',
        'cache-control': 'no-store, no-transform',
        // What proxies of nginx's family ask before they hold an answer back.
        'x-accel-buffering': 'no',
      });
      raw.flushHeaders();
      const { clock } = parts;
      const admits = async () => true;
      await streamFeed(raw, board, position, { clock, beatMs, ending: ending.signal, admits }).catch((cause) => {
        parts.log.warn({ err: cause }, 'an edge could not be told what is new');
      });
    },
  );
}
