import { lasts } from '../../../kernel/clock.ts';

/** A pause after a failure, by a clock that may be set in either direction meanwhile. */
export class Rest {
  readonly #forMs: number;
  #sinceMs: number | undefined;

  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  isOver(nowMs: number): boolean {
    if (this.#sinceMs === undefined) return true;
    return !lasts(this.#sinceMs + this.#forMs, this.#forMs, nowMs);
  }
}
