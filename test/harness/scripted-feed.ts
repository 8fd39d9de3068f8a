import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import {
  type FeedMessage,
  type FeedPosition,
  readPosition,
  type SectionNews,
} from '../../src/kernel/edge-feed/message.ts';

type Sections = Readonly<Record<string, SectionNews>>;

/** A control whose feed says what a test tells it, on a real socket. */
export class ScriptedFeed {
  readonly asked: { readonly target: string; readonly headers: IncomingHttpHeaders }[] = [];
  beatMs = 60_000;
  /** The secret of a fleet to which it lets in nobody else. */
  refuseUnsigned = '';
  url = '';
  readonly #server: Server;
  #greeting: Sections = {};
  #revision = 1;
  #response: ServerResponse | undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      // What edges report is not asked for.
      if (request.method !== 'GET') {
        response.writeHead(204).end();
        return;
      }
      this.asked.push({ target: request.url ?? '', headers: request.headers });
      if (this.#refuses(request)) {
        response.writeHead(403).end();
        return;
      }
      this.#response = response;
      this.tell(this.#greeting);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #refuses({ method = '', url = '', headers }: IncomingMessage): boolean {
    const signature = String(headers[EDGE_SIGNATURE_HEADER]);
    return this.refuseUnsigned !== '' && !verifyEdge(this.refuseUnsigned, method, url, signature, Date.now());
  }

  /** What edges said they had, one a connection. */
  get positions(): FeedPosition[] {
    return this.asked.map(({ target }) => readPosition(Object.fromEntries(new URL(target, this.url).searchParams)));
  }

  /** What whoever connects is told first, from now on. */
  greet(sections: Sections): void {
    this.#greeting = sections;
  }

  tell(sections: Sections): void {
    this.write(`${JSON.stringify(this.message(sections))}\n`);
  }

  message(sections: Sections): FeedMessage {
    this.#revision += 1;
    return { lineage: 'test', revision: this.#revision, nowMs: Date.now(), beatMs: this.beatMs, sections };
  }

  write(text: string): void {
    this.#response?.write(text);
  }

  cut(): void {
    this.#response?.destroy();
  }
}
