import { hkdfSync } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Log } from '../../kernel/log.ts';
import { Certificates } from './certificates.ts';

/** Forward secrecy and authenticated encryption only; in the order of speed on processors that have AES. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');
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

/** TLS 1.2 and 1.3 with certificates by name; what is inside goes to HTTP/2 or HTTP/1.1, as the two sides agreed. */
export class TlsDoor {
  readonly #options: TlsDoorOptions;
  readonly #certificates: Certificates;
  #server: Server | undefined;
  #renewal: NodeJS.Timeout | undefined;

  constructor(options: TlsDoorOptions) {
    const { folder, log } = options;
    this.#options = options;
    const tls = () => this.#contextOptions();
    this.#certificates = new Certificates({ folder, log, tls, onChange: () => this.#replaceDefault() });
  }

  /** The listener, with its certificates read, not listening yet. @throws SettingsError */
  async open(): Promise<Server> {
    await this.#certificates.start();
    const { handshakeMs, serve, log } = this.#options;
    this.#server = createServer({
      ...this.#defaultContext(),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: handshakeMs,
      SNICallback: (host, answer) => answer(null, this.#certificates.contextFor(host)),
      noDelay: true,
    });
    this.#server.on('secureConnection', (socket) => {
      if (socket.alpnProtocol === 'h2') serve.http2(socket);
      else serve.http1(socket);
    });
    // A port scan and a viewer who does not trust the certificate look the same, and are no news.
    this.#server.on('tlsClientError', (cause: NodeJS.ErrnoException, socket: Socket) => {
      log.debug({ code: cause.code, ip: socket.remoteAddress }, 'no TLS came about');
      socket.destroy();
    });
    this.#renewal = setInterval(() => this.#renew(), TICKET_KEY_MS / 12).unref();
    return this.#server;
  }

  stop(): void {
    clearInterval(this.#renewal);
    this.#certificates.stop();
  }

  #contextOptions(): SecureContextOptions {
    return {
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      sessionIdContext: SESSION_CONTEXT,
      ticketKeys: ticketKeys(this.#options.ticketSecret, this.#keyNumber),
    };
  }

  #defaultContext(): SecureContextOptions {
    const { cert, key } = this.#certificates.default;
    return { ...this.#contextOptions(), cert, key };
  }

  #replaceDefault(): void {
    this.#server?.setSecureContext(this.#defaultContext());
  }

  #keyNumber = keyNumberNow();

  /** A key is replaced at the same moment in all processes; a viewer who returns right then shakes hands in full. */
  #renew(): void {
    if (this.#keyNumber === keyNumberNow()) return;
    this.#keyNumber = keyNumberNow();
    this.#certificates.renew();
    this.#replaceDefault();
  }
}

function keyNumberNow(): number {
  return Math.floor(Date.now() / TICKET_KEY_MS);
}

function ticketKeys(secret: Buffer, number: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `frontrow session tickets ${number}`, TICKET_KEY_BYTES));
}
