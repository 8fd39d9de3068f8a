import type { ProgramTable, Track } from './tables.ts';

/** Who of a later part plays on for whom of the first. */
export interface Casting {
  /** A later part's packet numbers, each with the one of the first that it goes on under. */
  readonly numbers: ReadonlyMap<number, number>;
  /** Tracks that nothing in the first part goes on as. */
  readonly homeless: readonly Track[];
}

/** Whether a later track may go on as an earlier one. */
type Rule = (earlier: Track, later: Track) => boolean;

/**
 * Finds for each track of a later part the one of the first that it goes on as. Only what is coded alike can follow one
 * another; among those the language tells, and then the order. Where the pictures kept their number, so did the rest.
 */
export function castTracks(first: readonly Track[], later: readonly Track[]): Casting {
  const isRenewed = later.some((track) => track.kind === 'picture' && first.some((each) => isSame(each, track)));
  const rules: Rule[] = [
    ...(isRenewed ? [isSame] : []),
    (earlier, next) => earlier.language === next.language,
    () => true,
  ];
  const numbers = new Map<number, number>();
  const taken = new Set<Track>();
  for (const rule of rules) {
    for (const earlier of first) {
      if (taken.has(earlier)) continue;
      const next = later.find((each) => !numbers.has(each.pid) && isAlike(earlier, each) && rule(earlier, each));
      if (!next) continue;
      numbers.set(next.pid, earlier.pid);
      taken.add(earlier);
    }
  }
  return { numbers, homeless: later.filter(({ pid }) => !numbers.has(pid)) };
}

function isAlike(one: Track, other: Track): boolean {
  return one.kind === other.kind && one.codec === other.codec;
}

function isSame(one: Track, other: Track): boolean {
  return one.pid === other.pid && isAlike(one, other);
}

/** Whether a table says the same as before of pictures and sound. */
export function sameTracks(before: readonly Track[], now: readonly Track[]): boolean {
  return before.length === now.length && before.every((track, index) => isRepeated(track, now[index]));
}

function isRepeated(track: Track, again: Track | undefined): boolean {
  return again !== undefined && isSame(track, again) && track.language === again.language;
}

/**
 * Whether a table is the one before with more in it: tracks that began a moment late. Its version tells, since the table
 * of another recording begins to count anew.
 */
export function hasGrown(before: ProgramTable, now: ProgramTable): boolean {
  const isKept = before.tracks.every((track) => now.tracks.some((each) => isSame(track, each)));
  return isKept && now.version !== before.version;
}
