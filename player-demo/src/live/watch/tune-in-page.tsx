import type { VNode } from 'preact';
import { useCallback } from 'preact/hooks';
import type { Broadcast, LiveStream } from '../../api/live-shapes.ts';
import { LastClip } from '../../clips/last-clip.tsx';
import { PolicyBadge } from '../../library/asset-card.tsx';
import type { CarrierName } from '../../player/carrier-names.ts';
import { writeRoute } from '../../route.ts';
import { api } from '../../session.ts';
import { Icon } from '../../ui/icons.tsx';
import type { Delivery } from '../deliveries.ts';
import { KnownStream } from '../known-stream.tsx';
import { useChannel, useLiveSource } from '../use-channel.ts';
import { usePolled } from '../use-polled.ts';
import { CopyViewerLink } from '../viewer-link.tsx';
import { LiveStage } from './live-stage.tsx';
import { RecordingLink } from './recording-link.tsx';

const POLL_MS = 30_000;

interface TuneInPageProps {
  readonly streamId: string;
  readonly delivery: Delivery;
  /** How the grant of a signed stream travels. */
  readonly carrier: CarrierName | undefined;
}

/** Watching a stream while signed in. */
export function TuneInPage({ streamId, delivery, carrier }: TuneInPageProps): VNode {
  return (
    <KnownStream streamId={streamId} everyMs={POLL_MS} skeleton="player player-skeleton">
      {(stream) => <TuneIn stream={stream} delivery={delivery} carrier={carrier} />}
    </KnownStream>
  );
}

interface TuneInProps {
  readonly stream: LiveStream;
  readonly delivery: Delivery;
  readonly carrier: CarrierName | undefined;
}

function TuneIn({ stream, delivery, carrier }: TuneInProps): VNode {
  const { streamId, title, policy, playbackUrl } = stream;
  const source = useLiveSource(stream, carrier);
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
        afterwards={<OwnRecordingLink streamId={streamId} ended={channel.view.endedBroadcast} />}
      >
        {policy === 'public' && <ShareLine playbackUrl={playbackUrl} />}
        <ClipOfBroadcast streamId={streamId} number={channel.view.broadcast?.number} />
      </LiveStage>
    </article>
  );
}

/** While it goes on, for whoever may. */
function ClipOfBroadcast({ streamId, number }: { streamId: string; number: number | undefined }): VNode | null {
  const broadcasts = useBroadcasts(streamId, 10_000);
  const recordingId = broadcasts.find((one) => one.number === number && !one.endedAt)?.recordingId;
  return recordingId ? <LastClip key={recordingId} recordingId={recordingId} /> : null;
}

/** The film that the broadcast became, also where viewers need a grant for it. */
function OwnRecordingLink({ streamId, ended }: { streamId: string; ended: number | undefined }): VNode | null {
  const broadcasts = useBroadcasts(streamId, 2_000);
  const recordingId = broadcasts.find(({ number }) => number === ended)?.recordingId;
  return recordingId ? (
    <RecordingLink to={{ page: 'watch', assetId: recordingId }} label="Watch the recording" />
  ) : null;
}

function useBroadcasts(streamId: string, everyMs: number): readonly Broadcast[] {
  const read = useCallback(() => api.live.broadcasts(streamId), [streamId]);
  return usePolled(read, everyMs).value ?? [];
}

function ShareLine({ playbackUrl }: { playbackUrl: string }): VNode {
  return (
    <div class="share-line">
      <p class="muted small">Anyone may watch with this link, without an account.</p>
      <CopyViewerLink policy="public" playbackUrl={playbackUrl} />
    </div>
  );
}
