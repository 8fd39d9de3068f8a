/** One SourceBuffer with what it has still to do, since it does one thing at a time. */
export class TrackBuffer {
  readonly #buffer: SourceBuffer;
  readonly #onBroken: (code: string) => void;
  #mimeType: string;
  #steps: Step[] = [];

  constructor(buffer: SourceBuffer, mimeType: string, onBroken: (code: string) => void) {
    this.#buffer = buffer;
    this.#mimeType = mimeType;
    this.#onBroken = onBroken;
    buffer.addEventListener('updateend', () => this.#work());
    buffer.addEventListener('error', () => onBroken('MEDIA_NOT_TAKEN'));
  }

  /** What follows belongs to this init, and to a clock that stands so many seconds after the first one. */
  begin(init: Uint8Array<ArrayBuffer>, mimeType: string, offsetSeconds: number): void {
    this.#push(() => {
      if (mimeType !== this.#mimeType) this.#buffer.changeType(mimeType);
      this.#mimeType = mimeType;
      this.#buffer.timestampOffset = offsetSeconds;
      this.#buffer.appendBuffer(init);
    });
  }

  append(media: Uint8Array<ArrayBuffer>): void {
    this.#push(() => this.#buffer.appendBuffer(media));
  }

  /** Lets go of what was played long ago. */
  dropBefore(seconds: number): void {
    const { buffered } = this.#buffer;
    if (buffered.length === 0 || buffered.start(0) >= seconds) return;
    this.#push(() => this.#buffer.remove(0, seconds));
  }

  get buffered(): TimeRanges {
    return this.#buffer.buffered;
  }

  #push(step: Step): void {
    this.#steps.push(step);
    this.#work();
  }

  #work(): void {
    if (this.#buffer.updating) return;
    const step = this.#steps.shift();
    if (!step) return;
    try {
      step();
    } catch (thrown) {
      this.#steps = [];
      this.#onBroken(thrown instanceof Error ? thrown.name : 'MEDIA_NOT_TAKEN');
    }
  }
}

/** Begins something that ends with `updateend`. */
type Step = () => void;
