import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import { FAULTS } from '../../kernel/errors.ts';
import type { Peer } from '../viewer.ts';
import type { Viewers } from './viewers.ts';

const MAX_HEADER_BYTES = 32_768;
/** Time for a request's head: nobody honest takes longer, and a slow-loris holds a connection no longer. */
const HEAD_TIMEOUT_MS = 15_000;

export interface Http1Options {
  readonly viewers: Viewers;
  readonly viewerIdleMs: number;
  /** The one path that is not a viewer's. */
  readonly health: string;
  /** Who answers there. */
  readonly others: RequestListener;
}

/** HTTP/1.1, in the clear and inside TLS: what runs on each connection, and when one is let go. */
export class Http1 {
  readonly server: Server;
  readonly #options: Http1Options;
  readonly #serving = new Map<Socket, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  #closing = false;

  constructor(options: Http1Options) {
    this.#options = options;
    const { viewerIdleMs, health, others } = options;
    const limits = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: 0 };
    this.server = createServer({ ...limits, keepAliveTimeout: viewerIdleMs, noDelay: true });
    this.server.on('request', (request, response) => {
      if (request.url === health) others(request, response);
      else this.#receive(request, response);
    });
    this.server.on('upgrade', refuseUpgrade);
    this.server.setTimeout(viewerIdleMs, (socket: Socket) => this.#silent(socket));
  }

  /** Serves a connection that another listener accepted. */
  serve(socket: Socket): void {
    this.server.emit('connection', socket);
  }

  /** From now on each answer is the last of its connection. */
  close(): void {
    this.#closing = true;
    for (const { response } of this.#serving.values()) endAfter(response);
    this.server.closeIdleConnections();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#serving.set(socket, { request, response });
    if (this.#closing) endAfter(response);
    this.#options.viewers.receive(request, response, peerOf(socket), () => {
      if (this.#serving.get(socket)?.request === request) this.#serving.delete(socket);
      // Closing ends idle connections once, at its beginning; this one has only now become idle.
      if (this.#closing) setImmediate(() => this.server.closeIdleConnections());
    });
  }

  /**
   * Node's socket clock is wound up again by every byte that moves. When it runs out, a viewer who waits for us goes on
   * waiting; one who does not take what we give, or does not send what he promised, or has nothing to ask, is let go.
   */
  #silent(socket: Socket): void {
    const serving = this.#serving.get(socket);
    if (serving?.request.complete && socket.writableLength === 0) socket.setTimeout(this.#options.viewerIdleMs);
    else socket.destroy();
  }
}

/** An answer whose head is not out yet says that it is the last one. */
function endAfter(response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

const peers = new WeakMap<Socket, Peer>();

function peerOf(socket: Socket): Peer {
  const known = peers.get(socket);
  if (known) return known;
  const peer = { ip: socket.remoteAddress ?? 'unknown', secure: 'encrypted' in socket };
  peers.set(socket, peer);
  return peer;
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
