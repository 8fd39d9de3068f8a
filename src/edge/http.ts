import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import { FAULTS } from '../kernel/errors.ts';
import { drive, type PhaseTable } from './drive.ts';
import { Exchange } from './exchange.ts';
import type { EdgeMode } from './parts.ts';

/** The edge's door: viewers go straight to the phases, everything else to fastify, which owns the listener. */
export interface DoorOptions {
  readonly mode: EdgeMode;
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
const HEALTH = '/health';
/** In front of somebody else's origin every ordinary path is that origin's, `/health` too. */
const HEALTH_OF_PROXY = '/.well-known/frontrow/health';

export function openDoor(options: DoorOptions): FastifyInstance {
  const { viewerIdleMs, mode } = options;
  const health = mode === 'film' ? HEALTH : HEALTH_OF_PROXY;
  const app = fastify({
    logger: false,
    forceCloseConnections: 'idle',
    serverFactory: (others) => {
      const limits = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: 0 };
      const server = createServer({ ...limits, keepAliveTimeout: viewerIdleMs, noDelay: true });
      const viewers = new Viewers(options, server);
      server.on('request', (request, response) => {
        if (request.url === health) others(request, response);
        else viewers.receive(request, response);
      });
      server.on('upgrade', refuseUpgrade);
      server.setTimeout(viewerIdleMs, (socket: Socket) => viewers.silent(socket));
      return server;
    },
  });
  app.get(health, async () => ({ status: 'ok' }));
  return app;
}

/** The viewers' connections: what runs on each, and when one is let go. */
class Viewers {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #serving = new Map<Socket, IncomingMessage>();
  #count = 0;

  constructor(options: DoorOptions, server: Server) {
    this.#options = options;
    this.#server = server;
  }

  receive(request: IncomingMessage, response: ServerResponse): void {
    const { phases, clock, edgeId } = this.#options;
    const { socket } = request;
    this.#count += 1;
    const x = new Exchange(`${edgeId}-${this.#count.toString(36)}`, request, response, clock.now());
    this.#serving.set(socket, request);
    response.on('close', () => {
      if (this.#serving.get(socket) === request) this.#serving.delete(socket);
      x.close();
      // Closing ends idle connections once, at its beginning; this one has only now become idle.
      if (!this.#server.listening) setImmediate(() => this.#server.closeIdleConnections());
    });
    drive(x, phases);
  }

  /**
   * Node's socket clock is wound up again by every byte that moves. When it runs out, a viewer who waits for us goes on
   * waiting; one who does not take what we give, or does not send what he promised, or has nothing to ask, is let go.
   */
  silent(socket: Socket): void {
    const request = this.#serving.get(socket);
    if (request?.complete && socket.writableLength === 0) socket.setTimeout(this.#options.viewerIdleMs);
    else socket.destroy();
  }
}

function refuseUpgrade(_request: IncomingMessage, socket: Pick<Socket, 'end'>): void {
  const { status, says } = FAULTS.UPGRADE_REFUSED;
  const body = JSON.stringify({ type: '/docs/errors#UPGRADE_REFUSED', title: says, status, code: 'UPGRADE_REFUSED' });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
