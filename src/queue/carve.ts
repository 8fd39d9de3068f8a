import type { NewJob } from './queue.ts';

/**
 * How many segments a viewer's own piece of work has: one to answer with and one to go on with while the rest is
 * encoded. Each piece costs an encoder's start, so it is not one.
 */
export const WANTED_SEGMENTS = 2;

/** A waiting job split around a segment of one lane. Together they publish what the job would have, each segment once. */
export interface Pieces<J> {
  /** What a viewer waits for. */
  readonly wanted: J;
  /** What the viewer needs after that, as far as the job has it. */
  readonly next: J | undefined;
  /** What comes before, or is of other lanes. */
  readonly rest: readonly J[];
}

export function carve<J extends NewJob>(job: J, lane: string, segment: number): Pieces<NewJob> {
  const { lanes, firstSegment, endSegment } = job;
  const isSmall = lanes.length === 1 && endSegment - firstSegment <= WANTED_SEGMENTS;
  const from = isSmall ? firstSegment : segment;
  const to = Math.min(endSegment, from + WANTED_SEGMENTS);
  const others = lanes.filter((each) => each !== lane);
  const piece = (of: readonly string[], first: number, end: number): NewJob[] =>
    of.length === 0 || first >= end ? [] : [{ ...plain(job), lanes: of, firstSegment: first, endSegment: end }];
  const [wanted] = piece([lane], from, to);
  if (!wanted) throw new RangeError(`segment ${segment} of ${lane} is not a part of the job`);
  return {
    wanted,
    next: piece([lane], to, endSegment)[0],
    // Other lanes keep their one decoding for all of them.
    rest: [...piece(lanes, firstSegment, from), ...piece(others, from, endSegment)],
  };
}

function plain({
  kind,
  subject,
  payload,
  priority,
  lanes,
  firstSegment,
  endSegment,
  needsBytes,
  atNode,
}: NewJob): NewJob {
  const wait = { ...(needsBytes === undefined ? {} : { needsBytes }), ...(atNode === undefined ? {} : { atNode }) };
  return { kind, subject, payload, priority, lanes, firstSegment, endSegment, ...wait };
}
