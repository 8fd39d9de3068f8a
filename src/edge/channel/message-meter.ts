/** A person who chats, reacts and changes quality at once is far below it. */
export const MESSAGES = 40;
const WINDOW_MS = 10_000;
/** What is sent after having been told that it is too much is sent by no person. */
const FLOOD = 2 * MESSAGES;
/** Of messages that are none. */
const PATIENCE = 10;

/** How much one viewer says. */
export class MessageMeter {
  #windowFromMs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #invalid = 0;

  /** @param steadyMs by a clock that only goes on */
  count(steadyMs: number): 'fine' | 'much' | 'flood' {
    if (steadyMs - this.#windowFromMs >= WINDOW_MS) {
      this.#windowFromMs = steadyMs;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count > FLOOD) return 'flood';
    return this.#count > MESSAGES ? 'much' : 'fine';
  }

  /** Counts one that could not be understood; false when there were too many of these. */
  isPatient(): boolean {
    this.#invalid += 1;
    return this.#invalid <= PATIENCE;
  }
}
