/** Browsers may forbid sound before somebody has pressed something; a live picture without it is better than none. */
export async function playAloudOrMuted(video: HTMLVideoElement): Promise<void> {
  try {
    await video.play();
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'NotAllowedError') return;
    video.muted = true;
    await video.play().catch(() => undefined); // Not even that: it stays paused, and looks so.
  }
}

/** Once: an engine may begin at the newest and go back from there, so a picture counts that has moved where it is to be. */
export function whenMoving(video: HTMLVideoElement, onMoving: () => void, signal: AbortSignal): void {
  const done = new AbortController();
  let from: number | undefined;
  const look = ({ type }: Event) => {
    if (type === 'emptied' || video.seeking) from = undefined;
    else if (from === undefined) from = video.currentTime;
    else if (video.currentTime > from) {
      done.abort();
      onMoving();
    }
  };
  const until = AbortSignal.any([signal, done.signal]);
  for (const event of ['emptied', 'seeking', 'timeupdate']) video.addEventListener(event, look, { signal: until });
}
