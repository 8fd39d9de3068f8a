import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { Asset } from '../api/shapes.ts';
import { useCell } from '../cell.ts';
import { ClipPanel } from '../clips/clip-panel.tsx';
import { EncodingPanel } from '../encoding/encoding-panel.tsx';
import { EncryptionBadge, PolicyBadge } from '../library/asset-card.tsx';
import { isArriving, viewStatus } from '../library/asset-status.ts';
import { writeRoute } from '../route.ts';
import { api } from '../session.ts';
import { library } from '../stores.ts';
import { SubtitlesPanel } from '../subtitles/subtitles-panel.tsx';
import { ProgressBar } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { Notice } from '../ui/notice.tsx';
import type { CarrierName } from './carrier-names.ts';
import { DeliveryPanel } from './delivery-panel.tsx';
import { Player } from './player.tsx';
import { RenditionTable } from './rendition-table.tsx';
import { useSource } from './use-source.ts';

const WIDE = '(min-width: 1000px)';

export function WatchPage({ assetId, carrier }: { assetId: string; carrier: CarrierName | undefined }): VNode {
  const shelf = useCell(library.shelf);
  const asset = shelf?.find((one) => one.assetId === assetId);
  const missing = useMissing(assetId, shelf !== undefined && asset === undefined);
  if (asset) return <Watch asset={asset} carrierAtFirst={carrier ?? 'url'} />;
  if (missing) {
    return (
      <Notice icon="search" title="There is no such film" code={missing.code} testId="watch-missing">
        <p>
          {missing.message} Back to the <a href="#/">library</a>.
        </p>
      </Notice>
    );
  }
  return <div class="player player-skeleton skeleton" role="status" aria-label="Loading" />;
}

/** Asks the server before saying that a film is gone: the list may simply be older than the film. */
function useMissing(assetId: string, absent: boolean): Problem | undefined {
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    if (!absent) return;
    api.getAsset(assetId).then(
      () => library.refresh(),
      (thrown: unknown) => setProblem(Problem.from(thrown)),
    );
  }, [assetId, absent]);
  return absent ? problem : undefined;
}

function Watch({ asset, carrierAtFirst }: { asset: Asset; carrierAtFirst: CarrierName }): VNode {
  const [carrier, setCarrier] = useState(carrierAtFirst);
  const [version, setVersion] = useState(asset.version);
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const { source, problem, renew } = useSource(asset, carrier);
  const audioOnly = asset.renditions?.length ? asset.renditions.every((one) => one.kind === 'audio') : false;
  return (
    <article class="watch" data-testid="watch" data-status={asset.status}>
      <header class="watch-head">
        <a class="icon-button" href="#/" aria-label="Back to the library">
          <Icon name="back" />
        </a>
        <h1 title={asset.title}>{asset.title}</h1>
        <PolicyBadge policy={asset.policy} />
        <EncryptionBadge asset={asset} />
        <a class="button button-plain watch-sign" href={writeRoute({ page: 'sign', assetId: asset.assetId })}>
          <Icon name="pen" size={17} />
          <span>Sign for a viewer</span>
        </a>
      </header>
      <Player
        key={version}
        title={asset.title}
        source={source}
        audioOnly={audioOnly}
        statsAtFirst={matchMedia(WIDE).matches}
        waiting={<Waiting asset={asset} problem={problem} />}
        onRetry={renew}
        onVideo={setVideo}
        aside={<DeliveryPanel asset={asset} carrier={carrier} onCarrier={setCarrier} />}
      >
        <StatusLine asset={asset} />
        <div class="film-panels">
          <EncodingPanel asset={asset} playing={version} onPlayNewest={() => setVersion(asset.version)} />
          <SubtitlesPanel asset={asset} />
          <ClipPanel asset={asset} video={video} />
        </div>
        <RenditionTable asset={asset} />
      </Player>
    </article>
  );
}

/** Says that the film plays already while the rest is still being uploaded or encoded; nothing once it is ready. */
function StatusLine({ asset }: { asset: Asset }): VNode | null {
  if (asset.status !== 'playable') return null;
  const status = viewStatus(asset);
  return (
    <div class="status-line" role="status" data-testid="encoding-status">
      <span class={`chip chip-${status.tone}`}>
        <i aria-hidden="true" />
        <span class="tabular">{status.label}</span>
      </span>
      <p>{status.says}</p>
      <ProgressBar share={status.share ?? 0} label={isArriving(asset) ? 'Uploaded' : 'Encoded'} />
    </div>
  );
}

/** What the frame shows while there is nothing to play. */
function Waiting({ asset, problem }: { asset: Asset; problem: Problem | undefined }): VNode {
  if (asset.status === 'errored') {
    return (
      <div class="player-error" role="alert" data-testid="playback-error" data-code={asset.error?.code}>
        <Icon name="warn" size={30} />
        <h2>This film could not be encoded</h2>
        <p>{asset.error?.detail}</p>
        <code class="code-chip">{asset.error?.code}</code>
      </div>
    );
  }
  if (problem) {
    return (
      <div class="player-error" role="alert" data-testid="playback-error" data-code={problem.code}>
        <Icon name="lock" size={30} />
        <h2>No grant for this film</h2>
        <p>{problem.message}</p>
        <code class="code-chip">{problem.code}</code>
      </div>
    );
  }
  const status = viewStatus(asset);
  return (
    <div class="player-soon" role="status">
      <span class="spinner spinner-large" aria-hidden="true" />
      {asset.status !== 'ready' && asset.status !== 'playable' && (
        <>
          <h2 class="tabular">{status.label}</h2>
          <p>{status.says}</p>
        </>
      )}
    </div>
  );
}
