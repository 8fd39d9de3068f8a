import '../../player/media-chrome.ts';
import type { ComponentChildren, VNode } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Seek } from '../../player/keyboard.ts';
import { useKeyboard } from '../../player/use-keyboard.ts';
import { Icon } from '../../ui/icons.tsx';
import { ChatPanel } from '../chat/chat-panel.tsx';
import type { Delivery } from '../deliveries.ts';
import type { LiveSource } from '../live-source.ts';
import type { Channel } from '../use-channel.ts';
import { deliverable } from './deliverable.ts';
import { LiveChrome } from './live-chrome.tsx';
import type { LivePlayback, Screens } from './live-deck.ts';
import { LiveScreens } from './live-screens.tsx';
import { LiveStats } from './live-stats.tsx';
import { MetadataList } from './metadata-list.tsx';
import { formatBehind, type Phase, type Place, phaseOf, placeOf, seekTarget } from './phase.ts';
import { ReactionShower } from './reaction-shower.tsx';
import { PublicRecordingLink } from './recording-link.tsx';
import { type LiveControl, useLivePlayback } from './use-live-playback.ts';
import { usePlaylistProbe } from './use-playlist-probe.ts';

interface LiveStageProps {
  readonly title: string;
  readonly source: LiveSource;
  readonly channel: Channel;
  readonly delivery: Delivery;
  /** What leads on after the end, where that is not the public recording. */
  readonly afterwards?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** A live picture with what is said about it: waits for the broadcast, plays it, and says when it is over. */
export function LiveStage({ title, source, channel, delivery, afterwards, children }: LiveStageProps): VNode {
  const { client, view } = channel;
  const [screens, setScreens] = useState<Screens>();
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [stats, setStats] = useState(false);
  const phase = phaseOf(view, usePlaylistProbe(source, view.connection !== 'open'));
  const broadcast = useShown(view.broadcast ?? undefined, phase);
  const hasProgram = phase === 'on-air' || phase === 'reconnecting' || (phase === 'ended' && broadcast !== undefined);
  const number = broadcast?.number;
  const program = useMemo(
    () => (hasProgram ? { source, client, broadcast } : undefined),
    [hasProgram, source, client, number],
  );
  const control = useLivePlayback(screens, program, deliverable(true).includes(delivery) ? delivery : 'll-hls');
  const { playback } = control;
  const isOver = phase === 'ended' && isAtItsEnd(playback);
  const { state, reading } = playback;
  const onStats = useCallback(() => setStats((shown) => !shown), []);
  useKeyboard(hasProgram && !isOver ? video : null, { onStats, onSeek: useSeeks(control) });
  const place = placeOf(phase, state !== 'paused', reading.behindSeconds);
  return (
    <div class="stage has-rail live-stage">
      <div class="player" data-testid="live-player" data-phase={phase} data-state={playback.state}>
        <media-controller nohotkeys autohide="2" aria-label={`Live: ${title}`}>
          <LiveScreens onScreens={setScreens} onShown={setVideo} />
          {hasProgram && (
            <div class="live-overlay" noautohide>
              <Marks phase={phase} place={place} behindSeconds={reading.behindSeconds ?? 0} viewers={view.viewers} />
              {stats && <LiveStats video={video} playback={playback} view={view} />}
            </div>
          )}
          <ReactionShower client={client} />
          {hasProgram && !isOver && (
            <LiveChrome
              control={control}
              deliveries={deliverable(broadcast !== undefined)}
              isOver={phase === 'ended'}
              place={place}
              renditions={view.broadcast?.session?.renditions}
              statsShown={stats}
              onStats={onStats}
            />
          )}
        </media-controller>
        {!hasProgram && (
          <div class="player-waiting">
            <Waiting phase={phase} code={view.closedBy}>
              <PublicRecordingLink source={source} recording={view.recording} label="Watch the last one" />
            </Waiting>
          </div>
        )}
        {isOver && (
          <Over>
            {afterwards ?? (
              <PublicRecordingLink source={source} recording={view.recording} label="Watch the recording" />
            )}
          </Over>
        )}
      </div>
      {/* There all the time, so that a change of it is read out; what stands over the picture comes and goes. */}
      <p class="visually-hidden" role="status" data-testid="live-says">
        {SAYS[phase]}
      </p>
      <div class="under">{children}</div>
      <div class="rail">
        <ChatPanel client={client} view={view} />
        <MetadataList metadata={view.metadata} />
      </div>
    </div>
  );
}

const SAYS: Readonly<Record<Phase, string>> = {
  asking: '',
  waiting: 'The broadcast has not begun.',
  'on-air': 'The broadcast is on air.',
  reconnecting: 'The broadcaster was lost. Waiting for it to come back.',
  ended: 'The broadcast has ended.',
  refused: '',
};

/** The broadcast that is shown, also after its end, until there is another one. */
function useShown<T>(broadcast: T | undefined, phase: Phase): T | undefined {
  const [shown, setShown] = useState(broadcast);
  useEffect(() => {
    if (broadcast !== undefined) setShown(broadcast);
    else if (phase === 'waiting') setShown(undefined);
  }, [broadcast, phase]);
  return broadcast ?? shown;
}

/** What keys do in the window, the same function for as long as the page is there. */
function useSeeks(control: LiveControl): (seek: Seek) => void {
  const now = useRef(control);
  now.current = control;
  return useCallback((seek: Seek) => {
    const { behindSeconds, windowSeconds } = now.current.playback.reading;
    if (behindSeconds === undefined) return;
    const to = seekTarget(seek, behindSeconds, windowSeconds);
    if (to === 0) now.current.goLive();
    else now.current.seekBehind(to);
  }, []);
}

/** A channel stops with the broadcast; a playlist may be watched to its end. */
function isAtItsEnd({ delivery, state, reading }: LivePlayback): boolean {
  return state === 'ended' || delivery === 'channel' || (state !== 'playing' && reading.bufferSeconds < 0.1);
}

interface MarksProps {
  readonly phase: Phase;
  readonly place: Place;
  readonly behindSeconds: number;
  readonly viewers: number;
}

function Marks({ phase, place, behindSeconds, viewers }: MarksProps): VNode {
  return (
    <div class="live-marks">
      {place === 'live' && (
        <span class="chip chip-live" data-testid="live-badge">
          <i aria-hidden="true" />
          Live
        </span>
      )}
      {place === 'behind' && <span class="live-mark tabular">{formatBehind(behindSeconds)}</span>}
      {phase === 'ended' && <span class="live-mark">Ended</span>}
      <span class="live-mark tabular" title={`${viewers} watching`}>
        <Icon name="eye" size={15} />
        {viewers}
      </span>
      {phase === 'reconnecting' && (
        <span class="live-mark is-busy" data-testid="live-reconnecting">
          <span class="spinner" aria-hidden="true" />
          {SAYS.reconnecting}
        </span>
      )}
    </div>
  );
}

interface WaitingProps {
  readonly phase: Phase;
  readonly code: string | undefined;
  readonly children: ComponentChildren;
}

function Waiting({ phase, code, children }: WaitingProps): VNode {
  if (phase === 'refused') {
    return (
      <div class="player-error" role="alert" data-testid="live-refused" data-code={code}>
        <Icon name="lock" size={30} />
        <h2>{code === 'STREAM_GONE' ? 'There is no such stream any more' : 'This broadcast needs a valid link'}</h2>
        {code !== 'STREAM_GONE' && <p>The link has ended, was revoked, or belongs to another stream.</p>}
        {code && <code class="code-chip">{code}</code>}
      </div>
    );
  }
  if (phase === 'asking') return <span class="spinner spinner-large" role="status" aria-label="Connecting" />;
  return (
    <div class="player-soon" data-testid="live-waiting">
      <span class="live-soon" aria-hidden="true">
        <Icon name="live" size={34} />
      </span>
      <h2>The broadcast has not begun</h2>
      <p>Stay here: it plays by itself as soon as it does.</p>
      {children}
    </div>
  );
}

function Over({ children }: { children: ComponentChildren }): VNode {
  return (
    <div class="player-waiting" data-testid="live-ended">
      <div class="player-soon">
        <Icon name="check" size={34} />
        <h2>The broadcast has ended</h2>
        <p>Thank you for watching. The next one begins here by itself.</p>
        {children}
      </div>
    </div>
  );
}
