import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

interface Held {
  readonly far: Socket;
  readonly waiting: Buffer[];
}

/**
 * Stands between a node and PostgreSQL. A connection on which the node says what a test names is held up at that very
 * statement: it has not come to the database, and everything else has and goes on.
 */
export class StatementProxy {
  readonly #server: Server;
  readonly #socket: string;
  readonly #near = new Set<Socket>();
  readonly #held = new Map<Socket, Held>();
  #words: readonly string[] = [];

  private constructor(socket: string) {
    this.#socket = socket;
    this.#server = createServer((near) => this.#join(near));
  }

  /** @param url of a database that is reached by a socket in a folder */
  static async start(url: string): Promise<StatementProxy & { readonly url: string }> {
    const target = new URL(url);
    const proxy = new StatementProxy(join(decodeURIComponent(target.hostname), '.s.PGSQL.5432'));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.#server.address() as AddressInfo;
    return Object.assign(proxy, { url: url.replace(target.hostname, `127.0.0.1:${port}`) });
  }

  /** Statements with any of these words in them come no further until `release`. */
  hold(...words: readonly string[]): void {
    this.#words = words;
  }

  /** Of connections. */
  get held(): number {
    return this.#held.size;
  }

  release(): void {
    this.#words = [];
    for (const { far, waiting } of this.#held.values()) for (const bytes of waiting) far.write(bytes);
    this.#held.clear();
  }

  async stop(): Promise<void> {
    for (const near of this.#near) near.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    const far = connect(this.#socket);
    this.#near.add(near);
    near.on('data', (bytes: Buffer) => this.#pass(near, far, bytes));
    far.pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
    near.on('close', () => {
      this.#near.delete(near);
      this.#held.delete(near);
      far.destroy();
    });
  }

  #pass(near: Socket, far: Socket, bytes: Buffer): void {
    // The driver sends a statement in one piece.
    const isNamed = this.#words.some((words) => bytes.includes(words));
    if (isNamed && !this.#held.has(near)) this.#held.set(near, { far, waiting: [] });
    const held = this.#held.get(near);
    if (held) held.waiting.push(bytes);
    else far.write(bytes);
  }
}
