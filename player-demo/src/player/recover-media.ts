import type Hls from 'hls.js';

/** Sets the decoder up again, and goes on: hls.js empties the element for it, which pauses it. */
export function recoverMedia(hls: Hls, video: HTMLVideoElement): void {
  const isPaused = video.paused;
  hls.recoverMediaError();
  if (!isPaused) void video.play().catch(() => undefined); // Refused, it stays paused, and looks so.
}
