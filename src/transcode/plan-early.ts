import type { ArrivalMap } from '../kernel/cmaf/arrival-map.ts';
import { type Film, renditionNames, segmentTiming } from '../kernel/film/film.ts';
import { ALL_BYTES, type NewJob } from '../queue/queue.ts';

/** A decoder reads on a little for pictures shown out of order, and a reader takes picture and sound in turns. */
const READ_AHEAD_SECONDS = 4;

const KINDS = ['copy', 'video', 'audio'];

/** The work on a film that still arrives at `place`: each piece waits until its part of the source is there. */
export function withNeeds(
  jobs: readonly NewJob[],
  film: Film,
  zeroSeconds: number,
  map: ArrivalMap,
  place: Pick<NewJob, 'atNode'>,
): NewJob[] {
  return jobs.map((job) => {
    if (!KINDS.includes(job.kind)) return { ...job, ...place, needsBytes: ALL_BYTES };
    const until = zeroSeconds + endSeconds(film, job.endSegment) + READ_AHEAD_SECONDS;
    // An index may name any place, also one outside of every file.
    return { ...job, ...place, needsBytes: Math.min(map.bytesUntil(until), ALL_BYTES) };
  });
}

function endSeconds(film: Film, endSegment: number): number {
  const timing = segmentTiming(film, renditionNames(film)[0] ?? '', endSegment - 1);
  return timing ? (timing.startTicks + timing.durationTicks) / timing.timescale : film.durationSeconds;
}
