import type { ChannelView } from '../channel/channel-view.ts';

/** What a watch page is about at the moment. */
export type Phase = 'asking' | 'waiting' | 'on-air' | 'reconnecting' | 'ended' | 'refused';

/**
 * @param playlistIsThere What asking for the playlist said, for as long as the channel says nothing; undefined when it was
 *   not asked.
 */
export function phaseOf(view: ChannelView, playlistIsThere: boolean | undefined): Phase {
  const isHeard = view.connection === 'open' || view.status !== undefined;
  if (!isHeard) {
    if (playlistIsThere === undefined) return view.connection === 'closed' ? 'refused' : 'asking';
    return playlistIsThere ? 'on-air' : 'waiting';
  }
  if (view.status === 'live') return 'on-air';
  if (view.status === 'reconnecting') return 'reconnecting';
  return view.endedBroadcast === undefined ? 'waiting' : 'ended';
}

/** Close enough to the newest to call it live. */
export function isAtEdge(behindSeconds: number): boolean {
  return behindSeconds < 2.5;
}

/** How far back, as a clock: `-1:05`. */
export function formatBehind(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `-${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `-${minutes}:${tail}`;
}
