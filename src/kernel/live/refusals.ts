interface Record {
  count: number;
  atMs: number;
  waiting: number;
}

const FIRST_MS = 500;
const LONGEST_MS = 8_000;
/** A wrong key is forgotten after this. */
const FORGOTTEN_MS = 10 * 60_000;
const MOST_ADDRESSES = 10_000;
/** Refusals that are delayed at once, of one address and of all: beyond, each is told at once, and nothing is held for it. */
const MOST_WAITING_EACH = 4;
const MOST_WAITING = 200;

/** How long somebody with a wrong key waits to be told so: guessing gets slower with each guess. */
export class Refusals {
  readonly #records = new Map<string, Record>();
  #waiting = 0;

  /** Milliseconds until the refusal is told; `done` is called when it was. Undefined when it is told at once. */
  next(address: string, nowMs: number): { readonly delayMs: number; done(): void } | undefined {
    const before = this.#records.get(address);
    const isFresh = before && nowMs - before.atMs < FORGOTTEN_MS;
    const record = { count: isFresh ? before.count + 1 : 1, atMs: nowMs, waiting: before?.waiting ?? 0 };
    this.#keep(address, record);
    if (this.#waiting >= MOST_WAITING || record.waiting >= MOST_WAITING_EACH) return undefined;
    record.waiting += 1;
    this.#waiting += 1;
    const done = () => {
      this.#waiting -= 1;
      const kept = this.#records.get(address);
      if (kept) kept.waiting = Math.max(0, kept.waiting - 1);
    };
    return { delayMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** (record.count - 1)), done };
  }

  #keep(address: string, record: Record): void {
    this.#records.delete(address);
    this.#records.set(address, record);
    const oldest = this.#records.keys().next().value;
    if (this.#records.size > MOST_ADDRESSES && oldest !== undefined) this.#records.delete(oldest);
  }
}
