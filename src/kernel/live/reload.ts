import type { Directives } from './directives.ts';
import type { PartPlace } from './timeline.ts';

/** How far a playlist is, as far as reloads are concerned. */
export interface Progress {
  /** The newest complete segment; -1 before the first. */
  readonly last: number;
  /** Parts that it had. */
  readonly lastParts: number;
  /** Parts that the segment in progress has. */
  readonly openParts: number;
  /** Segments after the newest one that are complete, and not listed yet. */
  readonly withheld?: number;
  readonly isEnded: boolean;
  readonly partTargetSeconds: number;
}

export type ReloadAnswer =
  | { readonly answer: 'now'; readonly isDelta: boolean }
  | { readonly answer: 'hold'; readonly until: Awaited; readonly isDelta: boolean }
  | { readonly answer: 'refuse'; readonly why: 'malformed' | 'too-far-ahead' };

/** What a held request waits for: a whole segment, or one of its parts or anything later. */
export interface Awaited {
  readonly sequence: number;
  readonly part?: number;
}

/** Sequence numbers beyond the newest segment listed that a client may ask for. */
const ADVANCE_SEGMENTS = 2;

/**
 * Whether a reload is answered at once, held or refused (RFC 8216bis section 6.2.5.2). Without directives that can be meant
 * it is malformed, unless there is nothing to wait for any more.
 */
export function decideReload(asked: Directives | undefined, progress: Progress): ReloadAnswer {
  if (progress.isEnded) return { answer: 'now', isDelta: false };
  if (!asked) return { answer: 'refuse', why: 'malformed' };
  const { msn, part, skip } = asked;
  const isDelta = skip === true;
  if (msn === undefined) return { answer: 'now', isDelta };
  if (msn > newestSegment(progress) + ADVANCE_SEGMENTS) return { answer: 'refuse', why: 'too-far-ahead' };
  const until = awaitedOf(msn, part, progress);
  if (isPublished(until, progress)) return { answer: 'now', isDelta };
  if (isTooFarAhead(until, progress)) return { answer: 'refuse', why: 'too-far-ahead' };
  return { answer: 'hold', until, isDelta };
}

/** What can be said of a reload by somebody who saw the playlist some time ago, and is not the one who writes it. */
export type Foreseen = 'too-far-ahead' | Awaited;

/** Segments that may have come unseen at once, beside those that time explains: after a jam they come in a bunch. */
const UNSEEN_SEGMENTS = 3;

/** What it waits for; or that this is too far ahead, where that is so whatever has happened since. */
export function foresee(asked: Awaited, seen: Progress, agedTargets: number): Foreseen {
  const until = awaitedOf(asked.sequence, asked.part, seen);
  if (isPublished(until, seen)) return until;
  const furthest = seen.last + UNSEEN_SEGMENTS + Math.ceil(agedTargets) + ADVANCE_SEGMENTS;
  return until.sequence > furthest ? 'too-far-ahead' : until;
}

/** A part behind the last one of a complete segment is the first of the next. */
function awaitedOf(msn: number, part: number | undefined, { last, lastParts }: Progress): Awaited {
  if (part === undefined) return { sequence: msn };
  return msn === last && part >= lastParts ? { sequence: msn + 1, part: 0 } : { sequence: msn, part };
}

/** Whether what was waited for, or anything later, is listed. */
export function isPublished({ sequence, part }: Awaited, { last, openParts, isEnded }: Progress): boolean {
  if (isEnded || sequence <= last) return true;
  return sequence === last + 1 && part !== undefined && part < openParts;
}

/** The newest complete segment, listed or not. */
function newestSegment({ last, withheld = 0 }: Progress): number {
  return last + withheld;
}

function isTooFarAhead({ sequence, part }: Awaited, progress: Progress): boolean {
  const { last, openParts, partTargetSeconds } = progress;
  if (part === undefined || sequence <= newestSegment(progress)) return false;
  const most = partTargetSeconds < 1 ? Math.ceil(3 / partTargetSeconds) : 3;
  const ahead = sequence === last + 1 ? part - (openParts - 1) : part + 1;
  return ahead > most;
}

/** The last part that is listed: what a rendition report says. Undefined before the first. */
export function newestPart({ last, lastParts, openParts }: Progress): PartPlace | undefined {
  if (openParts > 0) return { sequence: last + 1, part: openParts - 1 };
  return last < 0 ? undefined : { sequence: last, part: Math.max(0, lastParts - 1) };
}
