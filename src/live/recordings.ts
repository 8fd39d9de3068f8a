import type { AssetPolicy, AssetRepository } from '../database/assets.ts';
import type { EndedBroadcast, RecordedAssetRepository, RecordedBroadcast } from '../database/recorded-assets.ts';
import type { SubtitleRepository } from '../database/subtitles.ts';
import { FAULTS } from '../kernel/errors.ts';
import { versionKeys } from '../kernel/film/paths.ts';
import type { BroadcastFormat } from '../kernel/live/broadcast.ts';
import type { Log } from '../kernel/log.ts';
import { makeRecording } from '../kernel/recording/recording.ts';
import type { NewJob, Queue } from '../queue/queue.ts';
import { recordedPicturesJob } from '../queue/recorded-pictures.ts';
import { ASSETS, assetChannel, type Signals, WORK } from '../queue/signals.ts';
import { waitingUploads } from '../queue/subtitle-change.ts';
import { RecordingPublisher, type RecordingPublisherParts } from '../recording/recording-publisher.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export interface RecordingsParts extends RecordingPublisherParts {
  readonly assets: Pick<AssetRepository, 'find' | 'fail'>;
  readonly recorded: RecordedAssetRepository;
  readonly subtitles: SubtitleRepository;
  readonly store: ObjectStore;
  readonly queue: Pick<Queue, 'addWithin'>;
  readonly signals: Signals;
  readonly log: Log;
}

/** Turns broadcasts into assets. Their segments are where those of an asset lie, so all that is missing in the end is text. */
export class Recordings {
  readonly #parts: RecordingsParts;
  readonly #publisher: RecordingPublisher;

  constructor(parts: RecordingsParts) {
    this.#parts = parts;
    this.#publisher = new RecordingPublisher(parts);
  }

  /** A broadcast that is to be kept begins: its asset is there from now on. */
  async begin(
    broadcast: RecordedBroadcast,
    about: { readonly title: string; readonly policy: AssetPolicy },
    format: BroadcastFormat,
  ): Promise<void> {
    await this.#parts.recorded.begin(broadcast, about, format);
    this.#tell(broadcast.recordingId);
  }

  /**
   * A broadcast is over, and all of it stored: its asset becomes `ready`, or, where it was not to be kept, what was stored
   * goes `keepMs` later. May be called again, and after a crash in any moment of it.
   */
  async finish({ streamId, number, recordingId }: RecordedBroadcast, keepMs = 0): Promise<void> {
    const { assets, recorded, log } = this.#parts;
    const broadcast = { streamId, number, recordingId };
    let asset = await assets.find(recordingId);
    if (!asset && (await recorded.makeUp(broadcast))) asset = await assets.find(recordingId);
    if (!asset) return recorded.release(recordingId, keepMs);
    if (asset.status !== 'uploading') return;
    const stored = await recorded.stored(asset);
    const recording = stored && makeRecording(stored);
    if (!recording) return this.#giveUp(recordingId);
    await this.#publisher.playlists(asset, recording);
    const pictures = recording.video ? [recordedPicturesJob(recordingId)] : [];
    const jobs = [...pictures, ...(await this.#waitingTexts(recordingId))];
    const isReady = await recorded.finish(recordingId, recording, (trx) => this.#parts.queue.addWithin(trx, jobs));
    if (!isReady) return;
    log.info({ asset: recordingId, stream: streamId, broadcast: number }, 'recording ready');
    this.#parts.signals.notify(WORK);
    this.#tell(recordingId);
  }

  /**
   * Goes on with what was cut off: broadcasts that had ended, as the database says, and were not finished. `isSettled` says
   * whether all of one is stored by now.
   */
  async recover(keepMs: number, isSettled: (broadcast: EndedBroadcast) => boolean): Promise<void> {
    for (const broadcast of await this.#parts.recorded.unfinished()) {
      try {
        if (isSettled(broadcast)) await this.finish(broadcast, keepMs);
      } catch (cause) {
        this.#parts.log.error({ err: cause, asset: broadcast.recordingId }, 'a recording could not be finished');
      }
    }
  }

  async #waitingTexts(recordingId: string): Promise<NewJob[]> {
    return waitingUploads(recordingId, await this.#parts.subtitles.list(recordingId));
  }

  async #giveUp(recordingId: string): Promise<void> {
    const code = 'RECORDING_EMPTY';
    await this.#parts.assets.fail(recordingId, { code, says: FAULTS[code].says });
    for (const key of versionKeys(recordingId, 1)) await this.#parts.store.deletePrefix(key);
    this.#tell(recordingId);
  }

  #tell(assetId: string): void {
    this.#parts.signals.notify(assetChannel(assetId));
    this.#parts.signals.notify(ASSETS);
  }
}
