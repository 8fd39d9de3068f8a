import type { VNode } from 'preact';
import { useCallback, useMemo } from 'preact/hooks';
import type { LiveStream } from '../../api/live-shapes.ts';
import { PolicyBadge } from '../../library/asset-card.tsx';
import { writeRoute } from '../../route.ts';
import { api } from '../../session.ts';
import { CopyButton } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Notice } from '../../ui/notice.tsx';
import type { Delivery } from '../deliveries.ts';
import { sourceOf } from '../live-source.ts';
import { useChannel } from '../use-channel.ts';
import { usePolled } from '../use-polled.ts';
import { LiveStage } from './live-stage.tsx';

const POLL_MS = 30_000;

interface TuneInPageProps {
  readonly streamId: string;
  readonly delivery: Delivery;
}

/** Watching a stream while signed in. */
export function TuneInPage({ streamId, delivery }: TuneInPageProps): VNode {
  const { value: stream, problem } = usePolled(
    useCallback(() => api.live.get(streamId), [streamId]),
    POLL_MS,
  );
  if (stream) return <TuneIn stream={stream} delivery={delivery} />;
  if (problem) {
    return (
      <Notice icon="search" title="There is no such stream" code={problem.code}>
        <p>
          {problem.message} Back to <a href="#/live">all streams</a>.
        </p>
      </Notice>
    );
  }
  return <div class="player player-skeleton skeleton" role="status" aria-label="Loading" />;
}

function TuneIn({ stream, delivery }: { stream: LiveStream; delivery: Delivery }): VNode {
  const { streamId, title, policy, playbackUrl, channelUrl } = stream;
  const source = useMemo(
    () => sourceOf({ streamId, policy, playbackUrl, channelUrl }),
    [streamId, policy, playbackUrl, channelUrl],
  );
  const channel = useChannel(source);
  return (
    <article class="watch" data-testid="tune-in-page">
      <header class="watch-head">
        <a class="icon-button" href="#/live" aria-label="Back to all streams">
          <Icon name="back" />
        </a>
        <h1 title={title}>{title}</h1>
        <PolicyBadge policy={policy} />
        <a class="button button-plain watch-sign" href={writeRoute({ page: 'broadcast', streamId })}>
          <Icon name="camera" size={17} />
          <span>Studio</span>
        </a>
      </header>
      <LiveStage
        title={title}
        source={source}
        channel={channel}
        delivery={delivery}
        afterwards={<RecordingLink streamId={streamId} ended={channel.view.endedBroadcast} />}
      >
        {policy === 'public' && <ShareLine playbackUrl={playbackUrl} />}
      </LiveStage>
    </article>
  );
}

/** The film that the broadcast became. */
function RecordingLink({ streamId, ended }: { streamId: string; ended: number | undefined }): VNode | null {
  const { value: broadcasts = [] } = usePolled(
    useCallback(() => api.live.broadcasts(streamId), [streamId]),
    2_000,
  );
  const recordingId = broadcasts.find(({ number }) => number === ended)?.recordingId;
  if (!recordingId) return null;
  return (
    <a
      class="button button-primary"
      href={writeRoute({ page: 'watch', assetId: recordingId })}
      data-testid="watch-recording"
    >
      <Icon name="play" size={17} />
      <span>Watch the recording</span>
    </a>
  );
}

function ShareLine({ playbackUrl }: { playbackUrl: string }): VNode {
  const address = `${location.origin}${location.pathname}${writeRoute({ page: 'play', url: playbackUrl })}`;
  return (
    <div class="share-line">
      <p class="muted small">Anyone may watch with this link, without an account.</p>
      <CopyButton text={address} label="Copy link" />
    </div>
  );
}
