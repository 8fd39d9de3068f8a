/**
 * How far the clock of a session's media is off by now. Media time goes by its source's clock, which may be fast or slow: one
 * that is a thousandth fast is 3.6 s ahead after an hour. Parts say when they were published, by the server's clock. That
 * is late by what encoding takes, which stays the same, and by the network's whims, which the least of a while is without: what
 * the least of them changes by is the source's clock.
 */

/** A network holds things up now and then, and never for so long at a stretch. */
const SPAN_MS = 30_000;
const SLICE_MS = 1_000;
/** The first of all may be one that was held up. */
const SETTLES_MS = 5_000;
/** What encoding takes is not known; whoever joins late to a source that was slow must not take hours of that for it. */
const MOST_AT_FIRST_MS = 1_000;
/** Clocks are slow by less than that. A server that cannot keep up is later faster, and that is delay. */
const MOST_SLOW = 0.005;

interface Slice {
  readonly publishedAtMs: number;
  readonly leastMs: number;
}

export interface Lateness {
  /** What is to be added to the media's own clock. */
  readonly offMs: number;
  /** What the least of them is without any fault of the clock. */
  readonly ownMs: number;
  readonly sinceMs: number;
  /** The least of each second, oldest first. */
  readonly slices: readonly Slice[];
}

/** @param endsAtMs Of a part, by the media's own clock. */
export function followLateness(before: Lateness | undefined, endsAtMs: number, publishedAtMs: number): Lateness {
  const lateMs = publishedAtMs - endsAtMs;
  const slices = withSlice(before?.slices ?? [], lateMs, publishedAtMs);
  const leastMs = Math.min(...slices.map((each) => each.leastMs));
  const sinceMs = before?.sinceMs ?? publishedAtMs;
  if (!before || publishedAtMs - sinceMs < SETTLES_MS) {
    // Nothing is published before it has happened.
    const ownMs = Math.min(MOST_AT_FIRST_MS, Math.max(0, leastMs));
    return { offMs: leastMs - ownMs, ownMs, sinceMs, slices };
  }
  const passedMs = Math.max(0, publishedAtMs - (before.slices.at(-1)?.publishedAtMs ?? publishedAtMs));
  const offMs = Math.min(leastMs - before.ownMs, before.offMs + MOST_SLOW * passedMs);
  return { ...before, offMs, slices };
}

function withSlice(slices: readonly Slice[], lateMs: number, publishedAtMs: number): readonly Slice[] {
  const last = slices.at(-1);
  const kept = slices.filter((each) => each.publishedAtMs > publishedAtMs - SPAN_MS);
  if (!last || publishedAtMs - last.publishedAtMs >= SLICE_MS) return [...kept, { publishedAtMs, leastMs: lateMs }];
  return [...kept.slice(0, -1), { ...last, leastMs: Math.min(last.leastMs, lateMs) }];
}
