/**
 * "Something happened on this channel, look again." A signal carries no data and may be lost between processes, so every
 * waiter also looks again after its own time limit: signals make things quick, never right.
 */
export interface Signals {
  notify(channel: string): void;
  /** Resolves at the next signal on the channel, after `waitMs`, or when `abort` fires. Never rejects. */
  next(channel: string, waitMs: number, abort?: AbortSignal): Promise<void>;
}

/** Channel on which new or changed work is announced. */
export const WORK = 'work';

/** Channel on which changes of one asset (segments published, status) are announced. */
export function assetChannel(assetId: string): string {
  return `asset:${assetId}`;
}

/** Channel on which any change of any asset is announced, and every event of a live stream: endpoints are told at once. */
export const ASSETS = 'assets';

/** Channel on which changes of what edges must know (keys) are announced. */
export const EDGE_CONFIG = 'edge-config';

/** Signals inside one process, which is where SQLite's roles live. */
export class LocalSignals implements Signals {
  readonly #waiters = new Map<string, Set<() => void>>();

  notify(channel: string): void {
    const waiting = this.#waiters.get(channel);
    if (!waiting) return;
    this.#waiters.delete(channel);
    for (const wake of waiting) wake();
  }

  /** Wakes everybody, whatever they wait for: signals may have been missed. */
  wakeAll(): void {
    for (const channel of [...this.#waiters.keys()]) this.notify(channel);
  }

  next(channel: string, waitMs: number, abort?: AbortSignal): Promise<void> {
    if (abort?.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiters.get(channel) ?? new Set();
    this.#waiters.set(channel, waiting);
    const wake = () => {
      clearTimeout(timer);
      abort?.removeEventListener('abort', wake);
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiters.get(channel) === waiting) this.#waiters.delete(channel);
      resolve();
    };
    const timer = setTimeout(wake, waitMs);
    abort?.addEventListener('abort', wake, { once: true });
    waiting.add(wake);
    return promise;
  }
}
