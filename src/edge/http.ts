import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import { drive, type PhaseTable } from './drive.ts';
import { Exchange } from './exchange.ts';

/** The edge's door: viewers go straight to the phases, everything else to fastify, which owns the listener. */
export interface DoorOptions {
  readonly phases: PhaseTable;
  readonly clock: Clock;
  /** A viewer who takes no byte for so long is let go. */
  readonly viewerIdleMs: number;
  /** Prefix of exchange ids, so that those of two edges never meet. */
  readonly edgeId: string;
}

const MAX_HEADER_BYTES = 32_768;
/** Time for a request's head: nobody honest takes longer, and a slow-loris holds a connection no longer. */
const HEAD_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 75_000;
const HEALTH = '/health';

export function openDoor(options: DoorOptions): FastifyInstance {
  const { viewerIdleMs } = options;
  const app = fastify({
    logger: false,
    forceCloseConnections: 'idle',
    serverFactory: (others) => {
      const limits = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: 0 };
      const server = createServer({ ...limits, keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true });
      server.on('request', viewerDoor(options, others, server));
      server.on('upgrade', refuseUpgrade);
      // A body is not waited for here, so that an upload flows; the socket's own clock ends a silent one.
      closeIdleViewers(server, viewerIdleMs);
      return server;
    },
  });
  app.get(HEALTH, async () => ({ status: 'ok' }));
  return app;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function viewerDoor({ phases, clock, edgeId }: DoorOptions, others: Listener, server: Server): Listener {
  let count = 0;
  return (request, response) => {
    if (request.url === HEALTH) {
      others(request, response);
      return;
    }
    count += 1;
    const x = new Exchange(`${edgeId}-${count.toString(36)}`, request, response, clock.now());
    response.on('close', () => {
      if (!response.writableFinished) x.leave();
      // Closing ends idle connections once, at its beginning; this one has only now become idle.
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    drive(x, phases);
  };
}

/**
 * Node's socket clock is wound up again by every byte that moves. When it runs out on a connection that has bytes to
 * give, the viewer does not take them; when it has none, the viewer waits for us and shall go on waiting.
 */
function closeIdleViewers(server: Server, viewerIdleMs: number): void {
  server.setTimeout(viewerIdleMs, (socket: Socket) => {
    if (socket.writableLength > 0 || socket.bytesRead === 0) socket.destroy();
    else socket.setTimeout(viewerIdleMs);
  });
}

function refuseUpgrade(_request: IncomingMessage, socket: Pick<Socket, 'end'>): void {
  socket.end('HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}
