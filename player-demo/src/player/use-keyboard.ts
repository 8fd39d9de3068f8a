import { useEffect } from 'preact/hooks';
import { actionOf, type PlayerAction, type Seek } from './keyboard.ts';

/** Elements that use the keys themselves: typing, choosing, and the player's own sliders. */
const OWN_KEYS =
  'input, textarea, select, [contenteditable], [role="menu"], dialog, media-time-range, media-volume-range';
const PRESSED_BY_SPACE = 'button, a, summary, media-play-button, media-mute-button, media-fullscreen-button';

/** What keys do that is no matter of the element. */
interface PlayerPanel {
  readonly onStats: () => void;
  readonly onCaptions?: () => void;
  /** For a picture whose time is not the element's alone. */
  readonly onSeek?: (seek: Seek) => void;
}

/** The player's keys work anywhere on the page, not only when the player has the focus. */
export function useKeyboard(video: HTMLVideoElement | null, panel: PlayerPanel): void {
  const { onStats, onCaptions, onSeek } = panel;
  useEffect(() => {
    if (!video) return;
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTaken(event)) return;
      const action = actionOf(event);
      if (!action) return;
      event.preventDefault();
      perform(action, video, panel);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [video, onStats, onCaptions, onSeek]);
}

function isTaken(event: KeyboardEvent): boolean {
  if (!(event.target instanceof Element)) return false;
  if (event.target.closest(OWN_KEYS)) return true;
  return event.key === ' ' && event.target.closest(`${PRESSED_BY_SPACE}, [role="button"]`) !== null;
}

function perform(action: PlayerAction, video: HTMLVideoElement, panel: PlayerPanel): void {
  switch (action.kind) {
    case 'toggle-play':
      togglePlay(video);
      break;
    case 'toggle-mute':
      video.muted = !video.muted;
      break;
    case 'toggle-fullscreen':
      toggleFullscreen(video);
      break;
    case 'toggle-stats':
      panel.onStats();
      break;
    case 'toggle-captions':
      panel.onCaptions?.();
      break;
    case 'seek-by':
    case 'seek-to':
      if (panel.onSeek) panel.onSeek(action);
      else seek(video, action.kind === 'seek-by' ? video.currentTime + action.seconds : video.duration * action.share);
      break;
    case 'volume-by':
      video.muted = false;
      video.volume = Math.min(1, Math.max(0, video.volume + action.share));
  }
}

function togglePlay(video: HTMLVideoElement): void {
  if (!video.paused) video.pause();
  else void video.play().catch(() => undefined); // The browser may refuse; it then stays paused, and looks so.
}

function seek(video: HTMLVideoElement, seconds: number): void {
  if (Number.isFinite(video.duration)) video.currentTime = Math.min(video.duration, Math.max(0, seconds));
}

function toggleFullscreen(video: HTMLVideoElement): void {
  const done = document.fullscreenElement
    ? document.exitFullscreen()
    : video.closest('media-controller')?.requestFullscreen();
  done?.catch(() => undefined); // The browser may refuse; nothing changes then.
}
