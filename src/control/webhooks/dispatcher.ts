import type { DeliveryRepository } from '../../database/webhook-deliveries.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { ASSETS, type Signals, WORK } from '../../queue/signals.ts';

export interface DispatcherParts {
  readonly deliveries: Pick<DeliveryRepository, 'dispatch' | 'sweep'>;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly log: Log;
}

/** Signals may be lost between processes. */
const LOOK_AGAIN_MS = 2_000;
/** Every segment of a film being encoded is a signal; a look for events a few times a second is enough. */
const PAUSE_MS = 100;
const BATCH = 100;
const KEPT_MS = 30 * 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;

/** Turns what happened into deliveries, one an endpoint that hears of it, and forgets what happened long ago. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  #stop = new AbortController();
  #running: Promise<void> | undefined;
  #sweepAtMs = 0;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#running = this.#follow(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(stop: AbortSignal): Promise<void> {
    const { signals, log } = this.#parts;
    while (!stop.aborted) {
      // Listening starts before the look, so that an event in between is not missed.
      const changed = signals.next(ASSETS, LOOK_AGAIN_MS, stop);
      try {
        await this.#dispatch(stop);
        await this.#sweep();
      } catch (cause) {
        log.error({ err: cause }, 'events could not be dispatched');
      }
      await changed;
      await signals.next('dispatcher-pause', PAUSE_MS, stop);
    }
  }

  async #dispatch(stop: AbortSignal): Promise<void> {
    const { deliveries, signals } = this.#parts;
    for (let full = true; full && !stop.aborted; ) {
      const made = await deliveries.dispatch(BATCH);
      if (made.deliveries > 0) signals.notify(WORK);
      full = made.events === BATCH;
    }
  }

  async #sweep(): Promise<void> {
    const { deliveries, clock, log } = this.#parts;
    const now = clock.now();
    if (now < this.#sweepAtMs) return;
    this.#sweepAtMs = now + SWEEP_EVERY_MS;
    const events = await deliveries.sweep(now - KEPT_MS);
    if (events > 0) log.info({ events }, 'old events forgotten');
  }
}
