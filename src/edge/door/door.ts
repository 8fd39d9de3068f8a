import { randomBytes } from 'node:crypto';
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Log } from '../../kernel/log.ts';
import { healthPathOf } from '../health-path.ts';
import { REMOTE_PREFIX } from '../operator/remote.ts';
import type { EdgeMode } from '../parts.ts';
import { Connections } from './connections.ts';
import { Http1, type Http1Settings } from './http1.ts';
import { Http2, type Http2Settings } from './http2.ts';
import { OwnPaths } from './own-paths.ts';
import { TlsDoor } from './tls.ts';
import { Viewers, type ViewersOptions } from './viewers.ts';

export interface DoorOptions extends ViewersOptions {
  readonly mode: EdgeMode;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly settings: DoorSettings;
  readonly trusts: (ip: string) => boolean;
  readonly log: Log;
  readonly sharesPorts: boolean;
  readonly fastLane: boolean;
  /** What an operator from elsewhere is answered, where there may be one. */
  readonly operator: ((app: FastifyInstance) => Promise<void>) | undefined;
  readonly ticketSecret?: Buffer;
}

export interface DoorSettings extends Http1Settings, Http2Settings {
  readonly edgeConnectionsPerAddress: number;
  readonly edgeProxyProtocol: boolean;
  readonly edgeTlsCerts: string;
  readonly edgeTlsPort: number;
}

export interface DoorPorts {
  readonly port: number;
  /** Undefined without certificates. */
  readonly tlsPort: number | undefined;
}

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
  readonly #connections: Connections;

  constructor(options: DoorOptions) {
    this.#options = options;
    const { mode, settings, trusts, log, fastLane, operator } = options;
    this.#connections = new Connections({
      trusts,
      proxyProtocol: settings.edgeProxyProtocol,
      headerMs: settings.edgeHeaderMs,
      maxPerAddress: settings.edgeConnectionsPerAddress,
      log,
    });
    const peerOf = (socket: Socket) => this.#connections.peerOf(socket);
    const viewers = new Viewers(options);
    const health = healthPathOf(mode);
    const own = new OwnPaths(health, operator && `${REMOTE_PREFIX}/`);
    const parts: { http1?: Http1 } = {};
    this.#app = fastify({
      logger: false,
      forceCloseConnections: 'idle',
      // Refused by who reads viewers' connections: a second word would come between their answers.
      clientErrorHandler: () => {},
      serverFactory: (others) => {
        parts.http1 = new Http1({ viewers, settings, peerOf, own, others, fastLane });
        return parts.http1.server;
      },
    });
    this.#app.get(health, async () => ({ status: 'ok' }));
    if (operator) this.#app.register(operator, { prefix: REMOTE_PREFIX });
    if (!parts.http1) throw new Error('fastify made no server');
    this.#http1 = parts.http1;
    this.#http2 = new Http2({
      viewers,
      settings,
      own,
      answerOwn: async ({ method, url, headers }, payload) => {
        const { authorization, 'content-type': type } = headers;
        const asked = { ...(authorization ? { authorization } : {}), ...(type ? { 'content-type': type } : {}) };
        const answer = await this.#app.inject({ method: method as 'GET', url, headers: asked, payload });
        return { status: answer.statusCode, type: String(answer.headers['content-type']), body: answer.body };
      },
    });
    if (settings.edgeTlsCerts !== '') {
      this.#tls = new TlsDoor({
        folder: settings.edgeTlsCerts,
        ticketSecret: options.ticketSecret ?? randomBytes(32),
        handshakeMs: settings.edgeHeaderMs,
        log,
        serve: {
          http1: (socket) => this.#http1.serve(socket),
          http2: (socket) => this.#http2.serve(socket, peerOf(socket)),
        },
      });
    }
  }

  /** Connections that are open, and those of them that carry something else than HTTP. */
  get usage(): { connections: number; tunnels: number } {
    return { connections: this.#connections.count, tunnels: this.#http1.tunnelCount };
  }

  /** @throws SettingsError for certificates that cannot be used, or what listening throws */
  async start(): Promise<DoorPorts> {
    const { host, port, settings, sharesPorts: reusePort } = this.#options;
    this.#tlsServer = await this.#tls?.open();
    this.#connections.guard(this.#http1.server);
    if (this.#tlsServer) this.#connections.guard(this.#tlsServer);
    // Passed on to node as it is, though fastify's types do not know all of it.
    const plain = { host, port, reusePort };
    await this.#app.listen(plain);
    if (this.#tlsServer) await listen(this.#tlsServer, { host, port: settings.edgeTlsPort, reusePort });
    return { port: portOf(this.#http1.server), tlsPort: this.#tlsServer && portOf(this.#tlsServer) };
  }

  /** Finishes what runs, takes nothing new, and after the time given breaks off what is left. */
  async stop(limitMs: number): Promise<void> {
    const overdue = setTimeout(() => this.#connections.breakOff(), limitMs);
    this.#http1.close();
    this.#http2.close();
    this.#connections.closeSilent();
    const tlsServer = this.#tlsServer;
    await Promise.all([this.#app.close(), tlsServer?.listening && new Promise((done) => tlsServer.close(done))]);
    clearTimeout(overdue);
    this.#http1.stop();
    this.#tls?.stop();
  }
}

async function listen(server: Server, options: ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, resolve);
  await promise;
  server.off('error', reject);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
