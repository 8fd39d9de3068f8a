import type { Asset } from '../database/assets.ts';
import { Fault } from '../kernel/errors.ts';
import { filmPrefix, sourcePrefix } from '../kernel/film/paths.ts';
import { ASSETS, assetChannel } from '../queue/signals.ts';
import { encodingSubject } from '../queue/subjects.ts';

/** What removing an asset must reach. */
export interface RemovalParts {
  readonly queue: { cancel(subject: string): Promise<void> };
  readonly assets: {
    find(id: string): Promise<Pick<Asset, 'encoding' | 'recording' | 'status'> | undefined>;
    delete(id: string): Promise<boolean>;
  };
  readonly store: { deletePrefix(prefix: string): Promise<void> };
  readonly signals: { notify(channel: string): void };
}

/** Told of every removed asset: ingest drops what has arrived so far, consoles drop the row. */
export type RemovalListener = (assetId: string) => void | Promise<void>;

/** Removes assets with everything that belongs to them. */
export class AssetRemoval {
  readonly #parts: RemovalParts;
  readonly #listeners: RemovalListener[] = [];

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  onRemoved(listener: RemovalListener): void {
    this.#listeners.push(listener);
  }

  /**
   * The row goes before the bytes: whatever still works on the asset finds it gone and stops, while the other order
   * would let a worker publish a segment into a folder just emptied. A crash in between leaves bytes that nobody can
   * reach, never an asset without its bytes.
   * @throws Fault RECORDING_RUNNING while its broadcast goes on, whose viewers are sent these very bytes.
   */
  async remove(assetId: string): Promise<void> {
    const { queue, assets, store, signals } = this.#parts;
    const asset = await assets.find(assetId);
    if (asset?.recording && asset.status === 'uploading') throw new Fault('RECORDING_RUNNING');
    const encoding = asset?.encoding;
    await assets.delete(assetId);
    await queue.cancel(assetId);
    if (encoding) await queue.cancel(encodingSubject(assetId, encoding.version));
    signals.notify(assetChannel(assetId));
    signals.notify(ASSETS);
    for (const listener of this.#listeners) await listener(assetId);
    await store.deletePrefix(filmPrefix(assetId));
    await store.deletePrefix(sourcePrefix(assetId));
  }
}
