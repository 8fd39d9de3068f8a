import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between edges and control or an origin, and cuts, holds up or lets through what goes by. */
export class FeedProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: URL;
  #open = true;
  #silent = false;
  url = '';
  /** Targets of the requests that came by, in order. */
  readonly asked: string[] = [];

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((near) => this.#join(near));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Breaks everything off, and lets nobody through until `mend`. */
  cut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing goes by in either direction, and nobody is told, until `mend`: a network that is gone. */
  silence(): void {
    this.#silent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(target?: string): void {
    this.#silent = false;
    for (const socket of this.#sockets) socket.resume();
    if (target !== undefined) this.#target = new URL(target);
    this.#open = true;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    if (!this.#open) {
      near.destroy();
      return;
    }
    near.on('data', (bytes: Buffer) => {
      for (const [, target = ''] of bytes.toString('latin1').matchAll(/^[A-Z]+ (\S+) HTTP\/1\.1\r$/gm))
        this.asked.push(target);
    });
    const far = connect(Number(this.#target.port), this.#target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      if (this.#silent) one.pause();
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
