import type { WebSocket } from 'ws';
import type { FromNode } from '../../kernel/live/channel-link.ts';
import type { MediaFrame } from '../../kernel/live/media-tail.ts';

/** What an edge has not taken of this, parts are left out: it asks for nothing, and takes it up at the next key frame. */
const MEDIA_BYTES = 8 * 1_024 * 1_024;
/** An edge that is so far behind is better off beginning anew. */
const MAX_BYTES = 32 * 1_024 * 1_024;

/** One edge's connection to a channel: what it wants of it, and how many viewers it has. */
export class EdgeLink {
  readonly #socket: WebSocket;
  #wanted: ReadonlySet<string> = new Set();
  viewers = 0;
  /** By which it is known when it comes again. */
  id: string | undefined;
  wantsParts = false;
  wantsIngest = false;
  /** It has said what it has, and been told the rest. */
  isOpen = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Renditions whose media it gets. Returns those that it did not get before. */
  want(renditions: readonly string[]): readonly string[] {
    const before = this.#wanted;
    this.#wanted = new Set(renditions);
    return renditions.filter((name) => !before.has(name));
  }

  wants(rendition: string): boolean {
    return this.#wanted.has(rendition);
  }

  tell(message: FromNode): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    if (this.#socket.bufferedAmount > MAX_BYTES) this.#socket.terminate();
    else if (this.#isConnected) this.#socket.send(text);
  }

  /** An init is small, and without it nothing that follows is of use until the next session. */
  sendMedia({ header, bytes }: MediaFrame): void {
    const fits = header.kind === 'init' || this.#socket.bufferedAmount < MEDIA_BYTES;
    if (fits && this.#isConnected) this.#socket.send(bytes);
  }

  /** @param code 1012 to have it come again, 4004 when there is nothing to come for */
  close(code: 1001 | 1012 | 4004): void {
    this.#socket.close(code);
  }

  /** It has not been heard for so long that it is not worth waiting for. */
  drop(): void {
    this.#socket.terminate();
  }

  get #isConnected(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}
