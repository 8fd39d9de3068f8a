import { Fault } from '../../kernel/errors.ts';

export interface WaiterLimits {
  /** Of all streams together. */
  readonly all: number;
  readonly ofOneStream: number;
}

/** Spread over so many seconds, those who were sent away come back. */
const RETRY_SECONDS = 3;

/** Viewers whose answer the origin holds, counted so that they stay within bounds. */
export class Waiters {
  readonly #limits: WaiterLimits;
  readonly #ofStream = new Map<string, number>();
  #all = 0;

  constructor(limits: WaiterLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#all;
  }

  /** @throws Fault LIVE_WAITERS_FULL when there is no room for one more */
  check(streamId: string): void {
    const isFull = this.#all >= this.#limits.all || (this.#ofStream.get(streamId) ?? 0) >= this.#limits.ofOneStream;
    if (isFull)
      throw new Fault('LIVE_WAITERS_FULL', { retryAfterSeconds: 1 + Math.floor(Math.random() * RETRY_SECONDS) });
  }

  enter(streamId: string): void {
    this.#all += 1;
    this.#ofStream.set(streamId, (this.#ofStream.get(streamId) ?? 0) + 1);
  }

  leave(streamId: string): void {
    this.#all -= 1;
    const left = (this.#ofStream.get(streamId) ?? 1) - 1;
    if (left > 0) this.#ofStream.set(streamId, left);
    else this.#ofStream.delete(streamId);
  }
}
