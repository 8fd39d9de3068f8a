import { bufferAheadSeconds } from '../../player/stats-ring.ts';
import type { Range } from './ranges.ts';

/** A player at a moment; it is looked at once a second. */
export interface Look {
  /** It is to play, and shows nothing new. */
  readonly stands: boolean;
  readonly atSeconds: number;
  readonly buffered: readonly Range[];
  readonly isLoading: boolean;
  /** Up to where the playlist lists media. */
  readonly listedSeconds: number;
  /** The broadcast, by all of its playlists. */
  readonly isOver: boolean;
}

/** For how many looks a player has stood near one place. */
export interface Standing {
  readonly fromSeconds: number;
  readonly looks: number;
}

/** `end`: nothing more comes. `skip`: to media that is there. `load`: begin to load again. `renew`: another player. */
export type Help = 'end' | 'skip' | 'load' | 'renew';

const END_LOOKS = 2;
const FIRST_HELP_LOOKS = 5;
const RENEW_LOOKS = 10;
/** A skip that did not help is the same place. */
const NEAR_SECONDS = 1;
const NUDGE_SECONDS = 0.1;
/** What is less may be the end of what has come so far. */
const LEAST_MEDIA_SECONDS = 0.5;
/** As much has to be listed for a player to have something to load. */
const LEAST_LISTED_SECONDS = 2;

/**
 * A network that is slow is no reason, nor a publisher that is away: what counts are looks at which there is media, or would
 * be something to load.
 */
export function followStanding(before: Standing | undefined, look: Look): Standing | undefined {
  if (!look.stands) return undefined;
  const isSame = before !== undefined && Math.abs(look.atSeconds - before.fromSeconds) < NEAR_SECONDS;
  const { fromSeconds, looks } = isSame ? before : { fromSeconds: look.atSeconds, looks: 0 };
  const isDue = look.isOver || look.listedSeconds - look.atSeconds >= LEAST_LISTED_SECONDS;
  const counts = hasMedia(look) || (isDue && !look.isLoading);
  return { fromSeconds, looks: counts ? looks + 1 : looks };
}

export function helpFor({ looks }: Standing, look: Look): Help | undefined {
  if (look.isOver) return looks >= END_LOOKS && !look.isLoading ? 'end' : undefined;
  if (looks === FIRST_HELP_LOOKS) return nextMedia(look) === undefined ? 'load' : 'skip';
  return looks === RENEW_LOOKS ? 'renew' : undefined;
}

/** Where to go on: a little further in what is buffered here, or where the next of it begins. */
export function nextMedia(look: Pick<Look, 'atSeconds' | 'buffered'>): number | undefined {
  if (hasMedia(look)) return look.atSeconds + NUDGE_SECONDS;
  const next = look.buffered.find(([start]) => start > look.atSeconds);
  return next && next[0] + NUDGE_SECONDS;
}

function hasMedia({ atSeconds, buffered }: Pick<Look, 'atSeconds' | 'buffered'>): boolean {
  return bufferAheadSeconds(buffered, atSeconds) >= LEAST_MEDIA_SECONDS;
}
