import type { NewJob } from './queue.ts';

/**
 * How many segments a viewer's own piece of work has: one to answer with and one to go on with while the rest is
 * encoded. Each piece costs an encoder's start, so it is not one.
 */
const WANTED_SEGMENTS = 2;

/**
 * Splits a waiting job around the segment of one lane that a viewer waits for: that piece alone comes first, what
 * follows it next, and what comes before it or is of other lanes keeps its place. The pieces together publish exactly
 * what the job would have, each segment of each lane once.
 */
export function carve<J extends NewJob>(job: J, lane: string, segment: number, priority: number): NewJob[] {
  const { lanes, firstSegment, endSegment } = job;
  const wantedEnd = Math.min(endSegment, segment + WANTED_SEGMENTS);
  const others = lanes.filter((each) => each !== lane);
  const piece = (part: Pick<NewJob, 'lanes' | 'firstSegment' | 'endSegment' | 'priority'>): NewJob => ({
    kind: job.kind,
    subject: job.subject,
    payload: job.payload,
    ...part,
  });
  const pieces = [
    piece({ lanes, firstSegment, endSegment: segment, priority: job.priority }),
    piece({ lanes: [lane], firstSegment: segment, endSegment: wantedEnd, priority }),
    piece({ lanes: others, firstSegment: segment, endSegment: wantedEnd, priority: job.priority }),
    piece({ lanes, firstSegment: wantedEnd, endSegment, priority: Math.max(job.priority, priority - 1) }),
  ];
  return pieces.filter((each) => each.lanes.length > 0 && each.firstSegment < each.endSegment);
}
