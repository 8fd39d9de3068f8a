import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveStream } from '../../api/live-shapes.ts';
import { formatBitrate, formatClock } from '../../format.ts';
import { useNow } from '../../ui/clock.ts';
import { Button, Segmented } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icons.tsx';
import { ConfirmDialog } from '../../ui/work-dialog.tsx';
import { isOnAir } from '../live-status.tsx';
import { CopyViewerLink, WatchButton } from '../viewer-link.tsx';
import { PictureChoices } from './picture-choices.tsx';
import type { PublisherState } from './publisher.ts';
import { explainCode } from './publisher-rules.ts';
import { takeQuickStart } from './quick-start.ts';
import { useStayQuestion } from './use-stay-question.ts';
import { type Studio, useStudio } from './use-studio.ts';

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
  const { leavingTo, stay } = useStayQuestion(isSending(publishing));
  useQuickStart(stream.streamId, studio, Number(quality));
  return (
    <section class="panel studio" aria-label="Go live from this browser">
      <div class="studio-frame">
        <Preview stream={picture?.stream} />
        {!picture && (
          <div class="studio-choices">
            <h2>What do you want to show?</h2>
            <PictureChoices disabled={studio.opening} onChoose={(kind) => void studio.openPicture(kind)} />
          </div>
        )}
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
            <Button icon="stop" onClick={() => void studio.finish()} data-testid="studio-stop">
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
              <Button look="quiet" onClick={studio.closePicture} data-testid="studio-another">
                Another picture
              </Button>
            </>
          )}
          {publishing && isSending(publishing) && <LineFacts state={publishing} />}
        </div>
      )}
      {isOnAir(stream) && !isSending(publishing) && (
        <p class="studio-note muted small" data-testid="studio-elsewhere">
          {stream.status === 'live'
            ? 'On air from somewhere else. What you send stands by as its backup.'
            : 'The broadcast waits for its publisher: it goes on with what you send.'}
        </p>
      )}
      {publishing?.phase === 'live' && <OnAirLinks stream={stream} />}
      {leavingTo !== undefined && (
        <ConfirmDialog
          title="Leave the studio?"
          says="This page is what sends the picture: your broadcast stops when you leave it. To see it as viewers do, open Watch in a new tab."
          keep="Stay on air"
          label="Stop and leave"
          work={async () => {
            await studio.finish();
            location.hash = leavingTo;
          }}
          onClose={stay}
          testId="studio-leave"
        />
      )}
    </section>
  );
}

/** Begins with the picture that was chosen before this page: the test picture at once, others after a look at them. */
function useQuickStart(streamId: string, studio: Studio, videoBps: number): void {
  const now = useRef(studio);
  now.current = studio;
  useEffect(() => {
    const kind = takeQuickStart(streamId);
    if (!kind) return;
    const begin = async () => {
      await now.current.openPicture(kind);
      if (kind === 'test') await now.current.goLive(videoBps);
    };
    void begin();
  }, [streamId]);
}

/** How it is seen by others, while it is on air. */
function OnAirLinks({ stream }: { stream: LiveStream }): VNode {
  return (
    <div class="studio-links" data-testid="studio-links">
      <p class="muted small">
        {stream.policy === 'public' ? 'Anyone with the link can watch now.' : 'Viewers need a grant to watch.'}
      </p>
      <WatchButton streamId={stream.streamId} testId="studio-watch" />
      <CopyViewerLink policy={stream.policy} playbackUrl={stream.playbackUrl} />
    </div>
  );
}

function isSending(state: PublisherState | undefined): boolean {
  return state !== undefined && state.phase !== 'refused' && state.phase !== 'finished';
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
