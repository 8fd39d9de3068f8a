export interface HealthTerms {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many answers in a row that say the opposite change the state. */
  readonly threshold: number;
}

/** Whether a server is up, as the answers to the last checks have it. Up until they say otherwise. */
export class HealthTally {
  readonly #threshold: number;
  #up = true;
  #against = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  get up(): boolean {
    return this.#up;
  }

  /** True when this check has changed the state. */
  record(well: boolean): boolean {
    this.#against = well === this.#up ? 0 : this.#against + 1;
    if (this.#against < this.#threshold) return false;
    this.#up = well;
    this.#against = 0;
    return true;
  }
}

/** Each pause is up to a tenth longer than the interval, so that the edges of a fleet do not ask all at once. */
const JITTER = 0.1;

/** Asks a server at intervals whether it is well. */
export class HealthCheck {
  readonly #terms: HealthTerms;
  readonly #tally: HealthTally;
  /** Resolves with whether it is well; never rejects. */
  readonly #ask: (signal: AbortSignal) => Promise<boolean>;
  readonly #onChange: (up: boolean) => void;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(terms: HealthTerms, ask: (signal: AbortSignal) => Promise<boolean>, onChange: (up: boolean) => void) {
    this.#terms = terms;
    this.#tally = new HealthTally(terms.threshold);
    this.#ask = ask;
    this.#onChange = onChange;
  }

  get up(): boolean {
    return this.#tally.up;
  }

  start(): void {
    void this.#check();
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  async #check(): Promise<void> {
    const { intervalMs, timeoutMs } = this.#terms;
    const { signal } = this.#stopping;
    const well = await this.#ask(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    if (signal.aborted) return;
    if (this.#tally.record(well)) this.#onChange(well);
    this.#timer = setTimeout(() => void this.#check(), intervalMs * (1 + Math.random() * JITTER));
  }
}
