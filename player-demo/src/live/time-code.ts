/**
 * A wall clock that a machine reads off a picture: one row of blocks, black or white, each a bit of the milliseconds
 * since midnight UTC with a sum behind them. Who reads it off a video knows how old the picture is. Blocks are as wide as the
 * picture allows, so that they outlive any encoder.
 */

/** 27 bits hold the milliseconds of a day. */
const TIME_BITS = 27;
const CHECK_BITS = 5;
export const CODE_BITS = TIME_BITS + CHECK_BITS;

/** The row's height, of the picture's. */
export const CODE_ROW_SHARE = 1 / 18;

const DAY_MS = 86_400_000;

/** Most significant bit first, true for white. */
export function encodeTime(epochMs: number): readonly boolean[] {
  const time = Math.floor(epochMs) % DAY_MS;
  const value = time * 2 ** CHECK_BITS + checkOf(time);
  return Array.from({ length: CODE_BITS }, (_, at) => Math.floor(value / 2 ** (CODE_BITS - 1 - at)) % 2 === 1);
}

/**
 * The moment that brightnesses (0 to 255, one a block) stand for: the last one before `nowMs` with that time of day.
 * Undefined when the sum is wrong, or when a block is neither black nor white.
 */
export function decodeTime(blocks: readonly number[], nowMs: number): number | undefined {
  if (blocks.length !== CODE_BITS || blocks.some((level) => level > 80 && level < 175)) return undefined;
  const value = blocks.reduce((sum, level) => sum * 2 + (level >= 128 ? 1 : 0), 0);
  const time = Math.floor(value / 2 ** CHECK_BITS);
  if (time >= DAY_MS || value % 2 ** CHECK_BITS !== checkOf(time)) return undefined;
  const ageMs = (((Math.floor(nowMs) - time) % DAY_MS) + DAY_MS) % DAY_MS;
  return Math.floor(nowMs) - ageMs;
}

/** Of a black row and a white one it is not what they would say. */
function checkOf(time: number): number {
  let sum = 11;
  for (let rest = time; rest > 0; rest = Math.floor(rest / 32)) sum = (sum * 7 + (rest % 32)) % 31;
  return sum;
}
