/** Encoders that died one after the other, each within this of its start, before the publisher is given up. */
const SHORT_LIFE_MS = 5_000;
const MOST_SHORT_LIVES = 4;

/** Tells an encoder that died from a source that kills every one. */
export class EncoderLives {
  #short = 0;

  /** What to do after one that lived for so long. */
  over(livedMs: number): 'again' | 'give-up' {
    this.#short = livedMs < SHORT_LIFE_MS ? this.#short + 1 : 0;
    if (this.#short < MOST_SHORT_LIVES) return 'again';
    this.#short = 0;
    return 'give-up';
  }
}
