import type { Rational } from '../film/film.ts';

/** Shorter parts are more requests than they save time, and some players stumble over them. */
const SHORTEST_SECONDS = 0.2;
const LONGEST_SECONDS = 0.5;
const IDEAL_SECONDS = 1 / 3;
/** Samples of an AAC frame. */
const AUDIO_FRAME = 1_024;
const LEAST_OF_TARGET = 0.85;

/**
 * PART-TARGET of a broadcast: whole frames of picture, near enough to whole frames of sound that a part of either is as
 * long as it has to be, and if possible as many as a segment has room for, so that none of its parts is a scrap.
 */
export function choosePartTarget(
  segmentSeconds: number,
  frameRate: Rational | undefined,
  sampleRate: number | undefined,
): number {
  const audioSeconds = sampleRate === undefined ? undefined : AUDIO_FRAME / sampleRate;
  const frameSeconds = frameRate ? frameRate.den / frameRate.num : audioSeconds;
  if (frameSeconds === undefined) return IDEAL_SECONDS;
  const segmentFrames = Math.round(segmentSeconds / frameSeconds);
  const most = Math.max(1, Math.floor(LONGEST_SECONDS / frameSeconds + 1e-9));
  const counts = Array.from({ length: most }, (_, index) => index + 1);
  const cost = (frames: number) => {
    const seconds = frames * frameSeconds;
    const scrap = frameRate && segmentFrames % frames !== 0 ? 0.1 : 0;
    const isShort = seconds < SHORTEST_SECONDS || !fills(seconds, audioSeconds);
    return Math.abs(seconds - IDEAL_SECONDS) + scrap + (isShort ? 1 : 0);
  };
  return counts.reduce((best, frames) => (cost(frames) < cost(best) ? frames : best)) * frameSeconds;
}

/** Whether whole frames fill a part as far as they must. */
function fills(seconds: number, frameSeconds: number | undefined): boolean {
  if (frameSeconds === undefined) return true;
  return Math.floor(seconds / frameSeconds + 1e-9) * frameSeconds >= LEAST_OF_TARGET * seconds;
}
