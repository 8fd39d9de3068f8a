import type { Range } from './ranges.ts';

/** Players keep so far from the end of an ordinary playlist; one that began further away has not begun at the edge. */
const MOST_HELD_SECONDS = 8;
/** What is kept of a window whose end no player has begun near to: three parts, with some to spare. */
const USUAL_HELD_SECONDS = 3;
/** So much before the end of what there is a picture can still be found. */
const END_SECONDS = 0.3;

/** Of the window as a browser tells it, which it does only when it has read the playlist again. */
export interface NativeWindow {
  readonly start: number;
  readonly end: number;
  /** When the end came to be there, on any clock that only goes forward. */
  readonly seenAtMs: number;
  /** How far from the end the browser keeps, which is where it began. */
  readonly heldSeconds: number;
}

/** Undefined where the browser lets nobody seek. */
export function followWindow(
  before: NativeWindow | undefined,
  ranges: readonly Range[],
  atSeconds: number,
  nowMs: number,
): NativeWindow | undefined {
  const [start] = ranges[0] ?? [];
  const [, end] = ranges.at(-1) ?? [];
  if (start === undefined || end === undefined) return before;
  if (before) return { ...before, start, end, seenAtMs: end === before.end ? before.seenAtMs : nowMs };
  const window = { start, end, seenAtMs: nowMs, heldSeconds: Math.max(0, end - atSeconds) };
  return hasBegunFarBehind(window, atSeconds) ? { ...window, heldSeconds: USUAL_HELD_SECONDS } : window;
}

/** Browsers begin where the playlist wants them to, and now and then far behind it. */
export function hasBegunFarBehind({ end }: NativeWindow, atSeconds: number): boolean {
  return end - atSeconds > MOST_HELD_SECONDS;
}

/** Where a player that is live is by now: the end runs on while nobody reads it, until the broadcast is over. */
export function aimOf({ end, seenAtMs, heldSeconds }: NativeWindow, isOver: boolean, nowMs: number): number {
  return isOver ? end : end + (nowMs - seenAtMs) / 1_000 - heldSeconds;
}

/** A place in the window that is so many seconds before the newest. */
export function placeBehind(window: NativeWindow, isOver: boolean, seconds: number, nowMs: number): number {
  return Math.min(window.end - END_SECONDS, Math.max(window.start, aimOf(window, isOver, nowMs) - seconds));
}
