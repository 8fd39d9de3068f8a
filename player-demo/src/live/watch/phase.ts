import { formatClock } from '../../format.ts';
import type { Seek } from '../../player/keyboard.ts';
import type { ChannelView } from '../channel/channel-view.ts';

/** What a watch page is about at the moment. */
export type Phase = 'asking' | 'waiting' | 'on-air' | 'reconnecting' | 'ended' | 'refused';

/** What asking for the playlist said. */
export type PlaylistAnswer = 'there' | 'missing' | 'refused';

/** Why a channel lets nobody in again, where that goes for the playlist too. */
const REFUSALS: ReadonlySet<string> = new Set(['GRANT_REVOKED', 'STREAM_GONE']);

/**
 * @param playlist For as long as the channel says nothing; undefined when it was not asked.
 */
export function phaseOf(view: ChannelView, playlist: PlaylistAnswer | undefined): Phase {
  if (view.connection !== 'open' && playlist === 'refused') return 'refused';
  if (view.connection === 'closed' && REFUSALS.has(view.closedBy ?? '')) return 'refused';
  const isHeard = view.connection === 'open' || view.status !== undefined;
  if (!isHeard) {
    if (playlist === undefined) return view.connection === 'closed' ? 'refused' : 'asking';
    return playlist === 'there' ? 'on-air' : 'waiting';
  }
  if (view.status === 'live') return 'on-air';
  if (view.status === 'reconnecting') return 'reconnecting';
  return view.endedBroadcast === undefined ? 'waiting' : 'ended';
}

/** How far behind the place that the player aims at a picture still counts as live. */
const LIVE_SECONDS = 2;

/** Whether what is on the screen may be called live. */
export function isAtEdge(behindSeconds: number): boolean {
  return behindSeconds <= LIVE_SECONDS;
}

/**
 * Where a viewer is: `live`, or `behind` with something newer to go to. Undefined without a picture, and where nobody
 * publishes: nothing is live then, and nothing newer to come by.
 */
export type Place = 'live' | 'behind' | undefined;

export function placeOf(phase: Phase, isPlaying: boolean, behindSeconds: number | undefined): Place {
  if (phase !== 'on-air' || behindSeconds === undefined) return undefined;
  return isPlaying && isAtEdge(behindSeconds) ? 'live' : 'behind';
}

/** Where a key leads to, in seconds behind the newest. */
export function seekTarget(seek: Seek, behindSeconds: number, windowSeconds: number): number {
  const to = seek.kind === 'seek-by' ? behindSeconds - seek.seconds : windowSeconds * (1 - seek.share);
  return Math.min(windowSeconds, Math.max(0, to));
}

/** How far back, as a clock: `-1:05`. */
export function formatBehind(seconds: number): string {
  return `-${formatClock(seconds)}`;
}
