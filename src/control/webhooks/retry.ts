/**
 * A delivery is tried for about a day: after 5 seconds, then twice as long each time, from the twelfth on every two
 * hours. An endpoint that is down for five minutes has its events within minutes of its return, one that is down over
 * night has them by the morning.
 */
export const DELIVERY_ATTEMPTS = 23;

const FIRST_MS = 5_000;
const LONGEST_MS = 2 * 3_600_000;
/** A fifth more or less: what failed together does not come back together. */
const JITTER = 0.2;

/** Pause after attempt number `attempt` (1 for the first) failed; `random` is from 0 to 1. */
export function retryPauseMs(attempt: number, random: number): number {
  const straight = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(straight * (1 - JITTER + 2 * JITTER * random));
}
