import type { Lock, Locker, RequestRelease } from '@tus/server';
import { Fault } from '../../kernel/errors.ts';

interface Holder {
  readonly requestRelease: RequestRelease;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/**
 * One request at a time for each upload, and the newest wins: a client that lost its connection comes back long before
 * its dead socket is noticed, so whoever comes asks the holder to stop and waits until its bytes are flushed. A holder
 * that does not stop in time leaves the newcomer with 423, which clients answer by trying again.
 */
export class TakeoverLocker implements Locker {
  readonly #holders = new Map<string, Holder>();
  readonly #waitMs: number;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  newLock(id: string): Lock {
    return {
      lock: (stop, requestRelease) => this.#lock(id, stop, requestRelease),
      unlock: async () => this.#unlock(id),
    };
  }

  async #lock(id: string, stop: AbortSignal, requestRelease: RequestRelease): Promise<void> {
    const endMs = performance.now() + this.#waitMs;
    for (let holder = this.#holders.get(id); holder; holder = this.#holders.get(id)) {
      await holder.requestRelease();
      await within(holder.released, endMs - performance.now());
      if (stop.aborted || performance.now() >= endMs) throw new Fault('UPLOAD_LOCKED');
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#holders.set(id, { requestRelease, released: promise, release: resolve });
  }

  #unlock(id: string): void {
    const holder = this.#holders.get(id);
    this.#holders.delete(id);
    holder?.release();
  }
}

async function within(released: Promise<void>, waitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.max(0, waitMs));
  await Promise.race([released, promise]);
  clearTimeout(timer);
}
