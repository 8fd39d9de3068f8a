/**
 * How loud a programme is, as ITU-R BS.1770-4 and EBU R128 measure it: in LUFS, from the loudness of blocks of 400 ms that
 * overlap by three quarters.
 */

/** What sound may be brought to: from quieter than broadcast ever was to louder than any platform plays. */
export const LOUDNESS_LUFS = { least: -36, most: -8 };

/** Blocks below this are silence, and those so far below the mean of the rest are pauses. */
const SILENCE_LUFS = -70;
const PAUSE_LU = 10;

/** More than this would be raising the noise of an empty room. */
const MOST_GAIN_DB = 24;

/** Loudness of the programme that the blocks are of; undefined when all of them are silent. */
export function integratedLoudness(blocksLufs: readonly number[]): number | undefined {
  const heard = blocksLufs.filter((block) => block >= SILENCE_LUFS);
  if (heard.length === 0) return undefined;
  const gate = meanLoudness(heard) - PAUSE_LU;
  return meanLoudness(heard.filter((block) => block >= gate));
}

function meanLoudness(blocksLufs: readonly number[]): number {
  const power = blocksLufs.reduce((sum, block) => sum + 10 ** (block / 10), 0);
  return 10 * Math.log10(power / blocksLufs.length);
}

/** Decibels that bring a programme from one loudness to another, to a hundredth; 0 for one that is silent. */
export function gainDb(measuredLufs: number | undefined, targetLufs: number): number {
  if (measuredLufs === undefined) return 0;
  return Math.min(MOST_GAIN_DB, Math.round(100 * (targetLufs - measuredLufs)) / 100);
}
