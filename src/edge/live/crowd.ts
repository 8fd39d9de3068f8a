import { networkOf } from '../../kernel/address.ts';
import { Fault } from '../../kernel/errors.ts';

export interface CrowdLimits {
  /** Of all streams together. */
  readonly all: number;
  readonly ofOneStream: number;
  /** Of all streams together, by address. */
  readonly ofOneViewer: number;
}

/** Whom something is counted for. */
export interface Party {
  readonly streamId: string;
  /** Undefined where it is nobody's in particular, or where a proxy stands for many. */
  readonly address: string | undefined;
}

/** Spread over so many seconds, those who were sent away come back. */
const RETRY_SECONDS = 3;

/** What waits for broadcasts, counted so that it stays within bounds: viewers, or requests that the origin holds. */
export class Crowd {
  readonly #limits: CrowdLimits;
  readonly #ofStream = new Tally();
  readonly #ofViewer = new Tally();
  #all = 0;

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#all;
  }

  hasRoom({ streamId, address }: Party): boolean {
    const { all, ofOneStream, ofOneViewer } = this.#limits;
    if (this.#all >= all || this.#ofStream.of(streamId) >= ofOneStream) return false;
    return address === undefined || this.#ofViewer.of(networkOf(address)) < ofOneViewer;
  }

  /** @throws Fault LIVE_WAITERS_FULL when there is no room for one more */
  check(party: Party): void {
    if (this.hasRoom(party)) return;
    throw new Fault('LIVE_WAITERS_FULL', { retryAfterSeconds: 1 + Math.floor(Math.random() * RETRY_SECONDS) });
  }

  enter({ streamId, address }: Party): void {
    this.#all += 1;
    this.#ofStream.add(streamId, 1);
    if (address !== undefined) this.#ofViewer.add(networkOf(address), 1);
  }

  leave({ streamId, address }: Party): void {
    this.#all -= 1;
    this.#ofStream.add(streamId, -1);
    if (address !== undefined) this.#ofViewer.add(networkOf(address), -1);
  }
}

/** Counts by name, of which those that count nothing are forgotten. */
class Tally {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string, more: number): void {
    const count = this.of(name) + more;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }
}
