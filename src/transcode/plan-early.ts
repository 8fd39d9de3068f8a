import type { ArrivalMap } from '../kernel/cmaf/arrival-map.ts';
import { type Film, renditionNames, segmentTiming } from '../kernel/film/film.ts';
import type { NewJob } from '../queue/queue.ts';

/** A decoder reads on a little for pictures shown out of order, and a reader takes picture and sound in turns. */
const READ_AHEAD_SECONDS = 4;

/** Work that looks at the film as a whole waits for all of it. */
const ALL_BYTES = Number.MAX_SAFE_INTEGER;

const KINDS = ['copy', 'video', 'audio'];

/** The work on a film that is still being uploaded: each piece waits until its part of the source is there. */
export function withNeeds(jobs: readonly NewJob[], film: Film, zeroSeconds: number, map: ArrivalMap): NewJob[] {
  return jobs.map((job) => {
    if (!KINDS.includes(job.kind)) return { ...job, needsBytes: ALL_BYTES };
    const until = zeroSeconds + endSeconds(film, job.endSegment) + READ_AHEAD_SECONDS;
    return { ...job, needsBytes: map.bytesUntil(until) };
  });
}

function endSeconds(film: Film, endSegment: number): number {
  const timing = segmentTiming(film, renditionNames(film)[0] ?? '', endSegment - 1);
  return timing ? (timing.startTicks + timing.durationTicks) / timing.timescale : film.durationSeconds;
}
