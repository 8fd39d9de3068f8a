import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server, Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Log } from '../../kernel/log.ts';
import type { EdgeMode } from '../parts.ts';
import { Http1 } from './http1.ts';
import { Http2 } from './http2.ts';
import { TlsDoor } from './tls.ts';
import { Viewers, type ViewersOptions } from './viewers.ts';

export interface DoorOptions extends ViewersOptions {
  readonly mode: EdgeMode;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly settings: DoorSettings;
  readonly log: Log;
}

export interface DoorSettings {
  /** A viewer who takes no byte for so long is let go. */
  readonly viewerIdleMs: number;
  readonly edgeTlsCerts: string;
  readonly edgeTlsPort: number;
}

export interface DoorPorts {
  readonly port: number;
  /** Undefined without certificates. */
  readonly tlsPort: number | undefined;
}

const MAX_HEADER_BYTES = 32_768;
const HANDSHAKE_MS = 15_000;
const HEALTH = '/health';
/** In front of somebody else's origin every ordinary path is that origin's, `/health` too. */
const HEALTH_OF_PROXY = '/.well-known/frontrow/health';

/**
 * The edge's door: viewers go straight to the phases, by HTTP/1.1 or, where TLS ends here, by HTTP/2; everything else
 * goes to fastify, which owns the listener.
 */
export class Door {
  readonly #options: DoorOptions;
  readonly #app: FastifyInstance;
  readonly #http1: Http1;
  readonly #http2: Http2;
  readonly #tls: TlsDoor | undefined;
  #tlsServer: Server | undefined;
  readonly #sockets = new Set<Socket>();

  constructor(options: DoorOptions) {
    this.#options = options;
    const { mode, settings, log } = options;
    const { viewerIdleMs, edgeTlsCerts } = settings;
    const viewers = new Viewers(options);
    const health = mode === 'film' ? HEALTH : HEALTH_OF_PROXY;
    const parts: { http1?: Http1 } = {};
    this.#app = fastify({
      logger: false,
      forceCloseConnections: 'idle',
      serverFactory: (others) => {
        parts.http1 = new Http1({ viewers, viewerIdleMs, health, others });
        return parts.http1.server;
      },
    });
    this.#app.get(health, async () => ({ status: 'ok' }));
    if (!parts.http1) throw new Error('fastify made no server');
    this.#http1 = parts.http1;
    this.#http2 = new Http2({
      viewers,
      viewerIdleMs,
      maxHeaderBytes: MAX_HEADER_BYTES,
      health,
      answerHealth: async (method) => {
        const { statusCode, headers, body } = await this.#app.inject({ method: method as 'GET', url: health });
        return { status: statusCode, type: String(headers['content-type']), body };
      },
    });
    if (edgeTlsCerts !== '') {
      this.#tls = new TlsDoor({
        folder: edgeTlsCerts,
        ticketSecret: randomBytes(32),
        handshakeMs: HANDSHAKE_MS,
        log,
        serve: {
          http1: (socket) => this.#http1.serve(socket),
          http2: (socket) => this.#http2.serve(socket, { ip: socket.remoteAddress ?? 'unknown', secure: true }),
        },
      });
    }
  }

  /** @throws SettingsError for certificates that cannot be used, or what listening throws */
  async start(): Promise<DoorPorts> {
    const { host, port, settings } = this.#options;
    this.#tlsServer = await this.#tls?.open();
    this.#track(this.#http1.server);
    if (this.#tlsServer) this.#track(this.#tlsServer);
    await this.#app.listen({ host, port });
    if (this.#tlsServer) await listen(this.#tlsServer, host, settings.edgeTlsPort);
    return { port: portOf(this.#http1.server), tlsPort: this.#tlsServer && portOf(this.#tlsServer) };
  }

  /** Finishes what runs, takes nothing new, and after the time given breaks off what is left. */
  async stop(limitMs: number): Promise<void> {
    const overdue = setTimeout(() => this.#breakOff(), limitMs);
    this.#http1.close();
    this.#http2.close();
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    const tlsServer = this.#tlsServer;
    await Promise.all([this.#app.close(), tlsServer?.listening && new Promise((done) => tlsServer.close(done))]);
    clearTimeout(overdue);
    this.#tls?.stop();
  }

  #track(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  #breakOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  await promise;
  server.off('error', reject);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
