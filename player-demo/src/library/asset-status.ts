import type { Asset } from '../api/shapes.ts';
import { formatPercent } from '../format.ts';

/** One asset's state, ready to be shown: a tone for the colour, a label, and how far the work is (0 to 1). */
export interface StatusView {
  readonly tone: 'busy' | 'good' | 'bad' | 'idle';
  readonly label: string;
  readonly share?: number;
  /** One sentence for a status line or a tooltip. */
  readonly says: string;
}

export function viewStatus(asset: Asset): StatusView {
  switch (asset.status) {
    case 'uploading':
      return viewUploading(asset);
    case 'queued':
      return {
        tone: 'busy',
        label: 'Preparing',
        says: 'Received. Frontrow is reading the file and planning the encode.',
      };
    case 'playable':
      return isArriving(asset) ? viewPlayingUpload(asset) : viewEncoding(asset);
    case 'ready':
      return { tone: 'good', label: 'Ready', says: 'Every rendition is encoded.' };
    case 'errored':
      return { tone: 'bad', label: 'Failed', says: asset.error?.detail ?? 'This film could not be encoded.' };
  }
}

function viewUploading(asset: Asset): StatusView {
  const { receivedBytes, sizeBytes } = asset.source;
  const says = 'The file is still arriving. If the upload was interrupted, choose the same file again to go on.';
  if (receivedBytes === undefined || !sizeBytes) return { tone: 'idle', label: 'Uploading', says };
  const share = receivedBytes / sizeBytes;
  return { tone: 'idle', label: `Uploading ${formatPercent(share)}`, share, says };
}

/** Whether more of its file is still to come; it may play all the same. */
export function isArriving(asset: Asset): boolean {
  return asset.source.receivedBytes !== undefined;
}

function viewPlayingUpload(asset: Asset): StatusView {
  const { receivedBytes = 0, sizeBytes = 0 } = asset.source;
  const share = sizeBytes > 0 ? receivedBytes / sizeBytes : 0;
  const says = 'It plays while it uploads. A part that has not arrived yet is waited for.';
  return { tone: 'busy', label: `Uploading ${formatPercent(share)}`, share, says };
}

function viewEncoding(asset: Asset): StatusView {
  const { segmentsDone, segmentsTotal } = asset.progress;
  const says = 'It plays already. Parts that are not encoded yet are made first as soon as somebody asks for them.';
  if (segmentsTotal === 0) return { tone: 'busy', label: 'Encoding', says };
  const share = segmentsDone / segmentsTotal;
  return { tone: 'busy', label: `Encoding ${formatPercent(share)}`, share, says };
}
