import { Type } from '@fastify/type-provider-typebox';
import { readPosition } from '../../kernel/edge-feed/message.ts';
import type { Board } from '../edge-feed/board.ts';
import type { edgesOnly } from '../edge-feed/edges-only.ts';
import { streamFeed } from '../edge-feed/stream.ts';
import type { ControlApp, RouteParts } from '../parts.ts';

const Text = Type.Optional(Type.String({ maxLength: 2_000 }));

/** So often an edge hears something; after three times that it takes the connection for dead. */
const BEAT_MS = 3_000;

export interface EdgeFeedParts extends Pick<RouteParts, 'clock' | 'log'> {
  readonly edgesOnly: ReturnType<typeof edgesOnly>;
  readonly board: Board;
  readonly edges: { find(edgeId: string): Promise<{ readonly revokedAtMs?: number } | undefined> };
  readonly directory: { joined(edgeId: string): () => void };
  readonly beatMs?: number | undefined;
}

/** `GET /v1/edge/feed`: what edges follow. An answer that does not end, but with the edge's revocation. */
export function edgeFeedRoute(app: ControlApp, parts: EdgeFeedParts): void {
  const { board, edges, directory, clock, log, beatMs = BEAT_MS } = parts;
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
      onRequest: parts.edgesOnly,
    },
    async (request, reply) => {
      const position = readPosition(request.query);
      // Before the head goes out, since a database that is away is told by a status. And what another control has told
      // this edge must be known here too: it would go back to what was before.
      await board.refresh();
      await board.noticeFor(position, clock.now(), beatMs);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'application/x-ndjson',
        'cache-control': 'no-store, no-transform',
        // What proxies of nginx's family ask before they hold an answer back.
        'x-accel-buffering': 'no',
      });
      raw.flushHeaders();
      const admits = async () => (await edges.find(request.edgeId))?.revokedAtMs === undefined;
      const left = directory.joined(request.edgeId);
      await streamFeed(raw, board, position, { clock, beatMs, ending: ending.signal, admits }).catch((cause) => {
        log.warn({ err: cause, edgeId: request.edgeId }, 'an edge could not be told what is new');
      });
      left();
    },
  );
}
