import { type DateRange, LONGEST_DATE_RANGE_TEXT, MOST_DATE_RANGES } from '../../kernel/live/date-range.ts';

/** What players are told of with the media of its time: the newest of it, as every playlist of a broadcast lists it. */
export class Annotations {
  #ranges: readonly DateRange[] = [];
  #version = 0;

  get ranges(): readonly DateRange[] {
    return this.#ranges;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  /** Those that a process before this one has told. */
  resume(ranges: readonly DateRange[]): void {
    this.#keep(ranges);
  }

  /** As it is listed from now on. Undefined for one that is told again: an id means the same as long as anybody may know it. */
  add(range: DateRange): DateRange | undefined {
    if (this.#ranges.some(({ id }) => id === range.id)) return undefined;
    const added = { ...range, text: range.text.slice(0, LONGEST_DATE_RANGE_TEXT) };
    this.#keep([...this.#ranges, added]);
    return added;
  }

  #keep(ranges: readonly DateRange[]): void {
    this.#ranges = ranges.slice(-MOST_DATE_RANGES);
    this.#version += 1;
  }
}
