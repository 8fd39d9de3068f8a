/** The one door to media-chrome: defines its elements, and tells JSX about those this player uses. */
import 'media-chrome';
import type { ComponentChildren, HTMLAttributes } from 'preact';

type ChromeAttributes = HTMLAttributes<HTMLElement> & {
  children?: ComponentChildren;
  slot?: string;
  [attribute: string]: unknown;
};

declare module 'preact' {
  // The same names as in Preact's own declaration, or the two would not merge.
  interface HTMLAttributes<RefType extends EventTarget = EventTarget> {
    /** media-controller leaves this child of its own on the screen while the viewer is idle. */
    noautohide?: boolean;
  }
  namespace JSX {
    interface IntrinsicElements {
      'media-controller': ChromeAttributes;
      'media-control-bar': ChromeAttributes;
      'media-play-button': ChromeAttributes;
      'media-mute-button': ChromeAttributes;
      'media-volume-range': ChromeAttributes;
      'media-time-range': ChromeAttributes;
      'media-time-display': ChromeAttributes;
      'media-seek-backward-button': ChromeAttributes;
      'media-seek-forward-button': ChromeAttributes;
      'media-playback-rate-button': ChromeAttributes;
      'media-pip-button': ChromeAttributes;
      'media-fullscreen-button': ChromeAttributes;
      'media-loading-indicator': ChromeAttributes;
      'media-poster-image': ChromeAttributes;
      'media-preview-thumbnail': ChromeAttributes;
      'media-preview-time-display': ChromeAttributes;
    }
  }
}
