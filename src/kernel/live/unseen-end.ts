import { type BroadcastFormat, type LiveSegment, renditionsOf, type Session } from './broadcast.ts';
import type { LiveStreamState } from './live-stream.ts';

/** A stream as its row was when its node was found to be silent. */
interface LeftStream {
  readonly state: LiveStreamState;
  readonly ownedUntilMs?: number;
  /** When its publisher was lost, or later. */
  readonly updatedAtMs: number;
}

/**
 * Until when a node that fell silent may have shown viewers something: for as long as it had the stream. Where its publisher
 * was lost another may have come since the row was last true, which is within a lease.
 */
export function shownUntil({ state, ownedUntilMs = 0, updatedAtMs }: LeftStream, leaseMs: number): number {
  return state === 'reconnecting' ? Math.min(ownedUntilMs, updatedAtMs + leaseMs) : ownedUntilMs;
}

/**
 * Gaps in each rendition after all there is, for whatever a node that fell silent showed and did not record: as many numbers
 * as it can have given by `shownUntilMs`. Viewers and edges know what was under them, so they cannot be those of other
 * segments. All together they last as one segment does: nobody knows how much there was, and players go over what is
 * missing second by second.
 */
export function unseenEnd(
  segments: readonly LiveSegment[],
  sessions: readonly Session[],
  format: BroadcastFormat,
  shownUntilMs: number,
): LiveSegment[] {
  if (sessions.length === 0) return [];
  const session = Math.max(...sessions.map(({ number }) => number));
  const first = segments.reduce((most, each) => Math.max(most, each.sequence), -1) + 1;
  const lasts = new Map(segments.filter((each) => each.sequence === first - 1).map((each) => [each.rendition, each]));
  const count = unseenCount(shownUntilMs - recordedUntil([...lasts.values()], sessions, format), format);
  return renditionsOf(format).flatMap(({ name: rendition, timescale }) => {
    const last = lasts.get(rendition);
    const startTicks = last?.session === session ? last.startTicks + last.durationTicks : 0;
    const allTicks = Math.max(count, Math.round(format.segmentSeconds * timescale));
    const startOf = (at: number) => startTicks + Math.round((at * allTicks) / count);
    const shift = last?.shiftMs === undefined ? {} : { shiftMs: last.shiftMs };
    return Array.from({ length: count }, (_, at): LiveSegment => {
      const place = { rendition, sequence: first + at, session, startTicks: startOf(at) };
      return { ...place, durationTicks: startOf(at + 1) - startOf(at), ...shift, bytes: 0, isGap: true };
    });
  });
}

/** Hours of a store that was away; by a clock that was set it could be any number. */
const MOST_UNSEEN = 5_000;

/** Numbers that begin in a span of time after another; one more, since a segment may have been shorter than planned. */
function unseenCount(spanMs: number, { segmentSeconds }: BroadcastFormat): number {
  const begun = Math.ceil(spanMs / (1_000 * segmentSeconds));
  return Math.min(Math.max(1, begun), MOST_UNSEEN) + 1;
}

/** The date at which the last of these ends that all renditions have; that of the first session where there are none. */
function recordedUntil(lasts: readonly LiveSegment[], sessions: readonly Session[], format: BroadcastFormat): number {
  const began = new Map(sessions.map(({ number, beganAtMs }) => [number, beganAtMs]));
  const scales = new Map(renditionsOf(format).map(({ name, timescale }) => [name, timescale]));
  const ends = lasts.flatMap(({ rendition, session, shiftMs = 0, startTicks, durationTicks }) => {
    const [beganAtMs, timescale] = [began.get(session), scales.get(rendition)];
    if (beganAtMs === undefined || timescale === undefined) return [];
    return [beganAtMs + shiftMs + (1_000 * (startTicks + durationTicks)) / timescale];
  });
  return Math.min(...(ends.length > 0 ? ends : began.values()));
}
