interface Ask<T> {
  readonly answer: Promise<T>;
  readonly end: () => void;
  /** Who have not left. */
  askers: number;
}

/** Questions under way: who asks the same meanwhile gets the same answer. One ends before its answer when all have left. */
export class SharedAsks<T> {
  readonly #underWay = new Map<string, Ask<T>>();

  join(name: string, departure: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const shared = this.#underWay.get(name) ?? this.#begin(name, ask);
    shared.askers += 1;
    const leave = () => {
      shared.askers -= 1;
      if (shared.askers === 0) shared.end();
    };
    if (departure.aborted) leave();
    else departure.addEventListener('abort', leave, { once: true });
    return shared.answer;
  }

  #begin(name: string, ask: (signal: AbortSignal) => Promise<T>): Ask<T> {
    const departure = new AbortController();
    const forget = () => {
      if (this.#underWay.get(name) === shared) this.#underWay.delete(name);
    };
    const end = () => {
      forget();
      departure.abort();
    };
    const shared: Ask<T> = { answer: ask(departure.signal).finally(forget), end, askers: 0 };
    this.#underWay.set(name, shared);
    return shared;
  }
}
