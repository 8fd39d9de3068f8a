/** `half-open`: the time is over, and one request finds out whether the origin is well again. */
export type Circuit = 'closed' | 'open' | 'half-open';

export interface BreakerTerms {
  /** Failures in a row that open it; 0 for never. */
  readonly failures: number;
  /** How long it stays open at first. */
  readonly openMs: number;
  /** Each time that it opens again it stays open twice as long, up to here. */
  readonly maxOpenMs: number;
}

/** Of so many requests within so long, this share of failures opens it too: one that fails now and then is none in a row. */
const WINDOW_MS = 10_000;
const WINDOW_REQUESTS = 20;
const FAILURE_SHARE = 0.5;
/** One request that finds out may take long for reasons of its own, such as a slow upload; then another one may try. */
const PROBE_MS = 10_000;
/** After so long without opening it begins with the first time again. */
const STEADY_MS = 30_000;

/** What a request that was let through holds: by it its outcome is told from those of an earlier state. */
export type Pass = number;

/**
 * Keeps requests from an origin that fails, so that nobody waits for what is known to fail and the origin is left alone. No
 * clock of its own: times are those of a clock that only goes forward.
 */
export class Breaker {
  readonly #terms: BreakerTerms;
  readonly #onChange: (circuit: Circuit) => void;
  #circuit: Circuit = 'closed';
  /** Changes with the state: what was let through before has nothing to say about now. */
  #epoch: Pass = 0;
  #probing = false;
  #probeUntilMs = 0;
  #inARow = 0;
  #windowEndsMs = 0;
  #requests = 0;
  #failures = 0;
  #openUntilMs = 0;
  #openings = 0;
  #closedAtMs = Number.NEGATIVE_INFINITY;

  constructor(terms: BreakerTerms, onChange: (circuit: Circuit) => void = () => {}) {
    this.#terms = terms;
    this.#onChange = onChange;
  }

  get circuit(): Circuit {
    return this.#circuit;
  }

  /** Whether a request would be let through. */
  admits(nowMs: number): boolean {
    if (this.#circuit === 'closed') return true;
    return nowMs >= (this.#probing ? this.#probeUntilMs : this.#openUntilMs);
  }

  /** Until a request may be let through; 0 when one may now, and while another finds out. */
  waitMs(nowMs: number): number {
    return this.#circuit === 'open' ? Math.max(0, this.#openUntilMs - nowMs) : 0;
  }

  /**
   * Lets a request through that `admits` has admitted; each is told the end of once, by one of the three below. One that may be
   * held finds out as well, but keeps nobody else from it: it may take seconds of an origin that is well.
   */
  enter(nowMs: number, mayBeHeld = false): Pass {
    if (this.#circuit === 'closed') return this.#epoch;
    if (!mayBeHeld) {
      this.#probeUntilMs = nowMs + PROBE_MS;
      this.#epoch += 1;
      this.#probing = true;
    }
    this.#change('half-open');
    return this.#epoch;
  }

  succeeded(pass: Pass, nowMs: number): void {
    if (pass !== this.#epoch) return;
    if (this.#circuit === 'half-open') this.#close(nowMs);
    this.#inARow = 0;
    this.#count(nowMs);
  }

  failed(pass: Pass, nowMs: number): void {
    if (pass !== this.#epoch || this.#terms.failures === 0) return;
    this.#count(nowMs);
    this.#inARow += 1;
    this.#failures += 1;
    const often = this.#requests >= WINDOW_REQUESTS && this.#failures >= this.#requests * FAILURE_SHARE;
    if (this.#circuit === 'half-open' || this.#inARow >= this.#terms.failures || often) this.#open(nowMs);
  }

  /** It ended without telling anything about the origin: the viewer left. */
  dropped(pass: Pass): void {
    if (pass === this.#epoch) this.#probing = false;
  }

  #count(nowMs: number): void {
    if (nowMs >= this.#windowEndsMs) {
      this.#windowEndsMs = nowMs + WINDOW_MS;
      this.#requests = 0;
      this.#failures = 0;
    }
    this.#requests += 1;
  }

  #open(nowMs: number): void {
    if (this.#circuit === 'closed' && nowMs - this.#closedAtMs >= STEADY_MS) this.#openings = 0;
    const { openMs, maxOpenMs } = this.#terms;
    this.#openUntilMs = nowMs + Math.min(openMs * 2 ** this.#openings, Math.max(openMs, maxOpenMs));
    this.#openings += 1;
    this.#begin('open');
  }

  #close(nowMs: number): void {
    this.#closedAtMs = nowMs;
    this.#begin('closed');
  }

  #begin(circuit: Circuit): void {
    this.#epoch += 1;
    this.#probing = false;
    this.#inARow = 0;
    this.#windowEndsMs = 0;
    this.#change(circuit);
  }

  #change(circuit: Circuit): void {
    if (circuit === this.#circuit) return;
    this.#circuit = circuit;
    this.#onChange(circuit);
  }
}
