import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { CHANNEL_PROTOCOL, CLOSE_CODES, type CloseReason, MAX_MESSAGE_BYTES } from '../../kernel/live/channel.ts';
import type { Outlet } from './viewer-queue.ts';

/** What becomes of a viewer's connection. */
export interface SocketListener {
  message(text: string): void;
  /** It takes more. */
  drained(): void;
  closed(): void;
}

/** How long the other side may take to agree that it is over. */
const CLOSE_MS = 5_000;

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  handleProtocols: () => CHANNEL_PROTOCOL,
});

/** Whether the client said that it speaks the protocol. */
export function offersProtocol(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((each) => each.trim() === CHANNEL_PROTOCOL);
}

/** Switches a connection to WebSocket, or refuses it there; undefined then. */
export function acceptViewer(request: IncomingMessage, socket: Socket, head: Buffer): ViewerSocket | undefined {
  let accepted: ViewerSocket | undefined;
  server.handleUpgrade(request, socket, head, (webSocket) => {
    accepted = new ViewerSocket(webSocket, socket);
  });
  return accepted;
}

/**
 * A viewer's end of a channel. Frames that were made once for everybody are written to the connection as they are: `ws`
 * itself writes in whole frames and at once, since nothing is compressed, so the two do not come between each other.
 */
export class ViewerSocket implements Outlet {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  #heardAtMs = 0;

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  /** When anything last came, by the clock that `listen` was given. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  listen(listener: SocketListener, now: () => number): void {
    this.#heardAtMs = now();
    const heard = () => {
      this.#heardAtMs = now();
    };
    this.#webSocket.on('message', (bytes: Buffer, isBinary) => {
      heard();
      if (isBinary) this.close('UNSUPPORTED');
      else if (this.#isOpen) listener.message(bytes.toString());
    });
    this.#webSocket.on('pong', heard);
    this.#webSocket.on('ping', heard);
    // Frames that are too large or none at all: `ws` closes with the code for it.
    this.#webSocket.on('error', () => {});
    this.#webSocket.on('close', () => listener.closed());
    this.#socket.on('drain', () => listener.drained());
  }

  write(frame: Buffer): void {
    if (this.#isOpen) this.#socket.write(frame);
  }

  ping(): void {
    if (this.#isOpen) this.#webSocket.ping();
  }

  close(reason: CloseReason): void {
    if (!this.#isOpen) return;
    this.#webSocket.close(CLOSE_CODES[reason], CLOSE_CODES[reason] < 4_000 ? '' : reason);
    // One who reads nothing would not read this either.
    setTimeout(() => this.#webSocket.terminate(), CLOSE_MS).unref();
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }
}
