import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Asset, Encoding } from '../api/shapes.ts';
import { formatAgo, formatPercent } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { Button, ProgressBar } from '../ui/controls.tsx';
import { EncodeDialog } from './encode-dialog.tsx';

interface EncodingPanelProps {
  readonly asset: Asset;
  /** The version that the player on this page began with. */
  readonly playing: number;
  readonly onPlayNewest: () => void;
}

/** Which version viewers get, what comes after it, and the way to another one. */
export function EncodingPanel({ asset, playing, onPlayNewest }: EncodingPanelProps): VNode | null {
  const [choosing, setChoosing] = useState(false);
  const { encoding } = asset;
  if (!isEncodable(asset)) return null;
  return (
    <section
      class="panel side-by-side"
      aria-label="Encoding"
      data-testid="encoding-panel"
      data-version={asset.version}
      data-encoding={encoding?.status}
    >
      <header class="panel-head">
        <h2 class="panel-title">Encoding</h2>
        <Button icon="retry" onClick={() => setChoosing(true)} data-testid="encode-again">
          Encode again
        </Button>
      </header>
      <Served asset={asset} />
      {playing !== asset.version && asset.status === 'ready' && (
        <p class="version-line small">
          <span class="muted">This player began with version {playing} and goes on with it.</span>
          <Button onClick={onPlayNewest} data-testid="play-newest">
            Play version {asset.version}
          </Button>
        </p>
      )}
      {encoding && <Coming asset={asset} encoding={encoding} />}
      {choosing && <EncodeDialog asset={asset} onClose={() => setChoosing(false)} />}
    </section>
  );
}

/** A film that plays, or whose encode failed while its source is good; the server has the last word. */
function isEncodable({ status, error }: Asset): boolean {
  return status === 'ready' || (status === 'errored' && (error?.code.startsWith('ENCODE_') ?? false));
}

function Served({ asset: { version, encoding, status } }: { asset: Asset }): VNode {
  const nowMs = useNow(30_000);
  if (status === 'errored') return <p class="muted">Nothing plays yet. Another ladder may do.</p>;
  const own = encoding?.status === 'ready' && encoding.version === version ? encoding : undefined;
  return (
    <p class="version-line" data-testid="version-served">
      <span class="chip chip-good">
        <i aria-hidden="true" />
        <span class="tabular">Version {version}</span>
      </span>
      <span>
        is what viewers get
        {own && (
          <span class="muted">
            {' '}
            · ladder {own.ladder}, asked for {formatAgo(Date.parse(own.requestedAt), nowMs)}
          </span>
        )}
      </span>
    </p>
  );
}

/** The version under way, or why it did not come to be. */
function Coming({ asset, encoding }: { asset: Asset; encoding: Encoding }): VNode | null {
  const { version, ladder, status, error, progress } = encoding;
  if (status === 'failed') {
    return (
      <p class="alert small" role="alert" data-testid="version-failed">
        <span>
          Version {version}, ladder {ladder}, failed: {error?.detail}{' '}
          {asset.status !== 'errored' && `Viewers keep version ${asset.version}.`}
        </span>
        <code>{error?.code}</code>
      </p>
    );
  }
  if (status !== 'running') return null;
  const share = progress.segmentsTotal === 0 ? 0 : progress.segmentsDone / progress.segmentsTotal;
  return (
    <div class="version-coming" role="status" data-testid="version-coming">
      <p class="version-line">
        <span class="chip chip-busy">
          <i aria-hidden="true" />
          <span class="tabular">
            Version {version} {progress.segmentsTotal === 0 ? 'planned' : formatPercent(share)}
          </span>
        </span>
        <span>
          ladder {ladder}{' '}
          <span class="muted">
            · {asset.status === 'errored' ? 'nothing plays' : `viewers keep version ${asset.version}`} until it is whole
          </span>
        </span>
      </p>
      <ProgressBar share={share} label={`Version ${version} encoded`} />
    </div>
  );
}
