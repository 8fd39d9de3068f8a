import { type Rational, rationalToNumber } from './film.ts';

const USUAL: Rational = { num: 30, den: 1 };
const FASTEST: Rational = { num: 60, den: 1 };

/** Rates that pictures are encoded at, of films and broadcasts alike, lowest first. */
const FRAME_RATES: readonly Rational[] = [
  { num: 24_000, den: 1_001 },
  { num: 24, den: 1 },
  { num: 25, den: 1 },
  { num: 30_000, den: 1_001 },
  USUAL,
  { num: 48, den: 1 },
  { num: 50, den: 1 },
  { num: 60_000, den: 1_001 },
  FASTEST,
];

/**
 * Cameras round their rate, and a clock of whole milliseconds or the mean of a few pictures tells it inexactly. One in two
 * hundred pictures is not worth the next rate, which may be half as many again.
 */
const SAME_RATE = 0.005;

/** No source that says its own rate is faster: beyond it is a guess of ffprobe's from a clock, such as the 1000 of a WebM. */
export const FASTEST_SOURCE = 250;

/**
 * The rate itself where it is near a usual one, otherwise the slowest usual one that loses no picture. A source that does
 * not say its rate comes from a browser as a rule, and browsers aim at 30.
 */
export function planFrameRate(framesPerSecond: number | undefined): Rational {
  if (framesPerSecond === undefined || framesPerSecond > FASTEST_SOURCE) return USUAL;
  const apart = (rate: Rational) => Math.abs(rationalToNumber(rate) / framesPerSecond - 1);
  const nearest = FRAME_RATES.reduce((best, rate) => (apart(rate) < apart(best) ? rate : best));
  if (apart(nearest) <= SAME_RATE) return nearest;
  return FRAME_RATES.find((rate) => rationalToNumber(rate) >= framesPerSecond) ?? FASTEST;
}
