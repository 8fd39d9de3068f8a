import { networkOf } from '../address.ts';

/** What one network may do, whatever door it knocks at. */
export interface ClaimLimits {
  /** Keys of it that are being looked up at once. */
  readonly open: number;
  /** Wrong keys of it in an hour, after which none is looked up for a while. */
  readonly wrongPerHour: number;
}

export type Entry =
  /** Call `leave` when it is known whether the key is right. */
  { readonly isIn: true; leave(): void } | { readonly isIn: false; readonly retryAfterSeconds: number };

/** How long the refusal of a wrong key waits; `done` is called when it was told. */
export interface Delay {
  readonly delayMs: number;
  done(): void;
}

interface Network {
  open: number;
  /** Wrong keys that are held against it: one less with each share of an hour. */
  wrong: number;
  wrongAtMs: number;
  /** Wrong keys one after the other, for the delay. */
  count: number;
  countAtMs: number;
  waiting: number;
}

/** Publishers that share an address, an office's, have one claim each; guessers and loops of scripts have more. */
const LIMITS: ClaimLimits = { open: 16, wrongPerHour: 100 };
const HOUR_MS = 3_600_000;
const FIRST_MS = 500;
const LONGEST_MS = 8_000;
/** A wrong key delays the next one for so long. */
const FORGOTTEN_MS = 10 * 60_000;
const MOST_NETWORKS = 10_000;
/** Refusals that are delayed at once, of one network and of all: beyond, each is told at once, and nothing is held for it. */
const MOST_WAITING_EACH = 4;
const MOST_WAITING = 200;

/**
 * Who may have a stream key looked up, and how late a wrong one is refused: guessing gets slower with each guess, and a flood
 * of wrong keys costs the database little and publishers from elsewhere nothing.
 */
export class Claims {
  readonly #limits: ClaimLimits;
  readonly #isProxy: (address: string) => boolean;
  readonly #networks = new Map<string, Network>();
  #waiting = 0;

  /** Everybody comes from the address of a proxy, so that it is never shut out. */
  constructor(isProxy: (address: string) => boolean = () => false, limits = LIMITS) {
    this.#isProxy = isProxy;
    this.#limits = limits;
  }

  enter(address: string, nowMs: number): Entry {
    const network = this.#find(address);
    const { open, wrongPerHour } = this.#limits;
    const shareMs = HOUR_MS / wrongPerHour;
    const overMs = (wrongAt(network, nowMs, shareMs) - (wrongPerHour - 1)) * shareMs;
    const isOut = !this.#isProxy(address) && (overMs > 0 || network.open >= open);
    if (isOut) return { isIn: false, retryAfterSeconds: Math.max(1, Math.ceil(overMs / 1_000)) };
    network.open += 1;
    return {
      isIn: true,
      leave: () => {
        network.open -= 1;
      },
    };
  }

  /** The key was wrong. Undefined when that is told at once. */
  refuse(address: string, nowMs: number): Delay | undefined {
    const network = this.#find(address);
    network.wrong = wrongAt(network, nowMs, HOUR_MS / this.#limits.wrongPerHour) + 1;
    network.wrongAtMs = nowMs;
    network.count = nowMs - network.countAtMs < FORGOTTEN_MS ? network.count + 1 : 1;
    network.countAtMs = nowMs;
    if (this.#waiting >= MOST_WAITING || network.waiting >= MOST_WAITING_EACH) return undefined;
    network.waiting += 1;
    this.#waiting += 1;
    const done = () => {
      network.waiting -= 1;
      this.#waiting -= 1;
    };
    return { delayMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** (network.count - 1)), done };
  }

  /** The longest unheard of is forgotten where there are too many. */
  #find(address: string): Network {
    const name = networkOf(address);
    const network = this.#networks.get(name) ?? newNetwork();
    this.#networks.delete(name);
    this.#networks.set(name, network);
    const oldest = this.#networks.keys().next().value;
    if (this.#networks.size > MOST_NETWORKS && oldest !== undefined) this.#networks.delete(oldest);
    return network;
  }
}

function newNetwork(): Network {
  return { open: 0, wrong: 0, wrongAtMs: 0, count: 0, countAtMs: 0, waiting: 0 };
}

function wrongAt({ wrong, wrongAtMs }: Network, nowMs: number, shareMs: number): number {
  return Math.max(0, wrong - (nowMs - wrongAtMs) / shareMs);
}
