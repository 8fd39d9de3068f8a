import type { VNode } from 'preact';
import { ChoiceMenu } from '../../player/choice-menu.tsx';
import { PlayerControls } from '../../player/player-controls.tsx';
import type { Delivery } from '../deliveries.ts';
import { markAbsent } from './absent-levels.ts';
import { DvrBar } from './dvr-bar.tsx';
import { formatBehind, type Place } from './phase.ts';
import type { LiveControl } from './use-live-playback.ts';

const CHOICES: readonly { delivery: Delivery; label: string; note: string }[] = [
  { delivery: 'channel', label: 'Channel', note: 'least delay' },
  { delivery: 'll-hls', label: 'LL-HLS', note: 'with rewind' },
  { delivery: 'hls', label: 'HLS', note: 'to compare' },
];

interface LiveChromeProps {
  readonly control: LiveControl;
  /** What can be chosen. */
  readonly deliveries: readonly Delivery[];
  readonly isOver: boolean;
  readonly place: Place;
  /** Names of what comes; undefined where nobody says. */
  readonly renditions: readonly string[] | undefined;
  readonly statsShown: boolean;
  readonly onStats: () => void;
}

/** The controls over a live picture. */
export function LiveChrome({
  control,
  deliveries,
  isOver,
  place,
  renditions,
  statsShown,
  onStats,
}: LiveChromeProps): VNode {
  const { playback } = control;
  const { reading, wanted } = playback;
  const choices = CHOICES.filter(({ delivery }) => deliveries.includes(delivery));
  const chosen = choices.findIndex((one) => one.delivery === wanted);
  return (
    <PlayerControls
      timeline={
        <DvrBar
          windowSeconds={reading.windowSeconds}
          behindSeconds={reading.behindSeconds ?? 0}
          onSeek={control.seekBehind}
        />
      }
      place={!isOver && <LiveButton control={control} place={place} />}
      menus={
        choices.length > 1 && (
          <ChoiceMenu
            label="Delivery"
            now={choices[chosen]?.label ?? ''}
            icon="live"
            choices={choices.map(({ label, note }, id) => ({ id, label, note }))}
            chosen={chosen}
            onChoose={(id) => control.deliver(choices[id]?.delivery ?? 'll-hls')}
            testId="delivery"
          >
            <span class="delivery-now">{choices[chosen]?.label}</span>
          </ChoiceMenu>
        )
      }
      quality={{ ...playback, levels: markAbsent(playback.levels, renditions) }}
      onQuality={control.choose}
      statsShown={statsShown}
      onStats={onStats}
    />
  );
}

/** Lit at the edge, with the delay beside it; elsewhere it says how far back one is, and leads to the edge. */
function LiveButton({ control, place }: { control: LiveControl; place: Place }): VNode {
  const { latencySeconds, behindSeconds = 0 } = control.playback.reading;
  const isLit = place === 'live';
  return (
    <>
      <button
        type="button"
        class={isLit ? 'player-button go-live is-lit' : 'player-button go-live'}
        title={isLit ? 'You are live' : 'Go live'}
        disabled={place === undefined}
        onClick={control.goLive}
        data-testid="go-live"
        data-lit={isLit}
      >
        <i aria-hidden="true" />
        {place === 'behind' ? 'Go live' : 'Live'}
      </button>
      <span
        class="live-delay tabular"
        data-testid="live-latency"
        data-delivery={control.playback.delivery}
        title={isLit ? 'Delay to the publisher' : 'Behind live'}
      >
        {isLit && latencySeconds !== undefined && `${Math.max(0, latencySeconds).toFixed(1)} s`}
        {place === 'behind' && formatBehind(behindSeconds)}
      </span>
    </>
  );
}
