import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { TlsListener } from '../../../config/tls-listener.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Ticket } from '../turnstile.ts';

export interface TlsEntryOptions {
  /** Where the certificates are. */
  readonly folder: string;
  readonly handshakeMs: number;
  readonly log: Log;
}

/** Encoders connect once an evening: tickets would be keys that are kept for nothing, and nobody has to shake hands twice. */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

interface Handshake {
  readonly socket: Socket;
  readonly done: (secured: TLSSocket) => void;
}

/** TLS between a listener that counts connections and what is spoken over them. */
export class TlsEntry {
  readonly #listener: TlsListener;
  /** By their other end, since TLS hands on another object for the same connection. */
  readonly #underWay = new Map<string, Handshake>();
  #server: Server | undefined;

  constructor({ folder, handshakeMs, log }: TlsEntryOptions) {
    this.#listener = new TlsListener({
      ...{ folder, handshakeMs, log },
      context: () => ({ secureOptions: SECURE_OPTIONS }),
      take: (secured) => this.#finish(secured),
    });
  }

  /** Reads the certificates. @throws SettingsError */
  async open(): Promise<void> {
    this.#server = await this.#listener.open();
  }

  /** Calls back when hands are shaken; a connection with which none are is closed, and its ticket given back. */
  secure(socket: Socket, ticket: Ticket, done: (secured: TLSSocket) => void): void {
    const end = endOf(socket);
    this.#underWay.set(end, { socket, done });
    socket.once('close', () => {
      if (this.#underWay.delete(end)) ticket.leave();
    });
    this.#server?.emit('connection', socket);
  }

  /** Ends the handshakes that are under way. */
  stop(): void {
    this.#listener.stop();
    for (const { socket } of this.#underWay.values()) socket.destroy();
  }

  #finish(secured: TLSSocket): void {
    const end = endOf(secured);
    const handshake = this.#underWay.get(end);
    this.#underWay.delete(end);
    if (handshake) handshake.done(secured);
    else secured.destroy(); // gone in the same moment
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
