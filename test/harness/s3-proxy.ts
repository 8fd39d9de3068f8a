import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of one request: it is passed on, answered by a server too busy, or its answer breaks off after so much. */
export type Fate = 'pass' | 'busy' | 'reset' | { readonly cutAfterBytes: number } | { readonly hold: Promise<unknown> };

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Of the answer's body, what was passed on so far. */
  sentBytes: number;
  /** Resolves when the asker's connection or the answer has ended. */
  readonly ended: Promise<void>;
}

/** Stands in front of a real S3 server, passes everything on but what a test decides otherwise, and keeps count. */
export class S3Proxy {
  readonly requests: SeenRequest[] = [];
  /** Decides each request's fate; a test may replace it at any time. */
  fate: (request: SeenRequest) => Fate = () => 'pass';
  readonly #server: Server;
  // A connection kept would sooner or later be one that the server is just closing, which is no fault of the asker's.
  readonly #agent = new Agent({ keepAlive: false });
  readonly #target: URL;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((asked, answer) => this.#take(asked, answer));
  }

  static async start(target: string): Promise<S3Proxy> {
    const proxy = new S3Proxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  count(method: string, url: RegExp): number {
    return this.requests.filter((each) => each.method === method && url.test(each.url)).length;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#agent.destroy();
  }

  #take(asked: IncomingMessage, answer: ServerResponse): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    answer.once('close', resolve);
    const { method = '', url = '', headers } = asked;
    const seen: SeenRequest = { method, url, headers, sentBytes: 0, ended: promise };
    this.requests.push(seen);
    const fate = this.fate(seen);
    if (fate === 'reset') asked.socket.resetAndDestroy();
    else if (fate === 'busy') busy(asked, answer);
    else if (fate === 'pass') this.#pass(asked, answer, seen);
    else if ('hold' in fate) void fate.hold.then(() => this.#pass(asked, answer, seen));
    else this.#pass(asked, answer, seen, fate.cutAfterBytes);
  }

  #pass(asked: IncomingMessage, answer: ServerResponse, seen: SeenRequest, cutAfterBytes = Number.POSITIVE_INFINITY) {
    const { method, url, headers } = asked;
    const { hostname, port } = this.#target;
    const upstream = request({ hostname, port, method, path: url, headers, agent: this.#agent });
    // Once an answer has come, what goes wrong with its connection afterwards does not concern the asker.
    upstream.on('error', () => answer.headersSent || answer.destroy());
    upstream.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
      response.on('data', (bytes: Buffer) => {
        const room = cutAfterBytes - seen.sentBytes;
        seen.sentBytes += Math.min(bytes.length, room);
        const flows = answer.write(bytes.subarray(0, Math.min(bytes.length, room)));
        if (bytes.length > room) {
          response.destroy();
          // The bytes before the break shall arrive.
          answer.write('', () => asked.socket.destroySoon());
        } else if (!flows) {
          response.pause();
          answer.once('drain', () => response.resume());
        }
      });
      response.on('end', () => answer.end());
      response.on('error', () => answer.destroy());
      answer.once('close', () => response.destroy());
    });
    asked.on('error', () => upstream.destroy());
    asked.pipe(upstream);
  }
}

/** As S3 says it: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList */
function busy(asked: IncomingMessage, answer: ServerResponse): void {
  asked.resume();
  asked.once('end', () => {
    answer.writeHead(503, { 'content-type': 'application/xml' });
    answer.end(
      '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
    );
  });
}
