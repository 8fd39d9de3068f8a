import type { AssetEvent, EventMessage } from './shapes.ts';

const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 15_000;

export type FeedState = 'connecting' | 'live' | 'polling';

export interface FeedListener {
  onMessage(message: AssetEvent): void;
  onState(state: FeedState): void;
  /** Anything may have been missed since the last message: read the whole list again. */
  onGap(): void;
}

/** The server's event socket, kept open: it comes back with growing pauses, and asks for a reading in between. */
export class EventFeed {
  readonly #token: string;
  readonly #listener: FeedListener;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #stopped = false;

  constructor(token: string, listener: FeedListener) {
    this.#token = token;
    this.#listener = listener;
  }

  start(): void {
    this.#stopped = false;
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(): void {
    const address = new URL('/v1/events', location.href.replace(/^http/, 'ws'));
    address.hash = '';
    const socket = new WebSocket(address, ['frontrow', `bearer.${this.#token}`]);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = () => this.#closed();
  }

  #opened(): void {
    this.#failures = 0;
    this.#listener.onState('live');
    this.#listener.onGap();
  }

  #received(data: unknown): void {
    if (typeof data !== 'string') return;
    const message = JSON.parse(data) as EventMessage;
    if (message.type === 'resync') this.#listener.onGap();
    else if (message.type === 'asset' || message.type === 'deleted') this.#listener.onMessage(message);
  }

  #closed(): void {
    if (this.#stopped) return;
    this.#listener.onState('polling');
    if (this.#failures > 0) this.#listener.onGap();
    this.#timer = setTimeout(() => this.#open(), retryDelayMs(this.#failures));
    this.#failures += 1;
  }
}

/** Half a second, doubling up to fifteen. */
export function retryDelayMs(failures: number): number {
  return Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(failures, 10));
}
