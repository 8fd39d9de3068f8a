/** So many overflows within this time are more than a hiccup. */
const OVERFLOWS = 2;
const WITHIN_MS = 10_000;
/** How long a queue must have been empty before the next rung up is tried, and how long at most after tries that failed. */
const PATIENCE_MS = 15_000;
const MAX_PATIENCE_MS = 240_000;

/** Which rung suits a viewer whose queue behaves like this. Rungs are counted from the lowest, 0. */
export class RungChooser {
  readonly #top: number;
  #rung: number;
  #overflows: number[] = [];
  #calmSinceMs: number | undefined;
  #patienceMs = PATIENCE_MS;
  #wentUpAtMs: number | undefined;

  /** @param rung to begin with; the middle one when it is not known what suits */
  constructor(count: number, rung = Math.floor((count - 1) / 2)) {
    this.#top = Math.max(0, count - 1);
    this.#rung = Math.min(Math.max(0, rung), this.#top);
  }

  get rung(): number {
    return this.#rung;
  }

  /** The queue overflowed. True when it has gone down for it. */
  overflowed(nowMs: number): boolean {
    this.#calmSinceMs = undefined;
    this.#overflows = [...this.#overflows.filter((atMs) => nowMs - atMs < WITHIN_MS), nowMs];
    // A rung that was only a try is given up at the first sign, and not tried again so soon.
    const failedTry = this.#wentUpAtMs !== undefined && nowMs - this.#wentUpAtMs < 2 * WITHIN_MS;
    if (failedTry) this.#patienceMs = Math.min(MAX_PATIENCE_MS, this.#patienceMs * 2);
    if (this.#rung === 0 || (this.#overflows.length < OVERFLOWS && !failedTry)) return false;
    this.#rung -= 1;
    this.#overflows = [];
    this.#wentUpAtMs = undefined;
    return true;
  }

  /** Something was sent, and the queue was empty or not. True when it has gone up. */
  sent(isQueueEmpty: boolean, nowMs: number): boolean {
    if (!isQueueEmpty) {
      this.#calmSinceMs = undefined;
      return false;
    }
    this.#calmSinceMs ??= nowMs;
    if (this.#rung === this.#top || nowMs - this.#calmSinceMs < this.#patienceMs) return false;
    this.#rung += 1;
    this.#calmSinceMs = undefined;
    this.#wentUpAtMs = nowMs;
    return true;
  }
}
