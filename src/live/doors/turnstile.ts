/**
 * How many may stand at a door at once. Those who were let in by their key are few and trusted with time; those who were
 * not yet are counted by address too, so that one of them cannot keep the others out.
 */
export interface TurnstileLimits {
  readonly everybody: number;
  readonly waiting: number;
  readonly waitingPerAddress: number;
}

export interface Ticket {
  /** It was let in, and no longer counts as waiting. */
  admitted(): void;
  leave(): void;
}

export class Turnstile {
  readonly #limits: TurnstileLimits;
  readonly #waiting = new Map<string, number>();
  #waitingCount = 0;
  #count = 0;

  constructor(limits: TurnstileLimits) {
    this.#limits = limits;
  }

  /** Undefined when there is no room. */
  enter(address: string): Ticket | undefined {
    const { everybody, waiting, waitingPerAddress } = this.#limits;
    const same = this.#waiting.get(address) ?? 0;
    if (this.#count >= everybody || this.#waitingCount >= waiting || same >= waitingPerAddress) return undefined;
    this.#count += 1;
    this.#waitingCount += 1;
    this.#waiting.set(address, same + 1);
    return this.#ticket(address);
  }

  #ticket(address: string): Ticket {
    let isWaiting = true;
    let isHere = true;
    const admitted = () => {
      if (isWaiting) this.#pass(address);
      isWaiting = false;
    };
    const leave = () => {
      admitted();
      if (isHere) this.#count -= 1;
      isHere = false;
    };
    return { admitted, leave };
  }

  #pass(address: string): void {
    this.#waitingCount -= 1;
    const left = (this.#waiting.get(address) ?? 1) - 1;
    if (left > 0) this.#waiting.set(address, left);
    else this.#waiting.delete(address);
  }
}
