import { retryDelayMs } from '../../api/event-feed.ts';
import { Cell } from '../../cell.ts';
import { applyMessage, type ChannelView, resumeFrom, UNKNOWN } from './channel-view.ts';
import { type Frame, readFrame } from './frame.ts';
import type { ChannelMessage, Hello } from './messages.ts';

const PROTOCOL = 'frontrow.channel.v1';
const COME_BACK: ReadonlySet<number> = new Set([1001, 1005, 1006, 1012, 1013, 4008, 4010]);
const GRANT_ENDED = 4001;

/** What is asked for of media: a rendition's name, or `auto`. */
export interface MediaWish {
  readonly video: string;
  readonly audio: string;
}

export interface ChannelSource {
  /** Asked for anew before every connection. */
  readonly url: () => Promise<string>;
  /** The grant in the address is over. */
  readonly onGrantEnded: () => void;
  /** Whoever looks on without being one of the viewers, such as the broadcaster. */
  readonly observes: boolean;
}

export interface Refusal {
  readonly code: string;
  readonly retryAfterMs?: number;
}

/** One viewer's connection to a live channel, kept open and without gaps in what it tells. */
export class ChannelClient {
  readonly view = new Cell<ChannelView>(UNKNOWN);
  readonly #source: ChannelSource;
  readonly #frameWatchers = new Set<(frame: Frame) => void>();
  readonly #reactionWatchers = new Set<(counts: Readonly<Record<string, number>>) => void>();
  readonly #answers = new Map<string, (refusal: Refusal | undefined) => void>();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** What is said twice under one name is heard once, and to the server all pages of one household are one viewer. */
  readonly #name = Math.random().toString(36).slice(2, 12);
  #refs = 0;
  #media: MediaWish | undefined;
  #stopped = true;

  constructor(source: ChannelSource) {
    this.#source = source;
  }

  start(): void {
    this.#stopped = false;
    void this.#dial();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  onFrame(watcher: (frame: Frame) => void): () => void {
    this.#frameWatchers.add(watcher);
    return () => this.#frameWatchers.delete(watcher);
  }

  onReactions(watcher: (counts: Readonly<Record<string, number>>) => void): () => void {
    this.#reactionWatchers.add(watcher);
    return () => this.#reactionWatchers.delete(watcher);
  }

  /** Media comes from now on, also after a reconnect; undefined ends it. */
  wantMedia(wish: MediaWish | undefined): void {
    const had = this.#media;
    this.#media = wish;
    if (wish) this.#send({ type: 'subscribe', ...wish });
    else if (had) this.#send({ type: 'unsubscribe', video: true, audio: true });
  }

  /** Resolves to undefined once it is said. */
  say(text: string, name: string): Promise<Refusal | undefined> {
    return this.#ask({ type: 'chat', text, name });
  }

  react(reaction: string): void {
    this.#send({ type: 'reaction', reaction });
  }

  async #dial(): Promise<void> {
    let socket: WebSocket;
    try {
      const url = await this.#source.url();
      if (this.#stopped) return;
      // Throws too, such as on a page by https for an address that is not.
      socket = new WebSocket(url, PROTOCOL);
    } catch {
      this.#again();
      return;
    }
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code, reason }) => this.#closed(socket, code, reason);
  }

  #hear(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const frame = readFrame(data);
      if (frame) for (const watcher of this.#frameWatchers) watcher(frame);
      return;
    }
    const message = JSON.parse(String(data)) as ChannelMessage;
    if (message.type === 'hello') this.#greeted(message);
    else if (message.type === 'reactions') for (const watcher of this.#reactionWatchers) watcher(message.counts);
    else if (message.type === 'accepted') this.#answer(message.ref, undefined);
    else if (message.type === 'error') this.#answer(message.ref, message);
    this.view.update((view) => applyMessage(view, message, Date.now()));
  }

  #greeted(hello: Hello): void {
    this.#failures = 0;
    if (this.#source.observes) this.#send({ type: 'subscribe', observe: true });
    this.#send({ type: 'resume', ...resumeFrom(this.view.value, hello) });
    if (this.#media) this.#send({ type: 'subscribe', ...this.#media });
  }

  #closed(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    for (const ref of [...this.#answers.keys()]) this.#answer(ref, { code: 'CONNECTION_LOST' });
    if (code === GRANT_ENDED) this.#source.onGrantEnded();
    else if (!COME_BACK.has(code)) {
      this.view.update((view) => ({ ...view, connection: 'closed', closedBy: reason || String(code) }));
      return;
    }
    this.#again();
  }

  #again(): void {
    if (this.#stopped) return;
    this.view.update((view) => ({ ...view, connection: 'away' }));
    // Everybody whose edge went away is here at once: a random share of the pause keeps them apart.
    const delayMs = retryDelayMs(this.#failures) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#dial(), delayMs);
  }

  #ask(message: Record<string, unknown>): Promise<Refusal | undefined> {
    this.#refs += 1;
    const ref = `${this.#name}-${this.#refs}`;
    return new Promise((resolve) => {
      this.#answers.set(ref, resolve);
      if (!this.#send({ ...message, ref })) this.#answer(ref, { code: 'CONNECTION_LOST' });
    });
  }

  #answer(ref: string | undefined, refusal: Refusal | undefined): void {
    const resolve = this.#answers.get(ref ?? '');
    this.#answers.delete(ref ?? '');
    resolve?.(refusal);
  }

  #send(message: Record<string, unknown>): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }
}
