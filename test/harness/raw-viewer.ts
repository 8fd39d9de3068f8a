import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A viewer byte by byte, for what no HTTP client sends. */
export class RawViewer {
  readonly socket: Socket;
  /** Resolves when the connection is gone, however it went. */
  readonly closed: Promise<void>;
  received = '';

  constructor(url: string, options: { readonly localAddress?: string } = {}) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port), ...options });
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()));
  }

  async connected(): Promise<this> {
    await once(this.socket, 'connect');
    return this;
  }

  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** Resolves with all that has come when that matches, or when the connection ends. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received) && !this.socket.destroyed) {
      await Promise.race([this.closed, new Promise((resolve) => this.socket.once('data', resolve))]);
    }
    return this.received;
  }

  /** The whole answer of a connection that ends with it. */
  async toEnd(): Promise<string> {
    await this.closed;
    return this.received;
  }
}

/** Sends the bytes on a connection of their own and resolves with everything that comes back until it ends. */
export async function exchangeBytes(url: string, bytes: string): Promise<string> {
  return new RawViewer(url).send(bytes).toEnd();
}
