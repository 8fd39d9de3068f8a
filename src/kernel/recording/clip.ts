import { reaches } from '../live/date-range.ts';
import { datesOf, makeRecording, momentsOf, type Recording, type StoredRecording } from './recording.ts';

/** Seconds of an asset, from its beginning. */
export interface Span {
  readonly inSeconds: number;
  readonly outSeconds: number;
}

/** A span, or the newest so many seconds: of a broadcast that goes on nobody else knows how far it has come. */
export type WantedSpan = Partial<Span> & { readonly lastSeconds?: number };

/** Undefined for a wish that names no span, or both kinds. */
export function spanOf({ inSeconds, outSeconds, lastSeconds }: WantedSpan, endSeconds: number): Span | undefined {
  if (inSeconds !== undefined && outSeconds !== undefined) {
    return lastSeconds === undefined ? { inSeconds, outSeconds } : undefined;
  }
  if (lastSeconds === undefined || inSeconds !== undefined || outSeconds !== undefined) return undefined;
  return { inSeconds: Math.max(0, endSeconds - lastSeconds), outSeconds: endSeconds };
}

/** A part of a recording, and which span it really is: segments are whole, so it may begin sooner and end later. */
export interface Clip extends Span {
  readonly recording: Recording;
}

/** A span that ends so little behind the last segment ends with it: what people read off a player is rounded. */
const ROUNDING_SECONDS = 0.1;

/** The segments that a span touches. Undefined for one that reaches beyond what there is. */
export function planClip(stored: StoredRecording, { inSeconds, outSeconds }: Span): Clip | undefined {
  const whole = makeRecording(stored);
  if (!whole) return undefined;
  const moments = momentsOf(whole);
  if (inSeconds < 0 || outSeconds > (moments.at(-1)?.endSeconds ?? 0) + ROUNDING_SECONDS) return undefined;
  const within = moments.filter((each) => each.endSeconds > inSeconds && each.startSeconds < outSeconds);
  const numbers = new Set(within.map(({ sequence }) => sequence));
  const sessions = new Set(within.map(({ session }) => session));
  // Chosen anew among all that is stored: a rung that was dropped later is whole in here.
  const recording = makeRecording({
    format: stored.format,
    sessions: stored.sessions.filter(({ number }) => sessions.has(number)),
    segments: stored.segments.filter(({ sequence }) => numbers.has(sequence)),
    ...(stored.dateRanges ? { dateRanges: stored.dateRanges } : {}),
  });
  if (!recording) return undefined;
  const own = new Set(recording.stretches.flatMap(({ sequences }) => sequences));
  const taken = within.filter(({ sequence }) => own.has(sequence));
  return {
    recording: withinDates(recording),
    inSeconds: taken[0]?.startSeconds ?? 0,
    outSeconds: taken.at(-1)?.endSeconds ?? 0,
  };
}

/** Of what was told, a clip has what was told in its time. */
function withinDates({ dateRanges = [], ...recording }: Recording): Recording {
  const dates = datesOf(recording);
  if (!dates) return recording;
  const within = dateRanges.filter((each) => reaches(each, dates.fromMs) && each.startsAtMs < dates.untilMs);
  return within.length > 0 ? { ...recording, dateRanges: within } : recording;
}
