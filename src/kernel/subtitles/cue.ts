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

/** The cues of a part, on a clock that begins with it; what lasts beyond its ends is cut there. */
export function cutCues(cues: readonly Cue[], fromSeconds: number, toSeconds: number): Cue[] {
  const [fromMs, toMs] = [Math.round(fromSeconds * 1_000), Math.round(toSeconds * 1_000)];
  return moveCues(cuesWithin(cues, fromMs, toMs), fromMs / 1_000).map((cue) => ({
    ...cue,
    endMs: Math.min(cue.endMs, toMs - fromMs),
  }));
}

/** Cues that are on the screen at some time from `fromMs` to before `toMs`, with their full times. */
export function cuesWithin(cues: readonly Cue[], fromMs: number, toMs: number): Cue[] {
  return cues.filter(({ startMs, endMs }) => startMs < toMs && endMs > fromMs);
}
