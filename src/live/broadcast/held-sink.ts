import type { EncoderSink } from '../encoder/session-encoder.ts';

export interface SessionSink extends EncoderSink {
  /** Before anything else comes out; `beganAtMs` is when the first of the source came. */
  opened(beganAtMs: number): void;
}

/**
 * What an encoder lets go of while the one before it is not done yet, kept in its order. A session is opened with the
 * first of it: an encoder that dies at once leaves none behind.
 */
export class HeldSink {
  readonly #sink: SessionSink;
  readonly #held: (() => void)[] = [];
  #isReleased = false;
  #hasOpened = false;
  /** When the first of the source came. */
  beganAtMs = 0;

  constructor(sink: SessionSink) {
    this.#sink = sink;
  }

  /** What an encoder writes to. Only its media is held back. */
  get inlet(): EncoderSink {
    const { init, fragment, packets, dropped } = this.#sink;
    return {
      packets,
      dropped,
      init: (rendition, bytes) =>
        this.#pass(() => {
          this.#openOnce();
          init(rendition, bytes);
        }),
      fragment: (rendition, piece) => this.#pass(() => fragment(rendition, piece)),
    };
  }

  /** From here on all of it goes on at once. */
  release(): void {
    this.#isReleased = true;
    for (const pass of this.#held.splice(0)) pass();
  }

  #openOnce(): void {
    if (!this.#hasOpened) this.#sink.opened(this.beganAtMs);
    this.#hasOpened = true;
  }

  #pass(pass: () => void): void {
    if (this.#isReleased) pass();
    else this.#held.push(pass);
  }
}
