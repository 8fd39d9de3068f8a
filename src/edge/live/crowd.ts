import { Fault } from '../../kernel/errors.ts';

export interface CrowdLimits {
  /** Of all streams together. */
  readonly all: number;
  readonly ofOneStream: number;
}

/** Spread over so many seconds, those who were sent away come back. */
const RETRY_SECONDS = 3;

/** What waits for broadcasts, counted so that it stays within bounds: viewers, or requests that the origin holds. */
export class Crowd {
  readonly #limits: CrowdLimits;
  readonly #ofStream = new Map<string, number>();
  #all = 0;

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#all;
  }

  hasRoom(streamId: string): boolean {
    return this.#all < this.#limits.all && (this.#ofStream.get(streamId) ?? 0) < this.#limits.ofOneStream;
  }

  /** @throws Fault LIVE_WAITERS_FULL when there is no room for one more */
  check(streamId: string): void {
    if (this.hasRoom(streamId)) return;
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
