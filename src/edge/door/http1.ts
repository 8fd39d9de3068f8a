import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FAULTS, type FaultCode } from '../../kernel/errors.ts';
import type { Peer } from '../viewer.ts';
import { Lane } from './lane.ts';
import { type OwnPaths, originForm } from './own-paths.ts';
import type { Viewers } from './viewers.ts';

/** How often connections are looked at whose request takes too long. */
const CHECK_MS = 1_000;
/** Answered before all of it was here, a request may go on coming for so long; closing at once would cost the answer. */
const LINGER_MS = 5_000;

/** The slice of the settings that concerns HTTP/1.1. */
export interface Http1Settings {
  readonly viewerIdleMs: number;
  readonly edgeHeaderBytes: number;
  readonly edgeHeaderCount: number;
  readonly edgeHeaderMs: number;
  readonly edgeBodyBytes: number;
  readonly edgeBodyMs: number;
}

export interface Http1Options {
  readonly viewers: Viewers;
  readonly settings: Http1Settings;
  readonly peerOf: (socket: Socket) => Peer;
  /** The paths that are not viewers'. */
  readonly own: OwnPaths;
  /** Who answers there. */
  readonly others: RequestListener;
  /** Whether simple requests are answered past node's own server. */
  readonly fastLane: boolean;
}

/** HTTP/1.1, in the clear and inside TLS: what runs on each connection, and when one is let go. */
export class Http1 {
  readonly server: Server;
  readonly #options: Http1Options;
  readonly #serving = new Map<Socket, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  readonly #connect: (socket: Socket) => void;
  readonly #lane: Lane | undefined;
  readonly #tunnels = new Set<Socket>();
  /** Will be refused when what was asked before is answered. */
  readonly #ending = new WeakSet<Socket>();
  #closing = false;

  constructor(options: Http1Options) {
    this.#options = options;
    const { settings, own: ownPaths, others } = options;
    const { viewerIdleMs, edgeBodyBytes } = settings;
    const server = createServer(limitsOf(settings));
    this.server = server;
    const own = server.listeners('connection');
    this.#connect = (socket) => {
      for (const each of own) each.call(server, socket);
    };
    if (options.fastLane) this.#lane = this.#openLane();
    // Node forgets fields past this number without a word: one more than we take is enough to know.
    this.server.maxHeadersCount = settings.edgeHeaderCount + 1;
    const take = (request: IncomingMessage, response: ServerResponse) => {
      if (!ownPaths.has(request.url)) {
        this.#receive(request, response);
        return;
      }
      request.url = originForm(request.url ?? '');
      others(request, response);
    };
    this.server.on('request', take);
    this.server.on('checkContinue', (request, response) => {
      // Who asks first shall hear that it is too much before sending it.
      if (Number(request.headers['content-length'] ?? 0) <= edgeBodyBytes) response.writeContinue();
      take(request, response);
    });
    this.server.on('upgrade', (request, socket, head) => {
      this.#switch(request, socket as Socket, head);
    });
    this.server.on('connect', (_request, socket) => refuseHere(socket, 'METHOD_NOT_ALLOWED'));
    this.server.on('clientError', (cause: NodeJS.ErrnoException, socket) =>
      this.#refuseUnread(cause, socket as Socket),
    );
    this.server.setTimeout(viewerIdleMs, (socket: Socket) => this.#silent(socket));
  }

  /** Serves a connection that another listener accepted. */
  serve(socket: Socket): void {
    if (this.#lane) this.#lane.serve(socket);
    else this.#connect(socket);
  }

  /** Stands before what node does with a connection. */
  #openLane(): Lane {
    const { viewers, settings, peerOf, own } = this.#options;
    const lane = new Lane({
      viewers,
      settings,
      peerOf,
      own,
      handOver: this.#connect,
      refuseSilent: (socket) => refuseHere(socket, 'REQUEST_TIMEOUT'),
    });
    this.server.removeAllListeners('connection');
    this.server.on('connection', (socket: Socket) => lane.serve(socket));
    return lane;
  }

