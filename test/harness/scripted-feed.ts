import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type FeedMessage,
  type FeedPosition,
  readPosition,
  type SectionNews,
} from '../../src/kernel/edge-feed/message.ts';
import { silentLog } from '../../src/kernel/log.ts';

type Sections = Readonly<Record<string, SectionNews>>;

/** A control whose feed says what a test tells it, on a real socket. */
export class ScriptedFeed {
  readonly asked: { readonly target: string; readonly headers: IncomingHttpHeaders }[] = [];
  readonly log = silentLog;
  beatMs = 60_000;
  url = '';
  readonly #server: Server;
  #greeting: Sections = {};
  #revision = 1;
  #response: ServerResponse | undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push({ target: request.url ?? '', headers: request.headers });
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
