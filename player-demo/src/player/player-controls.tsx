import './media-chrome.ts';
import type { ComponentChildren, VNode } from 'preact';
import { Icon } from '../ui/icons.tsx';
import type { Level } from './levels.ts';
import { QualityMenu } from './quality-menu.tsx';

interface PlayerControlsProps {
  /** Where one is and goes to, over the whole width. */
  readonly timeline: ComponentChildren;
  /** Steps back and forth, beside the play button. */
  readonly skips?: ComponentChildren;
  /** Where one is, in words. */
  readonly place: ComponentChildren;
  /** What else can be chosen, beside the quality. */
  readonly menus?: ComponentChildren;
  readonly quality: { readonly levels: readonly Level[]; readonly playingLevel: number; readonly chosenLevel: number };
  readonly onQuality: (level: number) => void;
  readonly statsShown: boolean;
  readonly onStats: () => void;
  /** Controls that stay while the viewer is idle. */
  readonly stays?: boolean;
}

/** The controls at the bottom of a picture, of a film as of a broadcast. */
export function PlayerControls(props: PlayerControlsProps): VNode {
  const { timeline, skips, place, menus, quality, onQuality, statsShown, onStats, stays = false } = props;
  return (
    <>
      <media-loading-indicator slot="centered-chrome" noautohide />
      <div class="player-bottom" noautohide={stays}>
        {timeline}
        <media-control-bar class="player-bar">
          <media-play-button />
          {skips}
          <span class="player-volume">
            <media-mute-button />
            <media-volume-range class="wide-only" />
          </span>
          {place}
          <span class="player-gap" />
          {menus}
          {quality.levels.length > 1 && (
            <QualityMenu
              levels={quality.levels}
              playing={quality.playingLevel}
              chosen={quality.chosenLevel}
              onChoose={onQuality}
            />
          )}
          <button
            type="button"
            class="player-button player-stats"
            aria-pressed={statsShown}
            aria-label="Stats"
            title="Stats (I)"
            onClick={onStats}
            data-testid="stats-toggle"
          >
            <Icon name="chart" size={20} />
          </button>
          <media-pip-button class="wide-only" />
          <media-fullscreen-button />
        </media-control-bar>
      </div>
    </>
  );
}
