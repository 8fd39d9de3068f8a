import { randomUUID } from 'node:crypto';
import { type RawData, WebSocket } from 'ws';
import { type FromEdge, type FromNode, LINK_PROTOCOL, readFromNode } from '../../kernel/live/channel-link.ts';
import { isCount, readJsonObject } from '../../kernel/live/channel-request.ts';
import type { Log } from '../../kernel/log.ts';

/** What comes from the stream's node, in the order in which it was sent. */
export interface LinkListener {
  /** Of the last event there is, so that what follows goes on from there. */
  position(): { readonly epoch: string; readonly sequence: number };
  /** The first word of each connection. */
  opened(state: FromNode & { type: 'state-of' }): void;
  /** An event as it was written; `sequence` of a numbered one. */
  event(text: string, fields: Readonly<Record<string, unknown>>, sequence: number | undefined): void;
  told(message: FromNode): void;
  media(frame: Uint8Array): void;
  /** The connection is gone; another one is tried for. */
  lost(): void;
  /** There is no such stream. */
  unknown(): void;
}

export interface LinkOptions {
  /** Where the stream's node may be reached, best first; tried in turn. */
  readonly urls: readonly string[];
  readonly path: string;
  /** What proves who asks, made anew for each attempt. */
  fields(method: string, target: string): readonly string[];
  readonly log: Log;
}

const HANDSHAKE_MS = 5_000;
/** So often each end says that it is there, and so long it may be silent. */
const PING_MS = 2_000;
const SILENCE_MS = 6_000;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
/** A part of the highest rung there is, with room to spare. */
const MAX_FRAME_BYTES = 64 * 1_024 * 1_024;

/** The one connection from this edge to the node of a stream: made again whenever it breaks, until it is stopped. */
export class Link {
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  readonly #id = randomUUID();
  #socket: WebSocket | undefined;
  /** Attempts in a row that came to nothing. */
  #failures = 0;
  #isOpen = false;
  #retry: NodeJS.Timeout | undefined;
  #pulse: NodeJS.Timeout | undefined;
  #heardAt = 0;
  #isStopped = false;

  constructor(options: LinkOptions, listener: LinkListener) {
    this.#options = options;
    this.#listener = listener;
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    clearInterval(this.#pulse);
    this.#socket?.close(1000);
    this.#socket?.terminate();
  }

  /** False when there is no connection to say it on. */
  send(message: FromEdge): boolean {
    if (!this.#isOpen || !this.#socket) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect(): void {
    const { urls, path, fields } = this.#options;
    const url = new URL(path, urls[this.#failures % urls.length]);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url, [LINK_PROTOCOL], {
      headers: headersOf(fields('GET', path)),
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#socket = socket;
    socket.on('open', () => this.#begin(socket));
    socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    socket.on('ping', () => this.#heard());
    socket.on('pong', () => this.#heard());
    socket.on('unexpected-response', (request, { statusCode }) => {
      request.destroy();
      if (statusCode === 404) this.#listener.unknown();
      // `ws` leaves the rest to whoever listens to this.
      this.#ended(socket, { statusCode });
    });
    socket.on('error', (cause) => this.#ended(socket, { err: cause }));
    socket.on('close', (code) => this.#ended(socket, { code }));
  }

  #begin(socket: WebSocket): void {
    this.#heard();
    const { position } = this.#listener;
    const first = { type: 'open', ...position.call(this.#listener), link: this.#id } satisfies FromEdge;
    socket.send(JSON.stringify(first));
    this.#pulse = setInterval(() => {
      const silentMs = performance.now() - this.#heardAt;
      if (silentMs > SILENCE_MS) socket.terminate();
      else socket.ping();
    }, PING_MS);
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  #take(data: RawData, isBinary: boolean): void {
    this.#heard();
    const bytes = data as Buffer;
    if (isBinary) {
      if (this.#isOpen) this.#listener.media(bytes);
      return;
    }
    const text = bytes.toString();
    const fields = readJsonObject(text);
    if (!fields) return;
    const message = readFromNode(fields);
    if (message?.type === 'state-of') this.#open(message);
    else if (!this.#isOpen) return;
    else if (message) this.#listener.told(message);
    else this.#listener.event(text, fields, isCount(fields.sequence) ? fields.sequence : undefined);
  }

  #open(state: FromNode & { type: 'state-of' }): void {
    this.#isOpen = true;
    this.#failures = 0;
    this.#listener.opened(state);
  }

  #ended(socket: WebSocket, why: Readonly<Record<string, unknown>>): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearInterval(this.#pulse);
    if (this.#isStopped) return;
    const { log, path } = this.#options;
    const wasOpen = this.#isOpen;
    log.info({ path, failures: this.#failures, ...why }, 'channel link lost');
    this.#isOpen = false;
    this.#listener.lost();
    this.#retry = setTimeout(() => this.#connect(), delayMs(this.#failures, Math.random()));
    this.#failures = wasOpen ? 0 : this.#failures + 1;
  }
}

/** Doubling, with half of it by chance: a hundred edges must not come back in step. */
export function delayMs(failures: number, chance: number): number {
  const fullMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 10));
  return fullMs / 2 + (fullMs / 2) * chance;
}

function headersOf(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < list.length; at += 2) headers[list[at] ?? ''] = list[at + 1] ?? '';
  return headers;
}
