import { SLICE_BYTES } from './record.ts';

/** Buffers kept for the next reader; 16 MiB. */
const MAX_IDLE = 128;

/** Buffers of one slice that go from viewer to viewer, so that reading makes no garbage. */
export class SlicePool {
  readonly #idle: Buffer[] = [];

  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(SLICE_BYTES);
  }

  /** Only when nobody will read it any more. One that is never given back costs an allocation, nothing else. */
  give(buffer: Buffer): void {
    if (this.#idle.length < MAX_IDLE) this.#idle.push(buffer);
  }
}
