import '../../player/media-chrome.ts';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Screens } from './live-deck.ts';

/** media-chrome's element, which does not see for itself that another element has become the picture. */
type Controller = HTMLElement & {
  mediaUnsetCallback(media: HTMLMediaElement): void;
  handleMediaUpdated(media: HTMLMediaElement): Promise<void>;
};

/** The controller has no such slot: what is in it plays, and is neither seen nor read out. */
const BEHIND = 'behind';

interface LiveScreensProps {
  readonly onScreens: (screens: Screens | undefined) => void;
  /** Which of them is the picture. */
  readonly onShown: (video: HTMLVideoElement) => void;
}

/** Two elements of one controller, one of them the picture, so that another picture can begin behind it. */
export function LiveScreens({ onScreens, onShown }: LiveScreensProps): VNode {
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  useLayoutEffect(() => {
    const pair = [first.current, second.current] as const;
    if (!pair[0] || !pair[1]) return;
    onShown(pair[0]);
    onScreens(screensOf([pair[0], pair[1]], onShown));
    return () => onScreens(undefined);
  }, [onScreens, onShown]);
  // Which is where is changed on the elements themselves: between two pictures there is no time for a rendering.
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: a live broadcast brings no captions of its own. */}
      <video ref={first} slot="media" crossorigin="anonymous" playsinline data-testid="live-video" />
      {/* biome-ignore lint/a11y/useMediaCaption: a live broadcast brings no captions of its own. */}
      <video ref={second} slot={BEHIND} crossorigin="anonymous" playsinline data-testid="live-video" />
    </>
  );
}

function screensOf(pair: Screens['pair'], onShown: (video: HTMLVideoElement) => void): Screens {
  let [shown] = pair;
  const show = (video: HTMLVideoElement) => {
    if (video === shown) return;
    const old = shown;
    shown = video;
    const controller = video.closest<Controller>('media-controller');
    controller?.mediaUnsetCallback(old);
    old.slot = BEHIND;
    video.slot = 'media';
    void controller?.handleMediaUpdated(video);
    // One that floats beside the page goes on floating.
    if (document.pictureInPictureElement === old) void video.requestPictureInPicture().catch(() => undefined);
    onShown(video);
  };
  return { pair, shown: () => shown, show };
}