  /** From now on each answer is the last of its connection. */
  close(): void {
    this.#closing = true;
    this.#lane?.close();
    for (const { response } of this.#serving.values()) endAfter(response);
    // A tunnel has no end of its own to wait for.
    for (const socket of this.#tunnels) socket.destroySoon();
    this.server.closeIdleConnections();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#serving.set(socket, { request, response });
    if (this.#closing) endAfter(response);
    this.#options.viewers.receive(request, response, this.#options.peerOf(socket), () => {
      if (this.#serving.get(socket)?.request === request) this.#serving.delete(socket);
      if (!request.complete) linger(request, socket);
      // Closing ends idle connections once, at its beginning; this one has only now become idle.
      if (this.#closing) setImmediate(() => this.server.closeIdleConnections());
    });
  }

  /** When there are no connections left. */
  stop(): void {
    this.#lane?.stop();
  }

  get tunnelCount(): number {
    return this.#tunnels.size;
  }

  /** Node has let go of the connection: what is answered on it, refusals too, is written as a response all the same. */
  #switch(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { viewers, peerOf } = this.#options;
    socket.on('error', () => {});
    socket.setTimeout(0);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.destroySoon());
    const stopWatching = watchForEnd(socket);
    const accept = (fields: string[]) => {
      stopWatching();
      response.writeHead(101, fields);
      response.flushHeaders();
    };
    this.#tunnels.add(socket);
    const onClose = () => this.#tunnels.delete(socket);
    viewers.receive(request, response, peerOf(socket), onClose, { socket, head, accept, take: stopWatching });
  }

  /**
   * Node's socket clock is wound up again by every byte that moves. When it runs out, a viewer who waits for us goes on
   * waiting; one who does not take what we give, or does not send what he promised, or has nothing to ask, is let go.
   */
  #silent(socket: Socket): void {
    const serving = this.#serving.get(socket);
    const { viewerIdleMs } = this.#options.settings;
    // What has come of a body and was not taken yet waits for us, or the origin behind us.
    const owesNothing = serving && (serving.request.complete || serving.request.readableLength > 0);
    if (owesNothing && socket.writableLength === 0) socket.setTimeout(viewerIdleMs);
    else socket.destroy();
  }

  /**
   * What never became a request, or stopped being one in its body. Its sender is told why unless something else is being
   * said already: whole answers go out first, half of one is broken off.
   */
  #refuseUnread(cause: NodeJS.ErrnoException, socket: Socket): void {
    const code = faultOf(cause);
    const response = this.#serving.get(socket)?.response;
    if (code !== undefined && response?.writableEnded) this.#refuseAfter(response, socket, code);
    else if (response?.writableEnded) socket.destroySoon();
    else if (code === undefined || response?.headersSent) socket.destroy();
    else refuseHere(socket, code);
  }

  /** Answers before it may still wait for their turn. What comes meanwhile is no more readable. */
  #refuseAfter(response: ServerResponse, socket: Socket, code: FaultCode): void {
    if (this.#ending.has(socket)) return;
    this.#ending.add(socket);
    response.on('close', () => refuseHere(socket, code));
  }
}

/** An answer whose head is not out yet says that it is the last one. */
function endAfter(response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

function limitsOf(settings: Http1Settings): ServerOptions {
  return {
    maxHeaderSize: settings.edgeHeaderBytes,
    headersTimeout: settings.edgeHeaderMs,
    requestTimeout: settings.edgeBodyMs,
    connectionsCheckingInterval: CHECK_MS,
    keepAliveTimeout: settings.viewerIdleMs,
    noDelay: true,
    // A second Host would otherwise be dropped here, and read by who comes next.
    joinDuplicateHeaders: true,
    httpValidation: 'strict',
    // Everything else that a viewer would like to switch to may be left unanswered. RFC 9110 section 7.8.
    shouldUpgradeCallback: asksForWebSocket,
  };
}

/** Until somebody reads a connection its end goes unseen, so this looks, without taking what has come before it. */
function watchForEnd(socket: Socket): () => void {
  const look = () => {
    if (socket.readableLength === 0) socket.read();
  };
  const leave = () => socket.destroy();
  socket.on('readable', look).on('end', leave);
  return () => socket.off('readable', look).off('end', leave);
}

function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-key'] !== undefined
  );
}

function linger(request: IncomingMessage, socket: Socket): void {
  request.resume();
  setTimeout(() => {
    if (!request.complete) socket.destroy();
  }, LINGER_MS).unref();
}

/** Undefined for connections that simply broke. */
function faultOf({ code = '' }: NodeJS.ErrnoException): FaultCode | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TIMEOUT';
  return code.startsWith('HPE_') ? 'REQUEST_MALFORMED' : undefined;
}

/** An error reply where there is no exchange; the connection ends with it. */
function refuseHere(socket: Duplex, code: FaultCode): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, says } = FAULTS[code];
  const body = JSON.stringify({ type: `/docs/errors#${code}`, title: says, status, code });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  // What he still sends is not read: were it left to stand, the system would cut the connection and the answer with it.
  socket.resume();
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
