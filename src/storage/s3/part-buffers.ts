/**
 * Memory for what is on its way to a server: a fixed number of buffers, used again and again, since a fresh one for every
 * part would grow the process faster than its garbage is collected. Whoever finds none free waits for its turn.
 */
export class PartBuffers {
  readonly #count: number;
  #inUse = 0;
  #idle: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** Runs `work` with `sizeBytes` of memory that are its own until it ends. */
  async lend<T>(sizeBytes: number, work: (bytes: Buffer) => Promise<T>): Promise<T> {
    if (this.#inUse < this.#count) this.#inUse += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const kept = this.#idle.pop();
    const buffer = kept && kept.length >= sizeBytes ? kept : Buffer.allocUnsafeSlow(sizeBytes);
    try {
      return await work(buffer.subarray(0, sizeBytes));
    } finally {
      this.#idle.push(buffer);
      this.#pass();
    }
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#inUse -= 1;
    // Between uploads the memory is better used by others.
    if (this.#inUse === 0) this.#idle = [];
  }
}
