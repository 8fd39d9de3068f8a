/** One SourceBuffer with what it has still to do, since it does one thing at a time. */
export class TrackBuffer {
  readonly #buffer: SourceBuffer;
  readonly #onBroken: (code: string) => void;
  /** What lies before it was played. */
  readonly #playedUntil: () => number;
  #mimeType: string;
  #steps: Step[] = [];

  constructor(buffer: SourceBuffer, mimeType: string, playedUntil: () => number, onBroken: (code: string) => void) {
    this.#buffer = buffer;
    this.#mimeType = mimeType;
    this.#playedUntil = playedUntil;
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

  /** Lets go of what will not be played. */
  drop(fromSeconds: number, toSeconds: number): void {
    if (toSeconds <= fromSeconds || !this.#hasAny(fromSeconds, toSeconds)) return;
    this.#push(() => this.#buffer.remove(fromSeconds, toSeconds));
  }

  #hasAny(fromSeconds: number, toSeconds: number): boolean {
    const { buffered } = this.#buffer;
    return Array.from({ length: buffered.length }, (_, at) => at).some(
      (at) => buffered.start(at) < toSeconds && buffered.end(at) > fromSeconds,
    );
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
      const code = thrown instanceof Error ? thrown.name : 'MEDIA_NOT_TAKEN';
      if (code === 'QuotaExceededError' && this.#makeRoom(step)) return;
      this.#steps = [];
      this.#onBroken(code);
    }
  }

  /** A browser gives each track so many bytes. Whether there was anything to let go of; the step comes again then. */
  #makeRoom(step: Step): boolean {
    const until = this.#playedUntil();
    if (until <= 0 || !this.#hasAny(0, until)) return false;
    this.#steps.unshift(step);
    this.#buffer.remove(0, until);
    return true;
  }
}

/** Begins something that ends with `updateend`. */
type Step = () => void;
