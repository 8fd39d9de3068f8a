import type { VNode } from 'preact';
import { useCallback } from 'preact/hooks';
import type { Broadcast, LiveStream } from '../api/live-shapes.ts';
import { LastClip } from '../clips/last-clip.tsx';
import { formatAgo, formatClock } from '../format.ts';
import { writeRoute } from '../route.ts';
import { api } from '../session.ts';
import { useNow } from '../ui/clock.ts';
import { Icon } from '../ui/icons.tsx';
import { usePolled } from './use-polled.ts';

const POLL_MS = 5_000;

/** Every time the stream was on air, newest first, with the films that were made of it. */
export function BroadcastList({ stream }: { stream: LiveStream }): VNode {
  const { streamId } = stream;
  const { broadcast: latest } = stream;
  const { value: broadcasts = [] } = usePolled(
    useCallback(() => api.live.broadcasts(streamId), [streamId]),
    POLL_MS,
  );
  return (
    <section class="panel side-by-side" aria-label="Broadcasts">
      <h2 class="panel-title">Broadcasts</h2>
      {broadcasts.length === 0 && <p class="muted small">Each time you go live is listed here, with its recording.</p>}
      {broadcasts.length > 0 && (
        <ul class="rows" data-testid="broadcasts">
          {broadcasts.map((broadcast) => (
            <BroadcastRow key={broadcast.number} broadcast={broadcast} />
          ))}
        </ul>
      )}
      {latest?.recordingId && !latest.endedAt && <LastClip key={latest.recordingId} recordingId={latest.recordingId} />}
    </section>
  );
}

function BroadcastRow({ broadcast }: { broadcast: Broadcast }): VNode {
  const nowMs = useNow(1_000);
  const startedAtMs = Date.parse(broadcast.startedAt);
  const endedAtMs = broadcast.endedAt ? Date.parse(broadcast.endedAt) : undefined;
  return (
    <li class="row" data-testid="broadcast-row" data-number={broadcast.number}>
      <Icon name={endedAtMs === undefined ? 'live' : 'film'} />
      <span class="row-text">
        <strong>Broadcast {broadcast.number}</strong>
        <span class="muted small tabular">
          {endedAtMs === undefined ? 'On air for ' : `${formatAgo(startedAtMs, nowMs)} · `}
          {formatClock(((endedAtMs ?? nowMs) - startedAtMs) / 1_000)}
        </span>
      </span>
      {endedAtMs !== undefined && broadcast.recordingId && (
        <a
          class="button button-quiet"
          href={writeRoute({ page: 'watch', assetId: broadcast.recordingId })}
          data-testid="recording-link"
        >
          Recording
        </a>
      )}
    </li>
  );
}
