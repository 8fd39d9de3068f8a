/** Encoders that died one after the other, each within this of its start, before the publisher is given up. */
const SHORT_LIFE_MS = 5_000;
const MOST_SHORT_LIVES = 4;

/** An encoder that is over, though its publisher is still there. */
export interface EncoderLife {
  /** Tells publishers apart: one that came again is another. */
  readonly publisher: number;
  readonly livedMs: number;
  /** It was ended on purpose, as for a clock that jumped: that says nothing against whoever it was fed by. */
  readonly isAborted: boolean;
}

/** Tells an encoder that died from a source that kills every one. */
export class EncoderLives {
  #publisher: number | undefined;
  #short = 0;

  /** What to do after one. */
  over({ publisher, livedMs, isAborted }: EncoderLife): 'again' | 'give-up' {
    if (publisher !== this.#publisher) this.#short = 0;
    this.#publisher = publisher;
    if (isAborted) return 'again';
    this.#short = livedMs < SHORT_LIFE_MS ? this.#short + 1 : 0;
    return this.#short < MOST_SHORT_LIVES ? 'again' : 'give-up';
  }
}
