import type { LiveSegment } from '../live/broadcast.ts';
import { momentsOf, type Recording } from './recording.ts';

/** The segment of a rendition that plays at a moment, or the last before that is no gap; else the first that is none. */
export function segmentAt(recording: Recording, rendition: string, seconds: number): LiveSegment | undefined {
  const begun = momentsOf(recording).filter(({ startSeconds }) => startSeconds <= seconds);
  const last = begun.at(-1);
  const all = recording.stretches.flatMap(({ segments }) => segments.get(rendition) ?? []);
  const there = all.filter(({ isGap }) => !isGap);
  return there.findLast(({ sequence }) => last !== undefined && sequence <= last.sequence) ?? there[0];
}
