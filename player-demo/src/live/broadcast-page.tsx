import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { LiveStream } from '../api/live-shapes.ts';
import { PolicyBadge } from '../library/asset-card.tsx';
import { api } from '../session.ts';
import { goTo } from '../shell/use-route.ts';
import { Button, Segmented } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import { tell, tellProblem } from '../ui/toast.tsx';
import { ConfirmDialog } from '../ui/work-dialog.tsx';
import { BroadcastList } from './broadcast-list.tsx';
import { ChatPanel, type Moderation } from './chat/chat-panel.tsx';
import { EncoderPanel } from './encoder/encoder-panel.tsx';
import { HealthPanel } from './health-panel.tsx';
import { KnownStream } from './known-stream.tsx';
import { isOnAir, LiveChip } from './live-status.tsx';
import { StudioPanel } from './publish/studio-panel.tsx';
import { useChannel, useLiveSource } from './use-channel.ts';
import { WatchButton } from './viewer-link.tsx';

const POLL_MS = 1_500;

/** The broadcaster's side of one stream. */
export function BroadcastPage({ streamId }: { streamId: string }): VNode {
  return (
    <KnownStream streamId={streamId} everyMs={POLL_MS} skeleton="panel streams-skeleton">
      {(stream, reload) => <Broadcast stream={stream} onChange={reload} />}
    </KnownStream>
  );
}

type From = 'browser' | 'encoder';
type OpenDialog = 'end' | 'delete';

function Broadcast({ stream, onChange }: { stream: LiveStream; onChange: () => void }): VNode {
  const [from, setFrom] = useState<From>('browser');
  const [dialog, setDialog] = useState<OpenDialog>();
  const close = () => {
    setDialog(undefined);
    onChange();
  };
  return (
    <article class="broadcast" data-testid="broadcast" data-status={stream.status}>
      <BroadcastHead stream={stream} onDialog={setDialog} />
      <div class="broadcast-body">
        <div class="broadcast-main">
          <Segmented<From>
            label="Where the picture comes from"
            value={from}
            onChange={setFrom}
            options={[
              { value: 'browser', label: 'From this browser', testId: 'from-browser' },
              { value: 'encoder', label: 'From OBS or ffmpeg', testId: 'from-encoder' },
            ]}
          />
          {/* Hidden, not removed: a broadcast from this page goes on while its addresses are looked at. */}
          <div hidden={from !== 'browser'}>
            <StudioPanel stream={stream} />
          </div>
          <div class="stack" hidden={from !== 'encoder'}>
            <EncoderPanel stream={stream} />
          </div>
          <HealthPanel stream={stream} />
        </div>
        <div class="broadcast-rail">
          <StudioChat stream={stream} />
          <BroadcastList stream={stream} />
        </div>
      </div>
      {dialog === 'end' && <EndDialog stream={stream} onClose={close} />}
      {dialog === 'delete' && <DeleteDialog stream={stream} onClose={() => setDialog(undefined)} />}
    </article>
  );
}

/** The chat with the means to keep it civil. */
function StudioChat({ stream }: { stream: LiveStream }): VNode {
  const { streamId } = stream;
  const { client, view } = useChannel(useLiveSource(stream), true);
  const moderation = useMemo(() => moderate(streamId), [streamId]);
  return <ChatPanel client={client} view={view} moderation={moderation} />;
}

function moderate(streamId: string): Moderation {
  const attempt = async (work: Promise<void>, says: string) => {
    try {
      await work;
      tell(says);
    } catch (thrown) {
      tellProblem(thrown);
    }
  };
  return {
    onDelete: ({ id }) => void attempt(api.live.deleteMessage(streamId, id), 'The message is gone.'),
    onBan: ({ author }) => void attempt(api.live.ban(streamId, author.id), `${author.name} is banned.`),
  };
}

interface HeadProps {
  readonly stream: LiveStream;
  readonly onDialog: (dialog: OpenDialog) => void;
}

function BroadcastHead({ stream, onDialog }: HeadProps): VNode {
  const { streamId, title, status, policy } = stream;
  return (
    <header class="watch-head live-head">
      <a class="icon-button" href="#/live" aria-label="Back to all streams">
        <Icon name="back" />
      </a>
      <h1 title={title}>{title}</h1>
      <LiveChip status={status} />
      <PolicyBadge policy={policy} />
      <span class="live-actions">
        <WatchButton streamId={streamId} testId="tune-in" />
        {isOnAir(stream) && (
          <Button look="danger" icon="stop" onClick={() => onDialog('end')} data-testid="live-end">
            End broadcast
          </Button>
        )}
        <Menu
          label={`Actions for ${title}`}
          items={[{ icon: 'trash', label: 'Delete stream', danger: true, onChoose: () => onDialog('delete') }]}
          testId="live-menu"
        />
      </span>
    </header>
  );
}

function EndDialog({ stream, onClose }: { stream: LiveStream; onClose: () => void }): VNode {
  return (
    <ConfirmDialog
      title="End this broadcast?"
      says="Viewers see the end at once, whoever publishes is sent away, and what was sent becomes a film in the library."
      keep="Stay on air"
      label="End broadcast"
      work={() => api.live.end(stream.streamId)}
      onClose={onClose}
      testId="live-confirm"
    />
  );
}

function DeleteDialog({ stream, onClose }: { stream: LiveStream; onClose: () => void }): VNode {
  const remove = async () => {
    await api.live.remove(stream.streamId);
    tell(`${stream.title} is deleted.`);
    goTo({ page: 'live' });
  };
  return (
    <ConfirmDialog
      title={`Delete “${stream.title}”?`}
      says="Its addresses and its key stop working. Films made of its broadcasts stay in the library."
      keep="Keep it"
      label="Delete"
      work={remove}
      onClose={onClose}
      testId="live-confirm"
    />
  );
}
