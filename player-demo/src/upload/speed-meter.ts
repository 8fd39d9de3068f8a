const WINDOW_MS = 4_000;

/** Bytes a second over the last few seconds, so that one slow moment neither shows as a stop nor hides for long. */
export class SpeedMeter {
  #marks: { atMs: number; bytes: number }[] = [];

  /** Returns the present speed, or undefined before a quarter of a second has been seen. */
  mark(atMs: number, bytes: number): number | undefined {
    this.#marks.push({ atMs, bytes });
    while (this.#marks.length > 2 && (this.#marks[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#marks.shift();
    const first = this.#marks[0];
    if (!first || atMs - first.atMs < 250) return undefined;
    return ((bytes - first.bytes) / (atMs - first.atMs)) * 1000;
  }
}
