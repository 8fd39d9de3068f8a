import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Log } from '../kernel/log.ts';
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

export interface TlsListenerOptions {
  /** Where the certificates are. */
  readonly folder: string;
  /** A handshake takes no longer. */
  readonly handshakeMs: number;
  /** What is spoken inside, the preferred first. Left out: whatever it is, nobody asks. */
  readonly protocols?: string[];
  /** What contexts are made with, besides versions and ciphers. */
  readonly context: () => SecureContextOptions;
  /** Shaken hands with. */
  readonly take: (socket: TLSSocket) => void;
  readonly log: Log;
}

/** TLS 1.2 and 1.3 with the certificates of a folder, by name and read again when they are renewed. */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #certificates: Certificates;
  #server: Server | undefined;

  constructor(options: TlsListenerOptions) {
    const { folder, log } = options;
    this.#options = options;
    const tls = () => this.#contextOptions();
    this.#certificates = new Certificates({ folder, log, tls, onChange: () => this.#replaceDefault() });
  }

  /** The listener, with its certificates read, not listening yet. @throws SettingsError */
  async open(): Promise<Server> {
    await this.#certificates.start();
    const { handshakeMs, protocols, take, log } = this.#options;
    this.#server = createServer({
      ...this.#defaultContext(),
      ...(protocols ? { ALPNProtocols: protocols } : {}),
      handshakeTimeout: handshakeMs,
      SNICallback: (host, answer) => answer(null, this.#certificates.contextFor(host)),
      noDelay: true,
    });
    this.#server.on('secureConnection', take);
    // A port scan and somebody who does not trust the certificate look the same, and are no news.
    this.#server.on('tlsClientError', (cause: NodeJS.ErrnoException, socket: Socket) => {
      log.debug({ code: cause.code, ip: socket.remoteAddress }, 'no TLS came about');
      socket.destroy();
    });
    return this.#server;
  }

  /** Makes the contexts anew, from what has been read. */
  renew(): void {
    this.#certificates.renew();
    this.#replaceDefault();
  }

  /** Certificates are not watched any more; the server is closed by who listens with it. */
  stop(): void {
    this.#certificates.stop();
  }

  #contextOptions(): SecureContextOptions {
    return { minVersion: 'TLSv1.2', ciphers: CIPHERS, ...this.#options.context() };
  }

  #defaultContext(): SecureContextOptions {
    const { cert, key } = this.#certificates.default;
    return { ...this.#contextOptions(), cert, key };
  }

  #replaceDefault(): void {
    this.#server?.setSecureContext(this.#defaultContext());
  }
}
