import type { VNode } from 'preact';
import { memo } from 'preact/compat';
import type { Asset, AssetPolicy } from '../api/shapes.ts';
import { formatAgo, formatClock } from '../format.ts';
import { writeRoute } from '../route.ts';
import { goTo } from '../shell/use-route.ts';
import { library } from '../stores.ts';
import { useNow } from '../ui/clock.ts';
import { copyText } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { tell, tellProblem } from '../ui/toast.tsx';
import type { OpenDialog } from './asset-dialogs.tsx';
import { viewStatus } from './asset-status.ts';
import { Poster } from './poster.tsx';
import { isPlayable, topRung } from './shelf.ts';

interface AssetCardProps {
  readonly asset: Asset;
  readonly onDialog: (dialog: OpenDialog) => void;
}

export const AssetCard = memo(function AssetCard({ asset, onDialog }: AssetCardProps): VNode {
  const status = viewStatus(asset);
  return (
    <li class="card" data-testid="asset-card" data-asset-id={asset.assetId} data-status={asset.status}>
      <a class="card-link" href={writeRoute({ page: 'watch', assetId: asset.assetId })} data-testid="asset-link">
        <div class="card-poster">
          <Poster asset={asset} />
          {isPlayable(asset) && (
            <span class="card-play" aria-hidden="true">
              <Icon name="play" size={22} />
            </span>
          )}
          {asset.durationSeconds !== undefined && (
            <span class="card-clock tabular">{formatClock(asset.durationSeconds)}</span>
          )}
          {status.share !== undefined && (
            <span class="card-progress" aria-hidden="true">
              <i style={{ transform: `scaleX(${status.share})` }} />
            </span>
          )}
        </div>
        <h2 class="card-title" title={asset.title}>
          {asset.title}
        </h2>
      </a>
      <div class="card-meta">
        <span class={`chip chip-${status.tone}`} data-testid="asset-status" title={status.says}>
          <i aria-hidden="true" />
          <span class="tabular">{status.label}</span>
        </span>
        <PolicyBadge policy={asset.policy} />
        <EncryptionBadge asset={asset} />
        <CardFacts asset={asset} />
        <Menu label={`Actions for ${asset.title}`} items={actionsOf(asset, onDialog)} testId="asset-menu" />
      </div>
      {asset.error && (
        <p class="card-error">
          {asset.error.detail} <code>{asset.error.code}</code>
        </p>
      )}
    </li>
  );
});

function CardFacts({ asset }: { asset: Asset }): VNode {
  const nowMs = useNow(30_000);
  const rung = topRung(asset);
  return (
    <span class="card-facts tabular">
      {rung && <span>{rung}</span>}
      <time dateTime={asset.createdAt}>{formatAgo(Date.parse(asset.createdAt), nowMs)}</time>
    </span>
  );
}

export function PolicyBadge({ policy }: { policy: AssetPolicy }): VNode {
  const says = policy === 'signed' ? 'Plays only with a grant' : 'Anyone with the address may watch';
  return (
    <span class={`policy policy-${policy}`} title={says} data-testid="asset-policy">
      <Icon name={policy === 'signed' ? 'lock' : 'globe'} size={14} />
      <span>{policy === 'signed' ? 'Signed' : 'Public'}</span>
    </span>
  );
}

/** Nothing for a film in the clear. */
export function EncryptionBadge({ asset }: { asset: Asset }): VNode | null {
  if (!asset.encryption) return null;
  return (
    <span class="policy" title="Stored and sent as ciphertext (HLS, AES-128)" data-testid="asset-encryption">
      <Icon name="key" size={14} />
      <span>Encrypted</span>
    </span>
  );
}

function actionsOf(asset: Asset, onDialog: (dialog: OpenDialog) => void): readonly MenuItem[] {
  const other: AssetPolicy = asset.policy === 'signed' ? 'public' : 'signed';
  return [
    { icon: 'pen', label: 'Rename', onChoose: () => onDialog({ kind: 'rename', asset }), testId: 'asset-rename' },
    {
      icon: other === 'signed' ? 'lock' : 'globe',
      label: other === 'signed' ? 'Require a signature' : 'Make public',
      onChoose: () => void switchPolicy(asset, other),
      testId: 'asset-switch-policy',
    },
    { icon: 'key', label: 'Sign for a viewer', onChoose: () => goTo({ page: 'sign', assetId: asset.assetId }) },
    { icon: 'copy', label: 'Copy playback URL', onChoose: () => void copyPlaybackUrl(asset) },
    {
      icon: 'trash',
      label: 'Delete',
      danger: true,
      onChoose: () => onDialog({ kind: 'delete', asset }),
      testId: 'asset-delete',
    },
  ];
}

async function switchPolicy(asset: Asset, policy: AssetPolicy): Promise<void> {
  try {
    await library.setPolicy(asset, policy);
    tell(policy === 'signed' ? `${asset.title} now needs a signature.` : `${asset.title} is public now.`);
  } catch (thrown) {
    tellProblem(thrown);
  }
}

async function copyPlaybackUrl(asset: Asset): Promise<void> {
  if (await copyText(asset.playbackUrl)) tell('Playback URL copied.');
}
