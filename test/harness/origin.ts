import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request that reached the scripted origin. */
export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Headers and body of an answer; `Content-Length` is the body's unless the script says otherwise. */
export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** An answer in the script's hand: it goes out when and how far the script says. */
export interface Held {
  /** Resolves when the request has arrived. */
  readonly arrived: Promise<Asked>;
  /** Resolves when the edge has given the request up. */
  readonly abandoned: Promise<void>;
  head(scripted: Scripted & { lengthBytes?: number }): void;
  /** A word before the answer. */
  inform(status: number, fields: readonly string[]): void;
  write(bytes: string | Buffer): void;
  end(): void;
  release(scripted: Scripted): void;
  /** Breaks the connection off. */
  breakOff(): void;
}

/** A request to switch protocols, and the connection it came on. */
export interface Switching {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

type Script = (asked: Asked, response: ServerResponse) => void | Promise<void>;

/** A real origin on a real socket that does exactly what a test tells it, and remembers what it was asked. */
export class ScriptedOrigin {
  readonly asked: Asked[] = [];
  readonly #scripts = new Map<string, Script[]>();
  #otherwise: Script = notFound;
  readonly #switching = new Map<string, (asked: Switching) => void>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #waiting: { enough: () => boolean; resolve: () => void }[] = [];
  url = '';

  constructor() {
    this.#server = createServer((request, response) => {
      // The edge's clock is often the test's own, which the machine's date would contradict.
      response.sendDate = false;
      // A request that breaks off has nobody left to answer.
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on('upgrade', (request, socket, head) => {
      const switching = this.#switching.get(request.url ?? '');
      if (switching) switching({ request, socket: socket as Socket, head });
      else
        socket.end(
          'HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nX-Why: none here\r\nContent-Length: 4\r\n\r\nnone',
        );
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Open at this moment. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** How often a target was asked for. */
  count(target: string): number {
    return this.asked.filter((each) => each.target === target).length;
  }

  last(target: string): Asked | undefined {
    return this.asked.filter((each) => each.target === target).at(-1);
  }

  /** Resolves when a target has been asked for so often. */
  until(target: string, times: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ enough: () => this.count(target) >= times, resolve });
      this.#notify();
    });
  }

  /** The same answer to every request for a target, from now on. */
  serve(target: string, scripted: Scripted): this {
    return this.script(target, (_asked, response) => send(response, scripted));
  }

  /** What happens to a request for a target that asks to switch protocols; every other is told 426. */
  switching(target: string, switching: (asked: Switching) => void): this {
    this.#switching.set(target, switching);
    return this;
  }

  /** What happens to requests for whatever has no script of its own. */
  otherwise(script: Script): this {
    this.#otherwise = script;
    return this;
  }

  script(target: string, script: Script): this {
    this.#scripts.set(target, [script]);
    return this;
  }

  /** The next request for a target waits for the test; later ones get what stands behind. */
  hold(target: string): Held {
    const arrived = Promise.withResolvers<Asked>();
    const abandoned = Promise.withResolvers<void>();
    const response = Promise.withResolvers<ServerResponse>();
    let out: ServerResponse | undefined;
    const now = (): ServerResponse => {
      if (!out) throw new Error('the request has not arrived yet: await arrived first');
      return out;
    };
    this.#next(target, (asked, given) => {
      out = given;
      given.on('close', () => abandoned.resolve());
      response.resolve(given);
      arrived.resolve(asked);
    });
    return {
      arrived: arrived.promise,
      abandoned: abandoned.promise,
      head: (scripted) => writeHead(now(), scripted, scripted.lengthBytes),
      inform: (status, fields) => now().writeInformation(status, fields),
      write: (bytes) => void now().write(bytes),
      end: () => void now().end(),
      release: (scripted) => void response.promise.then((given) => send(given, scripted)),
      breakOff: () => now().socket?.destroy(),
    };
  }

  #next(target: string, script: Script): void {
    const scripts = this.#scripts.get(target) ?? [];
    // The last one stands for ever after; what is held goes before it, in the order of holding.
    const held = scripts.slice(0, -1);
    const last = scripts.at(-1) ?? this.#otherwise;
    this.#scripts.set(target, [...held, script, last]);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked: Asked = {
      method: request.method ?? '',
      target,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.asked.push(asked);
    const scripts = this.#scripts.get(target) ?? [this.#otherwise];
    const script = (scripts.length > 1 ? scripts.shift() : scripts[0]) ?? this.#otherwise;
    await script(asked, response);
    this.#notify();
  }

  #notify(): void {
    const ready = this.#waiting.filter((each) => each.enough());
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each));
    for (const each of ready) each.resolve();
  }
}

function notFound(_asked: Asked, response: ServerResponse): void {
  send(response, { status: 404, body: 'not here' });
}

function writeHead(response: ServerResponse, { status = 200, headers = {} }: Scripted, lengthBytes?: number): void {
  const length = lengthBytes === undefined ? {} : { 'Content-Length': String(lengthBytes) };
  response.writeHead(status, { ...headers, ...length } as Record<string, string>);
  response.flushHeaders();
}

function send(response: ServerResponse, scripted: Scripted): void {
  const body = Buffer.from(scripted.body ?? '');
  const bodiless = scripted.status === 304 || scripted.status === 204;
  writeHead(response, scripted, bodiless ? undefined : body.length);
  response.end(bodiless ? undefined : body);
}
