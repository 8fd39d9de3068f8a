import type { VNode } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import type { Broadcast, LiveStream } from '../api/live-shapes.ts';
import { formatAgo, formatClock } from '../format.ts';
import { PolicyBadge } from '../library/asset-card.tsx';
import { writeRoute } from '../route.ts';
import { api } from '../session.ts';
import { goTo } from '../shell/use-route.ts';
import { useNow } from '../ui/clock.ts';
import { Button } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { ProblemBar } from '../ui/problem-bar.tsx';
import { tellProblem } from '../ui/toast.tsx';
import { isOnAir, LiveChip } from './live-status.tsx';
import { NewStreamDialog } from './new-stream-dialog.tsx';
import { PictureChoices } from './publish/picture-choices.tsx';
import type { PictureKind } from './publish/picture-source.ts';
import { prepareQuickStart } from './publish/quick-start.ts';
import { usePolled } from './use-polled.ts';

const POLL_MS = 4_000;

export function LivePage(): VNode {
  const {
    value: streams,
    problem,
    reload,
  } = usePolled(
    useCallback(() => api.live.list(), []),
    POLL_MS,
  );
  const [creating, setCreating] = useState(false);
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Live</h1>
          <p class="muted tabular">{streams ? summarize(streams) : 'Loading'}</p>
        </div>
        <div class="page-actions">
          <Button icon="plus" onClick={() => setCreating(true)} data-testid="live-create">
            New stream
          </Button>
        </div>
      </header>
      {problem && !streams && <ProblemBar problem={problem} onRetry={reload} />}
      {!streams && !problem && <div class="panel skeleton streams-skeleton" role="status" aria-label="Loading" />}
      {streams && <QuickStart streams={streams} />}
      {streams?.length === 0 && <NoStreams onCreate={() => setCreating(true)} />}
      {streams && streams.length > 0 && (
        <ul class="streams" data-testid="stream-list">
          {[...streams].sort(onAirFirst).map((stream) => (
            <StreamRow key={stream.streamId} stream={stream} />
          ))}
        </ul>
      )}
      {creating && (
        <NewStreamDialog
          onClose={() => setCreating(false)}
          onCreated={({ streamId }) => goTo({ page: 'broadcast', streamId })}
        />
      )}
    </>
  );
}

function StreamRow({ stream }: { stream: LiveStream }): VNode {
  const nowMs = useNow(1_000);
  const { streamId, title, status, policy, broadcast } = stream;
  return (
    <li class="stream" data-testid="stream-row" data-stream-id={streamId} data-status={status}>
      <span class={`stream-mark is-${status}`} aria-hidden="true">
        <Icon name="live" size={22} />
      </span>
      <a class="stream-main" href={writeRoute({ page: 'broadcast', streamId })}>
        <strong>{title}</strong>
        <span class="muted small tabular">{describe(broadcast, nowMs)}</span>
      </a>
      <PolicyBadge policy={policy} />
      <LiveChip status={status} />
      <a class="button button-plain" href={writeRoute({ page: 'tune-in', streamId })}>
        <Icon name="play" size={16} />
        <span>Watch</span>
      </a>
    </li>
  );
}

function describe(broadcast: Broadcast | undefined, nowMs: number): string {
  if (!broadcast) return 'Never on air yet';
  if (broadcast.endedAt) return `Last on air ${formatAgo(Date.parse(broadcast.endedAt), nowMs)}`;
  return `On air for ${formatClock((nowMs - Date.parse(broadcast.startedAt)) / 1_000)}`;
}

/** On air without another question: a stream is at hand, or made. */
function QuickStart({ streams }: { streams: readonly LiveStream[] }): VNode {
  const [busy, setBusy] = useState(false);
  const begin = async (kind: PictureKind) => {
    setBusy(true);
    try {
      goTo({ page: 'broadcast', streamId: await prepareQuickStart(kind, streams) });
    } catch (thrown) {
      tellProblem(thrown);
      setBusy(false);
    }
  };
  return (
    <section class="quick" aria-label="Go live from this browser" data-testid="quick-start">
      <div>
        <h2>Go live from this browser</h2>
        <p>Camera and screen after a look at them; the test picture at once.</p>
      </div>
      <PictureChoices disabled={busy} onChoose={(kind) => void begin(kind)} />
    </section>
  );
}

function NoStreams({ onCreate }: { onCreate: () => void }): VNode {
  return (
    <section class="empty streams-none" data-testid="live-empty">
      <h2>Or from OBS or ffmpeg</h2>
      <p class="muted">
        Make a stream: an address that lasts, with a key of its own. When a broadcast ends, it is a film in your
        library.
      </p>
      <Button look="primary" icon="plus" onClick={onCreate}>
        New stream
      </Button>
    </section>
  );
}

function onAirFirst(a: LiveStream, b: LiveStream): number {
  return Number(isOnAir(b)) - Number(isOnAir(a)) || b.createdAt.localeCompare(a.createdAt);
}

function summarize(streams: readonly LiveStream[]): string {
  const onAir = streams.filter(isOnAir).length;
  const all = `${streams.length} ${streams.length === 1 ? 'stream' : 'streams'}`;
  return onAir === 0 ? all : `${all}, ${onAir} on air`;
}
