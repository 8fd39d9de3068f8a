/** A piece of text and when it is shown. Milliseconds are whole, and every end lies after its start. */
export interface Cue {
  readonly startMs: number;
  readonly endMs: number;
  /** WebVTT cue text (its own tags and escapes only), one to a few lines. */
  readonly text: string;
  /** WebVTT cue settings, such as `line:0`; empty for the usual place. */
  readonly settings: string;
}

/** The order of a WebVTT file: by start; among equals, what is shown longer comes first. */
export function byTime(one: Cue, other: Cue): number {
  return one.startMs - other.startMs || other.endMs - one.endMs;
}

/** The cues on a clock that began `seconds` later; what was over by then is left out. */
export function moveCues(cues: readonly Cue[], seconds: number): Cue[] {
  const byMs = Math.round(seconds * 1_000);
  return cues
    .map((cue) => ({ ...cue, startMs: Math.max(0, cue.startMs - byMs), endMs: cue.endMs - byMs }))
    .filter(({ endMs }) => endMs > 0);
}

/** Cues that are on the screen at some time from `fromMs` to before `toMs`, with their full times. */
export function cuesWithin(cues: readonly Cue[], fromMs: number, toMs: number): Cue[] {
  return cues.filter(({ startMs, endMs }) => startMs < toMs && endMs > fromMs);
}
