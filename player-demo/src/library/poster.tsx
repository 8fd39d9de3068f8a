import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Asset } from '../api/shapes.ts';
import { grants } from '../stores.ts';
import { Icon, type IconName } from '../ui/icons.tsx';

/** A poster is made shortly after a film becomes playable: what is not there yet is asked for a few times more. */
const RETRY_MS = 4_000;
const RETRIES = 5;

/** An asset's still, with a quiet placeholder until it is there. Signed ones get a grant once they come into view. */
export function Poster({ asset }: { asset: Asset }): VNode {
  const root = useRef<HTMLDivElement>(null);
  const seen = useSeen(root);
  const address = usePosterUrl(asset, seen);
  return (
    <div class="poster" ref={root}>
      <span class="poster-mark">
        <Icon name={markOf(asset)} size={26} />
      </span>
      {address && <Still key={address} address={address} onLost={() => grants.forget(asset.assetId)} />}
    </div>
  );
}

function Still({ address, onLost }: { address: string; onLost: () => void }): VNode | null {
  const [state, setState] = useState<'waiting' | 'shown' | 'failed'>('waiting');
  const [attempt, setAttempt] = useState(1);
  useEffect(() => {
    if (state !== 'failed') return;
    if (attempt > RETRIES) {
      onLost();
      return;
    }
    const timer = setTimeout(() => {
      setAttempt(attempt + 1);
      setState('waiting');
    }, RETRY_MS);
    return () => clearTimeout(timer);
  }, [state, attempt]);
  if (state === 'failed') return null;
  return (
    <img
      src={address}
      alt=""
      loading="lazy"
      decoding="async"
      class={state === 'shown' ? 'is-shown' : ''}
      onLoad={() => setState('shown')}
      onError={() => setState('failed')}
    />
  );
}

/** The address to show now; undefined while there is none, or no grant yet. */
export function usePosterUrl(asset: Asset, wanted: boolean): string | undefined {
  const [signed, setSigned] = useState<string>();
  const needsGrant = asset.policy === 'signed' && asset.posterUrl !== undefined && wanted;
  useEffect(() => {
    if (!needsGrant) return;
    let current = true;
    grants.get(asset.assetId).then(
      (grant) => current && setSigned(grant.posterUrl),
      () => undefined, // The card is whole without its picture; the next visit asks again.
    );
    return () => {
      current = false;
    };
  }, [asset.assetId, needsGrant]);
  return asset.policy === 'signed' ? signed : asset.posterUrl;
}

function useSeen(root: { readonly current: HTMLElement | null }): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = root.current;
    if (!element || seen) return;
    const watcher = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true),
      { rootMargin: '200px' },
    );
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [root, seen]);
  return seen;
}

function markOf(asset: Asset): IconName {
  if (asset.status === 'errored') return 'warn';
  if (asset.status === 'uploading') return 'cloud';
  const renditions = asset.renditions ?? [];
  return renditions.length > 0 && renditions.every((rendition) => rendition.kind === 'audio') ? 'wave' : 'film';
}
