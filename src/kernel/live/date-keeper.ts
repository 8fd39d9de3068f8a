import type { SourcePacket } from './tap.ts';

/** What is off by less is a network's jitter, and players' clocks are no better. */
const TOLERANCE_MS = 100;
/** The least delay of so long is what a clock is judged by: a network holds packets up, and never hands them on early. */
const SPAN_MS = 30_000;
const SLICE_MS = 1_000;
/**
 * Share of a segment that dates may be moved by from it to the next. Back: a date in the future is false, and dates must
 * still go on. Forward: a clock that is slow by 2 % is followed, and what is only late comes early again soon.
 */
const MOST_BACK = 0.25;
const MOST_FORWARD = 0.02;

interface Slice {
  readonly atMs: number;
  readonly leastMs: number;
}

/** Dates that were further ahead than this were those of a clock that has been set since. */
const MOST_AHEAD_MS = 30_000;

/**
 * What the first date of a session is moved by, so that it is not before the end of what is listed: what a backup sends
 * has been sent before by the one whose place it takes.
 */
export function firstShift(beganAtMs: number, listedUntilMs: number): number {
  const overlapMs = Math.ceil(listedUntilMs - beganAtMs);
  return overlapMs > 0 && overlapMs <= MOST_AHEAD_MS ? overlapMs : 0;
}

/**
 * Dates the media of one session by when it arrived. What a source's own clock says is steady, which times of arrival are
 * not, so dates go on with it; and they are moved, a little with each segment, where it is off: it was fast or slow, or
 * the first media came late and what followed made up for it.
 */
export class DateKeeper {
  readonly #beganAtMs: number;
  /** How much later than the source says the earliest of each second came, the oldest second first. */
  readonly #slices: Slice[] = [];
  /** The source's tracks may be of different clocks: the first that is heard of counts. */
  #kind: SourcePacket['kind'] | undefined;
  #shiftMs: number;
  #lastSeconds: number | undefined;

  /** @param shiftMs what the first date is moved by */
  constructor(beganAtMs: number, shiftMs = 0) {
    this.#beganAtMs = beganAtMs;
    this.#shiftMs = shiftMs;
  }

  /** Packets of the source, whose times count from the session's beginning, have come. */
  take(packets: readonly SourcePacket[], nowMs: number): void {
    for (const { kind, decodeSeconds } of packets) {
      this.#kind ??= kind;
      if (kind === this.#kind) this.#note(nowMs - this.#beganAtMs - 1_000 * decodeSeconds, nowMs);
    }
  }

  /** What the date of the segment that begins then is moved by, against the session's beginning and its ticks. */
  next(startSeconds: number): number {
    const seconds = Math.max(0, startSeconds - (this.#lastSeconds ?? startSeconds));
    this.#lastSeconds = startSeconds;
    if (this.#slices.length === 0) return this.#shiftMs;
    const leastMs = this.#slices.reduce((least, each) => Math.min(least, each.leastMs), Infinity);
    const offMs = leastMs - this.#shiftMs;
    if (Math.abs(offMs) <= TOLERANCE_MS) return this.#shiftMs;
    const [back, forward] = [-1_000 * seconds * MOST_BACK, 1_000 * seconds * MOST_FORWARD];
    this.#shiftMs = Math.round(this.#shiftMs + Math.max(back, Math.min(forward, offMs)));
    return this.#shiftMs;
  }

  #note(lateMs: number, nowMs: number): void {
    const last = this.#slices.at(-1);
    if (last && nowMs - last.atMs < SLICE_MS) {
      this.#slices[this.#slices.length - 1] = { ...last, leastMs: Math.min(last.leastMs, lateMs) };
      return;
    }
    this.#slices.push({ atMs: nowMs, leastMs: lateMs });
    while ((this.#slices[0]?.atMs ?? nowMs) <= nowMs - SPAN_MS) this.#slices.shift();
  }
}
