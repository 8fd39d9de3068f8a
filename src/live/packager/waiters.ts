/** How a wait ended: what was waited for is there, it took too long, or there are too many who wait. */
export type WaitEnd = 'there' | 'late' | 'full' | 'gone';

interface Waiter {
  readonly isThere: () => boolean;
  readonly until: number;
  readonly end: (how: WaitEnd) => void;
}

const TICK_MS = 100;

/** Requests of one broadcast that are held until there is news for them: one timer for all of them. */
export class Waiters {
  readonly #most: number;
  readonly #patienceMs: number;
  readonly #waiting = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;

  constructor(most: number, patienceMs: number) {
    this.#most = most;
    this.#patienceMs = patienceMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves when `isThere`, which is asked at once and after each news; `departure` ends it early. */
  wait(isThere: () => boolean, departure?: AbortSignal): Promise<WaitEnd> {
    if (isThere()) return Promise.resolve('there');
    if (this.#waiting.size >= this.#most) return Promise.resolve('full');
    if (departure?.aborted) return Promise.resolve('gone');
    return new Promise((resolve) => {
      const leave = () => waiter.end('gone');
      const waiter: Waiter = {
        isThere,
        until: performance.now() + this.#patienceMs,
        end: (how) => {
          departure?.removeEventListener('abort', leave);
          this.#waiting.delete(waiter);
          resolve(how);
        },
      };
      departure?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#timer ??= setInterval(() => this.#expire(), TICK_MS);
    });
  }

  /** There is news. */
  wake(): void {
    for (const waiter of this.#waiting) if (waiter.isThere()) waiter.end('there');
  }

  /** Nobody will be answered any more. */
  stop(): void {
    for (const waiter of this.#waiting) waiter.end('late');
    this.#expire();
  }

  #expire(): void {
    const now = performance.now();
    for (const waiter of this.#waiting) if (waiter.until <= now) waiter.end('late');
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
