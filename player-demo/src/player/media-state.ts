/** What a media element is doing. */
export type MediaState = 'playing' | 'paused' | 'waiting' | 'ended';

const EVENTS: Readonly<Record<string, MediaState>> = {
  playing: 'playing',
  pause: 'paused',
  waiting: 'waiting',
  ended: 'ended',
};

export function followState(video: HTMLVideoElement, onState: (state: MediaState) => void, signal: AbortSignal): void {
  for (const [event, state] of Object.entries(EVENTS)) video.addEventListener(event, () => onState(state), { signal });
}
