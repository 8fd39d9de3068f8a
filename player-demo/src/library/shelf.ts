import type { Asset, AssetEvent } from '../api/shapes.ts';

/** The library as it is known here: newest first, one entry an asset. `undefined` before the first reading. */
export type Shelf = readonly Asset[];

export function applyEvent(shelf: Shelf, message: AssetEvent): Shelf {
  if (message.type === 'deleted') return shelf.filter((asset) => asset.assetId !== message.assetId);
  return placeAsset(shelf, message.asset);
}

/** Puts one asset in its place. An older word on an asset never replaces a newer one. */
export function placeAsset(shelf: Shelf, asset: Asset): Shelf {
  const known = shelf.find((other) => other.assetId === asset.assetId);
  if (known && known.updatedAt > asset.updatedAt) return shelf;
  if (known) return shelf.map((other) => (other === known ? asset : other));
  return sortShelf([asset, ...shelf]);
}

export function sortShelf(shelf: Shelf): Shelf {
  return [...shelf].sort((a, b) => (a.createdAt === b.createdAt ? 0 : a.createdAt < b.createdAt ? 1 : -1));
}

export function searchShelf(shelf: Shelf, words: string): Shelf {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return shelf.filter((asset) => {
    const text = `${asset.title} ${asset.source.name} ${asset.assetId} ${asset.status} ${asset.policy}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** Whether the server still works on it, so that a reading soon may say something new. */
export function isUnsettled(asset: Asset): boolean {
  const isUnderWay = asset.status === 'uploading' || asset.status === 'queued' || asset.status === 'playable';
  return isUnderWay || asset.encoding?.status === 'running';
}

export function isPlayable(asset: Asset): boolean {
  return asset.status === 'playable' || asset.status === 'ready';
}

/** The tallest picture of the ladder as its name (`720p`); `Audio` for a film without pictures. */
export function topRung(asset: Asset): string | undefined {
  const renditions = asset.renditions ?? [];
  if (renditions.length === 0) return undefined;
  const heights = renditions.flatMap((rendition) => (rendition.kind === 'video' ? [rendition.height ?? 0] : []));
  return heights.length === 0 ? 'Audio' : `${Math.max(...heights)}p`;
}
