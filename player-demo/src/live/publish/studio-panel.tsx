import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveStream } from '../../api/live-shapes.ts';
import { formatBitrate, formatClock } from '../../format.ts';
import { useNow } from '../../ui/clock.ts';
import { Button, Segmented } from '../../ui/controls.tsx';
import { Icon, type IconName } from '../../ui/icons.tsx';
import type { PictureKind } from './picture-source.ts';
import type { PublisherState } from './publisher.ts';
import { explainCode } from './publisher-rules.ts';
import { type Studio, useStudio } from './use-studio.ts';

const KINDS: readonly { kind: PictureKind; label: string; icon: IconName; says: string }[] = [
  { kind: 'camera', label: 'Camera', icon: 'camera', says: 'with the microphone' },
  { kind: 'screen', label: 'Screen', icon: 'screen', says: 'a window or all of it' },
  { kind: 'test', label: 'Test picture', icon: 'grid', says: 'bars, a clock and a beep' },
];

const QUALITIES = [
  { value: '1200000', label: '1.2 Mbit/s' },
  { value: '2500000', label: '2.5 Mbit/s' },
  { value: '5000000', label: '5 Mbit/s' },
] as const;

type Quality = (typeof QUALITIES)[number]['value'];

/** Going live from this page: choose a picture, look at it, send it. */
export function StudioPanel({ stream }: { stream: LiveStream }): VNode {
  const studio = useStudio(stream);
  const [quality, setQuality] = useState<Quality>('2500000');
  const { picture, publishing, problem } = studio;
  return (
    <section class="panel studio" aria-label="Go live from this browser">
      <div class="studio-frame">
        <Preview stream={picture?.stream} />
        {!picture && <Choices studio={studio} />}
        {publishing && <OnAir state={publishing} />}
      </div>
      {problem && (
        <p class="alert" role="alert" data-testid="studio-problem">
          <Icon name="warn" />
          <span>{problem}</span>
        </p>
      )}
      {publishing?.phase === 'refused' && (
        <p class="alert" role="alert" data-testid="studio-refused">
          <Icon name="warn" />
          <span>
            {explainCode(publishing.code ?? '')} <code>{publishing.code}</code>
          </span>
        </p>
      )}
      {picture && (
        <div class="studio-bar">
          {isSending(publishing) ? (
            <Button look="danger" icon="stop" onClick={() => void studio.finish()} data-testid="studio-stop">
              Stop sending
            </Button>
          ) : (
            <>
              <Button
                look="primary"
                icon="live"
                onClick={() => void studio.goLive(Number(quality))}
                data-testid="studio-go-live"
              >
                Go live
              </Button>
              <Segmented<Quality> label="Quality" value={quality} onChange={setQuality} options={QUALITIES} />
              <Button look="quiet" onClick={studio.closePicture}>
                Another picture
              </Button>
            </>
          )}
          {publishing && isSending(publishing) && <LineFacts state={publishing} />}
        </div>
      )}
    </section>
  );
}

function isSending(state: PublisherState | undefined): boolean {
  return state !== undefined && state.phase !== 'refused' && state.phase !== 'finished';
}

function Choices({ studio }: { studio: Studio }): VNode {
  return (
    <div class="studio-choices">
      <h2>What do you want to show?</h2>
      <div class="studio-kinds">
        {KINDS.map(({ kind, label, icon, says }) => (
          <button
            key={kind}
            type="button"
            class="studio-kind"
            disabled={studio.opening}
            onClick={() => void studio.openPicture(kind)}
            data-testid={`studio-${kind}`}
          >
            <Icon name={icon} size={26} />
            <strong>{label}</strong>
            <span>{says}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

function Preview({ stream }: { stream: MediaStream | undefined }): VNode {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.srcObject = stream ?? null;
  }, [stream]);
  // Muted: a microphone beside its own loudspeaker howls.
  return <video ref={ref} autoplay muted playsinline hidden={!stream} data-testid="studio-preview" />;
}

const PHASE_WORDS: Readonly<Record<PublisherState['phase'], string>> = {
  connecting: 'Connecting',
  live: 'On air',
  reconnecting: 'Reconnecting',
  refused: 'Refused',
  finished: 'Ended',
};

function OnAir({ state }: { state: PublisherState }): VNode {
  const nowMs = useNow(500);
  const { phase, liveSinceMs } = state;
  return (
    <div class={`on-air is-${phase}`} role="status" data-testid="on-air" data-phase={phase}>
      <i class="on-air-lamp" aria-hidden="true" />
      <span>{PHASE_WORDS[phase]}</span>
      {phase === 'live' && liveSinceMs !== undefined && (
        <span class="tabular">{formatClock((nowMs - liveSinceMs) / 1_000)}</span>
      )}
    </div>
  );
}

/** What goes out, and what waits because the line is too thin. */
function LineFacts({ state }: { state: PublisherState }): VNode {
  const waits = state.queueSeconds;
  return (
    <dl class="line-facts tabular">
      <div>
        <dt>Sending</dt>
        <dd>{formatBitrate(state.sentBps)}</dd>
      </div>
      <div class={waits > 1.5 ? 'is-bad' : ''}>
        <dt>Waiting to be sent</dt>
        <dd data-testid="studio-queue">{waits.toFixed(1)} s</dd>
      </div>
      {state.drops > 0 && (
        <div>
          <dt>Dropped lines</dt>
          <dd>{state.drops}</dd>
        </div>
      )}
    </dl>
  );
}
