import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { normalAddress } from '../../../kernel/address.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Desk } from '../../seams.ts';
import { type Ticket, Turnstile, type TurnstileLimits } from '../turnstile.ts';
import { RtmpConnection } from './connection.ts';
import { TlsEntry } from './tls-entry.ts';

export interface RtmpDoorOptions {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  readonly desk: Desk;
  readonly log: Log;
  /** Folder of certificates; with one, nobody is let in without TLS. */
  readonly certificates?: string;
  readonly limits?: TurnstileLimits;
  /** For the TLS handshake, where there is one, and again from there to `publish`. */
  readonly introductionMs?: number;
  readonly idleMs?: number;
}

const LIMITS: TurnstileLimits = { everybody: 1_000, waiting: 256, waitingPerAddress: 32 };
const INTRODUCTION_MS = 10_000;
const IDLE_MS = 15_000;

/**
 * Where OBS, ffmpeg and their like publish: `rtmp://host:1935/live`, or with certificates `rtmps://host:1936/live`, with the
 * stream key as the stream's name.
 */
export class RtmpDoor {
  readonly #options: RtmpDoorOptions;
  readonly #turnstile: Turnstile;
  readonly #connections = new Set<RtmpConnection>();
  readonly #server: Server;
  readonly #tls: TlsEntry | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: RtmpDoorOptions) {
    this.#options = options;
    this.#turnstile = new Turnstile(options.limits ?? LIMITS);
    this.#server = createServer((socket) => this.#take(socket));
    const { certificates: folder, introductionMs: handshakeMs = INTRODUCTION_MS, log } = options;
    if (folder !== undefined) this.#tls = new TlsEntry({ folder, handshakeMs, log });
  }

  /** Resolves with the port. @throws SettingsError for certificates that cannot be used */
  async start(): Promise<number> {
    await this.#tls?.open();
    this.#server.listen(this.#options.port, this.#options.host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#tls?.stop();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.close('UNAVAILABLE');
    await closed;
  }

  #take(socket: Socket): void {
    const address = normalAddress(socket.remoteAddress ?? '') ?? '';
    const ticket = this.#turnstile.enter(address);
    if (!ticket) {
      socket.destroy();
      return;
    }
    // A place is taken before the handshake: that is what a flood would be of.
    if (this.#tls) this.#tls.secure(socket, ticket, (secured) => this.#begin(secured, address, ticket));
    else this.#begin(socket, address, ticket);
  }

  #begin(socket: Socket, address: string, ticket: Ticket): void {
    const { desk, log, introductionMs = INTRODUCTION_MS, idleMs = IDLE_MS } = this.#options;
    const connection = new RtmpConnection({ desk, log, introductionMs, idleMs }, socket, address, ticket);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}
