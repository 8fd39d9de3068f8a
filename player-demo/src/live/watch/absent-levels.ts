import type { Level } from '../../player/levels.ts';

/** The levels as they are now: a machine that is too slow leaves out the upper ones of a session. */
export function markAbsent(levels: readonly Level[], present: readonly string[] | undefined): readonly Level[] {
  if (!present) return levels;
  return levels.map((level) => {
    const isThere = level.rendition === undefined || present.includes(level.rendition);
    return isThere ? level : { ...level, isAbsent: true };
  });
}

/** What a live media playlist's address says it is of: `/live/{stream}/b{broadcast}/{rendition}/index.m3u8`. */
export function renditionOf(url: string): string | undefined {
  return /\/b\d+\/([^/]+)\/index\.m3u8/.exec(url)?.[1];
}
