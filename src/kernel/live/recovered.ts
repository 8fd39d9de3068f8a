import type { LiveSegment, Session } from './broadcast.ts';

/**
 * Segments, each of those that are not settled as long as its neighbours say: where something was missing at the beginning
 * or the end of one, its own bytes do not tell.
 */
export function spanBetween(
  segments: readonly LiveSegment[],
  isSettled: (segment: LiveSegment) => boolean,
): LiveSegment[] {
  return byRendition(segments).flatMap(([, own]) => {
    let end: number | undefined;
    return own.map((segment, index) => {
      const [before, next] = [own[index - 1], own[index + 1]];
      const ownEnd = segment.startTicks + segment.durationTicks;
      if (isSettled(segment)) {
        end = ownEnd;
        return segment;
      }
      const startTicks = before && follows(before, segment) && end !== undefined ? end : segment.startTicks;
      end = Math.max(startTicks + 1, next && follows(segment, next) ? next.startTicks : ownEnd);
      return { ...segment, startTicks, durationTicks: end - startTicks };
    });
  });
}

/** Gaps for what a rendition lacks of the segments that others have, or all of them of those in between. */
export function missingSegments(
  segments: readonly LiveSegment[],
  renditions: readonly { readonly name: string; readonly timescale: number }[],
): LiveSegment[] {
  const scales = new Map(renditions.map(({ name, timescale }) => [name, timescale]));
  const bySequence = Map.groupBy(segments, ({ sequence }) => sequence);
  const count = Math.max(-1, ...bySequence.keys()) + 1;
  return renditions.flatMap(({ name, timescale }) => {
    const gaps: LiveSegment[] = [];
    let before: LiveSegment | undefined;
    for (let sequence = 0; sequence < count; sequence += 1) {
      const all = bySequence.get(sequence) ?? [];
      const own = all.find(({ rendition }) => rendition === name);
      // As long as what is missing everywhere may have been, the segment before it was.
      const model = all[0] ?? before;
      if (own || !model) {
        before = own ?? before;
        continue;
      }
      const share = timescale / (scales.get(model.rendition) ?? timescale);
      const isSame = before?.session === model.session;
      const startTicks =
        before && isSame ? before.startTicks + before.durationTicks : Math.round(model.startTicks * share);
      const endTicks =
        model === before
          ? startTicks + model.durationTicks
          : Math.round((model.startTicks + model.durationTicks) * share);
      const durationTicks = Math.max(1, endTicks - startTicks);
      const { session, shiftMs } = model;
      before = { rendition: name, sequence, session, startTicks, durationTicks, bytes: 0, isGap: true };
      if (shiftMs !== undefined) before = { ...before, shiftMs };
      gaps.push(before);
    }
    return gaps;
  });
}

interface Leftovers {
  readonly sessions: readonly Session[];
  readonly inits: readonly { readonly session: number }[];
  readonly segments: readonly { readonly session: number; readonly sequence: number }[];
}

/**
 * What a node has left on its disk of a broadcast, without that for which there is no place any more since another node
 * has gone on with it: a session is another one, or others have followed it before this segment came.
 */
export function fitting<Left extends Leftovers>(
  left: Left,
  recorded: { readonly sessions: readonly Session[]; readonly segments: readonly LiveSegment[] },
): Left {
  const began = new Map(recorded.sessions.map(({ number, beganAtMs }) => [number, beganAtMs]));
  const isOther = ({ number, beganAtMs }: Session) => (began.get(number) ?? beganAtMs) !== beganAtMs;
  const others = new Set(left.sessions.filter(isOther).map(({ number }) => number));
  const firsts = new Map<number, number>();
  for (const { session, sequence } of recorded.segments)
    firsts.set(session, Math.min(sequence, firsts.get(session) ?? sequence));
  const isPast = ({ session, sequence }: Leftovers['segments'][number]) =>
    [...firsts].some(([other, first]) => other > session && first <= sequence);
  return {
    ...left,
    sessions: left.sessions.filter(({ number }) => !others.has(number)),
    inits: left.inits.filter(({ session }) => !others.has(session)),
    segments: left.segments.filter((each) => !others.has(each.session) && !isPast(each)),
  };
}

function byRendition(segments: readonly LiveSegment[]): [string, LiveSegment[]][] {
  const groups = Map.groupBy(segments, ({ rendition }) => rendition);
  return [...groups].map(([name, own]) => [name, own.sort((one, other) => one.sequence - other.sequence)]);
}

function follows(before: LiveSegment, segment: LiveSegment): boolean {
  return before.session === segment.session && before.sequence + 1 === segment.sequence;
}
