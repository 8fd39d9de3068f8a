import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly message: Message;
  readonly atMs: number;
}

export interface Message {
  readonly id: string;
  readonly type: string;
  readonly createdAt: string;
  readonly data: { readonly asset?: { readonly assetId: string; readonly status: string; readonly title: string } };
}

type Answer = (response: ServerResponse, received: Received) => void;

/** An endpoint of somebody else's, on a real socket, that answers as a test says. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  readonly #server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString('utf8');
    const { url: path = '', headers } = request;
    const received = { path, headers, body, message: JSON.parse(body) as Message, atMs: Date.now() };
    this.received.push(received);
    this.answer(response, received);
    for (const look of [...this.#watchers]) look();
  });
  readonly #watchers = new Set<() => void>();
  answer: Answer = (response) => response.writeHead(204).end();

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** What came to `path`, as soon as there are so many. */
  async until(count: number, path = '/hook'): Promise<readonly Received[]> {
    const own = () => this.received.filter((each) => each.path === path);
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (own().length >= count) resolve();
    };
    this.#watchers.add(look);
    look();
    await promise;
    this.#watchers.delete(look);
    return own();
  }
}
