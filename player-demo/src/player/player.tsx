import type { ComponentChildren, VNode } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { Icon } from '../ui/icons.tsx';
import type { PlaybackSource } from './carriers.ts';
import { PlaybackErrorView } from './playback-error-view.tsx';
import { PlayerControls } from './player-controls.tsx';
import { StatsPanel } from './stats-panel.tsx';
import { AudioMenu, SubtitleMenu } from './track-menus.tsx';
import { useKeyboard } from './use-keyboard.ts';
import { type PlaybackControl, usePlayback } from './use-playback.ts';

interface PlayerProps {
  readonly title: string;
  /** undefined while there is nothing to play yet: the frame stands, with `waiting` in it. */
  readonly source: PlaybackSource | undefined;
  readonly audioOnly?: boolean;
  readonly statsAtFirst: boolean;
  readonly waiting?: ComponentChildren;
  /** Whatever stands beside the film, above the stats. */
  readonly aside?: ComponentChildren;
  /** Whatever stands under the film. */
  readonly children?: ComponentChildren;
  /** Called before a retry, for a source that can be renewed. */
  readonly onRetry?: () => void;
  /** Told the element, for what goes by its time. */
  readonly onVideo?: (video: HTMLVideoElement | null) => void;
}

export function Player(props: PlayerProps): VNode {
  const { title, source, audioOnly = false, statsAtFirst, waiting, aside, onRetry, onVideo, children } = props;
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [stats, setStats] = useState(statsAtFirst);
  const control = usePlayback(video, source);
  const { playback } = control;
  useEffect(() => onVideo?.(video), [video, onVideo]);
  const onStats = useCallback(() => setStats((shown) => !shown), []);
  useKeyboard(video, { onStats, onCaptions: control.toggleSubtitles });
  const retry = () => {
    onRetry?.();
    control.retry();
  };
  useReturn(playback.error?.code === 'NETWORK_AWAY', retry);
  return (
    <div class={stats || aside ? 'stage has-rail' : 'stage'}>
      <div class="player" data-testid="player" data-state={source ? playback.state : 'idle'}>
        <media-controller nohotkeys autohide="2" aria-label={`Player: ${title}`}>
          {/* biome-ignore lint/a11y/useMediaCaption: captions come from the manifest, where the film has any. */}
          <video
            ref={setVideo}
            slot="media"
            crossorigin="anonymous"
            playsinline
            preload="auto"
            poster={source?.posterUrl ?? ''}
            data-testid="video"
          >
            {source?.storyboardUrl && (
              <track
                key={source.storyboardUrl}
                kind="metadata"
                label="thumbnails"
                default
                src={source.storyboardUrl}
                data-testid="storyboard-track"
              />
            )}
          </video>
          {audioOnly && (
            <div class="player-audio" aria-hidden="true" noautohide>
              <Icon name="wave" size={72} />
            </div>
          )}
          {source && !playback.error && (
            <Chrome control={control} audioOnly={audioOnly} statsShown={stats} onStats={() => setStats(!stats)} />
          )}
        </media-controller>
        {!source && <div class="player-waiting">{waiting}</div>}
        {playback.error && source && <PlaybackErrorView error={playback.error} onRetry={retry} />}
      </div>
      <div class="under">{children}</div>
      {(stats || aside) && (
        <div class="rail">
          {aside}
          {stats && <StatsPanel video={video} playback={playback} bandwidthBps={control.bandwidthBps} />}
        </div>
      )}
    </div>
  );
}

/** Tries again by itself once the browser says that the network is back. */
function useReturn(away: boolean, retry: () => void): void {
  useEffect(() => {
    if (!away) return;
    addEventListener('online', retry);
    return () => removeEventListener('online', retry);
  }, [away, retry]);
}

interface ChromeProps {
  readonly control: PlaybackControl;
  readonly audioOnly: boolean;
  readonly statsShown: boolean;
  readonly onStats: () => void;
}

function Chrome({ control, audioOnly, statsShown, onStats }: ChromeProps): VNode {
  const { playback } = control;
  return (
    <>
      <div class="player-big" data-hidden={playback.state !== 'ready' && playback.state !== 'loading'}>
        <media-play-button notooltip class="player-big-play" />
      </div>
      <PlayerControls
        timeline={<media-time-range class="player-time" />}
        skips={
          <>
            <media-seek-backward-button class="wide-only" seekoffset="10" />
            <media-seek-forward-button class="wide-only" seekoffset="10" />
          </>
        }
        place={<media-time-display class="tabular" showduration />}
        menus={
          <>
            <AudioMenu list={playback.audio} onChoose={control.chooseAudio} />
            <SubtitleMenu list={playback.subtitles} onChoose={control.chooseSubtitles} />
            <media-playback-rate-button class="wide-only" rates="0.75 1 1.25 1.5 2" />
          </>
        }
        quality={playback}
        onQuality={control.chooseLevel}
        statsShown={statsShown}
        onStats={onStats}
        stays={audioOnly}
      />
    </>
  );
}
