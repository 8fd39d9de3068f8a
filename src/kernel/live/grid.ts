/**
 * Where the segments of one session begin, in seconds of its clock, for all its tracks: the first track that knows where
 * a segment begins settles it, and the others cut as near to that as their frames allow. So every rendition has the same
 * number of segments, which is what makes sequence numbers mean the same time in all of them.
 */
export class SegmentGrid {
  readonly #segmentSeconds: number;
  readonly #shortestSeconds: number;
  readonly #starts: number[] = [0];

  constructor(segmentSeconds: number, limitSeconds: number) {
    this.#segmentSeconds = segmentSeconds;
    this.#shortestSeconds = Math.min(segmentSeconds / 4, limitSeconds - segmentSeconds);
  }

  /** Segments whose beginning is settled. */
  get length(): number {
    return this.#starts.length;
  }

  /** Where a segment begins; undefined until it is settled. */
  startOf(index: number): number | undefined {
    return this.#starts[index];
  }

  /**
   * The multiple of the segment length at which a segment is due to end. A key frame may lie a little before the multiple
   * that it stands for: what is next to the beginning is no end.
   */
  dueEnd(index: number): number {
    const earliest = (this.#starts[index] ?? 0) + this.#shortestSeconds;
    return Math.ceil(earliest / this.#segmentSeconds) * this.#segmentSeconds;
  }

  /** The segment after all that are settled begins there. */
  settle(seconds: number): void {
    this.#starts.push(seconds);
  }
}
