import { hkdfSync } from 'node:crypto';
import type { Server, TLSSocket } from 'node:tls';
import { TlsListener } from '../../config/tls-listener.ts';
import type { Log } from '../../kernel/log.ts';

/** For how long a key seals session tickets: one that is stolen opens no more than this. */
const TICKET_KEY_MS = 12 * 3_600_000;
const TICKET_KEY_BYTES = 48;
/** Shared by all processes of one edge, which must take up each other's sessions. */
const SESSION_CONTEXT = 'frontrow';

export interface TlsDoorOptions {
  readonly folder: string;
  /** Session tickets are sealed under it: the same in all processes that serve one port. */
  readonly ticketSecret: Buffer;
  /** A handshake takes no longer. */
  readonly handshakeMs: number;
  readonly log: Log;
  readonly serve: { readonly http1: (socket: TLSSocket) => void; readonly http2: (socket: TLSSocket) => void };
}

/** Where TLS ends; what is inside goes to HTTP/2 or HTTP/1.1, as the two sides agreed. */
export class TlsDoor {
  readonly #listener: TlsListener;
  #renewal: NodeJS.Timeout | undefined;
  #keyNumber = keyNumberNow();

  constructor({ folder, ticketSecret, handshakeMs, log, serve }: TlsDoorOptions) {
    this.#listener = new TlsListener({
      ...{ folder, handshakeMs, log },
      protocols: ['h2', 'http/1.1'],
      context: () => ({ sessionIdContext: SESSION_CONTEXT, ticketKeys: ticketKeys(ticketSecret, this.#keyNumber) }),
      take: (socket) => (socket.alpnProtocol === 'h2' ? serve.http2(socket) : serve.http1(socket)),
    });
  }

  /** The listener, with its certificates read, not listening yet. @throws SettingsError */
  async open(): Promise<Server> {
    const server = await this.#listener.open();
    this.#renewal = setInterval(() => this.#renew(), TICKET_KEY_MS / 12).unref();
    return server;
  }

  stop(): void {
    clearInterval(this.#renewal);
    this.#listener.stop();
  }

  /** A key is replaced at the same moment in all processes; a viewer who returns right then shakes hands in full. */
  #renew(): void {
    if (this.#keyNumber === keyNumberNow()) return;
    this.#keyNumber = keyNumberNow();
    this.#listener.renew();
  }
}

function keyNumberNow(): number {
  return Math.floor(Date.now() / TICKET_KEY_MS);
}

function ticketKeys(secret: Buffer, number: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `frontrow session tickets ${number}`, TICKET_KEY_BYTES));
}
