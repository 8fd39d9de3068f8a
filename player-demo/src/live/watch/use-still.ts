import { useCallback, useEffect, useRef } from 'preact/hooks';

/** Whoever waits longer than this should see that there is nothing. */
const LONGEST_MS = 30_000;

export interface Still {
  readonly canvas: { current: HTMLCanvasElement | null };
  /** Keeps what is on the screen there until the next picture plays. */
  readonly hold: () => void;
}

/** The last picture of one engine stands until the first of the next: a change of delivery is a blink, and no black screen. */
export function useStill(video: HTMLVideoElement | null): Still {
  const canvas = useRef<HTMLCanvasElement>(null);
  const release = useRef(() => {});
  const hold = useCallback(() => {
    const still = canvas.current;
    if (!still || !video || video.videoWidth === 0) return;
    release.current();
    Object.assign(still, { width: video.videoWidth, height: video.videoHeight });
    still.getContext('2d')?.drawImage(video, 0, 0);
    still.hidden = false;
    const done = new AbortController();
    const timer = setTimeout(() => release.current(), LONGEST_MS);
    release.current = () => {
      clearTimeout(timer);
      done.abort();
      still.hidden = true;
    };
    // An engine may begin at the newest and go back from there: what counts is a picture that has moved where it is to be.
    let from: number | undefined;
    const look = ({ type }: Event) => {
      if (type === 'emptied' || video.seeking) from = undefined;
      else if (from === undefined) from = video.currentTime;
      else if (video.currentTime > from) release.current();
    };
    for (const event of ['emptied', 'seeking', 'timeupdate'])
      video.addEventListener(event, look, { signal: done.signal });
  }, [video]);
  useEffect(() => () => release.current(), []);
  return { canvas, hold };
}
