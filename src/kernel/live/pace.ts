interface Moment {
  readonly nowMs: number;
  /** How long the source has waited for the encoder, in all. */
  readonly blockedMs: number;
  /** How much has been encoded, in all. */
  readonly mediaSeconds: number;
}

/** A machine that is too slow for so long has one rung too many. */
const PATIENCE_MS = 10_000;
/** An encoder that gives out nothing for so long, with enough to read, is not slow: it hangs. */
const HANGING_MS = 4_000;
/** Of the time: a source that hardly ever waits sets the pace itself. */
const BLOCKED_SHARE = 0.5;
const TOO_SLOW = 0.98;

/** Tells whether an encoder keeps up with its source, from a moment each second. */
export class PaceMeter {
  #moments: Moment[] = [];
  #speed = 1;

  /** Seconds encoded a second, where the source had to wait for it; 1 where it did not. */
  get speed(): number {
    return this.#speed;
  }

  /** It was too slow all the time that is looked back on. */
  get isOverloaded(): boolean {
    const [first] = this.#moments;
    const last = this.#moments.at(-1);
    return (
      first !== undefined && last !== undefined && last.nowMs - first.nowMs >= PATIENCE_MS && this.#speed < TOO_SLOW
    );
  }

  /** It was overloaded, and in the end by nothing that it does: another one would do better. */
  get isHanging(): boolean {
    const last = this.#moments.at(-1);
    const before = this.#moments.findLast(({ nowMs }) => last !== undefined && last.nowMs - nowMs >= HANGING_MS);
    return this.isOverloaded && before !== undefined && before.mediaSeconds === last?.mediaSeconds;
  }

  measure(moment: Moment): void {
    const oldest = moment.nowMs - PATIENCE_MS;
    const kept = this.#moments.findLastIndex(({ nowMs }) => nowMs <= oldest);
    this.#moments = [...this.#moments.slice(Math.max(0, kept)), moment];
    const [first = moment] = this.#moments;
    const passedMs = moment.nowMs - first.nowMs;
    const isBlocked = moment.blockedMs - first.blockedMs > passedMs * BLOCKED_SHARE;
    const encoded = moment.mediaSeconds - first.mediaSeconds;
    this.#speed = passedMs > 0 && isBlocked ? Math.round((encoded * 100_000) / passedMs) / 100 : 1;
  }
}
