import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssetPolicy } from '../database/assets.ts';
import type { DatabaseTransaction } from '../database/open.ts';
import type { EncryptionMethod } from '../kernel/encryption/segment.ts';
import { FAULTS, Fault, type FaultCode, isPassing, isStorageFull } from '../kernel/errors.ts';
import { filmPrefix, sourceKey, sourcePrefix, versionKeys } from '../kernel/film/paths.ts';
import { type NewJob, PRIORITY_PROBE } from '../queue/queue.ts';
import { ASSETS, assetChannel, WORK } from '../queue/signals.ts';
import { EarlyStart } from './early-start.ts';
import type { IngestParts } from './parts.ts';

/** What a sender says about a source. */
export interface SourceLabel {
  readonly title: string;
  readonly policy: AssetPolicy;
  readonly encryption?: EncryptionMethod;
  readonly fileName: string;
  /** What the sound is to be brought to. */
  readonly loudnessLufs?: number;
}

/**
 * The one way in for every door: an asset begins, bytes arrive in a file, the file becomes the asset's source and a
 * probe is queued. The steps of the last part are in an order that a crash between any two can be healed at the next
 * start: the bytes are synced, then renamed into the store, then the row advances and the probe is queued at once.
 */
export class Intake {
  readonly #parts: IngestParts;
  readonly #finishing = new Map<string, Promise<void>>();
  /** What was noted last of each source that arrives, and what came since. */
  readonly #notes = new Map<string, Note>();

  readonly #early: EarlyStart;

  constructor(parts: IngestParts) {
    this.#parts = parts;
    this.#early = new EarlyStart(parts);
  }

  async begin(assetId: string, label: SourceLabel, sizeBytes?: number): Promise<void> {
    const { fileName, ...said } = label;
    await this.#parts.assets.create({
      ...said,
      id: assetId,
      sourceName: fileName,
      receivedBy: this.#parts.node,
      ...(sizeBytes === undefined ? {} : { sourceBytes: sizeBytes }),
    });
    this.announce(assetId);
  }

  /** Notes progress, about once a second for each asset: each note is a synced write. */
  async progress(assetId: string, receivedBytes: number, sizeBytes?: number): Promise<void> {
    const note = this.#notes.get(assetId);
    if (note) Object.assign(note, { receivedBytes, sizeBytes });
    else await this.#note(assetId, receivedBytes, sizeBytes);
  }

  /** Writes down how far a source is, and looks again after a while: a sender that pauses must not be forgotten about. */
  async #note(assetId: string, receivedBytes: number, sizeBytes: number | undefined): Promise<void> {
    const timer = setTimeout(() => {
      this.#notes.delete(assetId);
      if (note.receivedBytes === receivedBytes) return;
      this.#note(assetId, note.receivedBytes, note.sizeBytes).catch((cause: unknown) => {
        this.#parts.log.warn({ assetId, err: cause }, 'progress could not be noted');
      });
    }, PROGRESS_MS);
    timer.unref();
    const note: Note = { receivedBytes, sizeBytes, timer };
    this.#notes.set(assetId, note);
    await this.#parts.assets.received(assetId, receivedBytes, sizeBytes);
    this.announce(assetId);
    await this.#early.look(assetId, receivedBytes, sizeBytes);
  }

  /** Nothing more is to be noted of a source. */
  #forget(assetId: string): void {
    this.#early.forget(assetId);
    clearTimeout(this.#notes.get(assetId)?.timer);
    this.#notes.delete(assetId);
  }

  /** Makes the whole file the asset's source. Safe to repeat, also at once: every caller waits for the same work. */
  finish(assetId: string, file: string, stop?: AbortSignal): Promise<void> {
    const running = this.#finishing.get(assetId);
    if (running) return running;
    const work = this.#finish(assetId, file, stop).finally(() => this.#finishing.delete(assetId));
    this.#finishing.set(assetId, work);
    return work;
  }

  /**
   * Like finish, for bytes that are safe in `file`: a store that is away or full is waited for.
   * @throws Fault when the store fails for another reason, or once `stop` fires
   */
  async finishPatiently(assetId: string, file: string, stop: AbortSignal): Promise<void> {
    const { signals, settings, log } = this.#parts;
    for (;;) {
      try {
        return await this.finish(assetId, file, stop);
      } catch (cause) {
        if (!isPassing(cause) || stop.aborted) throw cause;
        log.warn({ assetId, code: Fault.from(cause).code, err: cause }, 'a source waits for the store');
      }
      await signals.next(`store:${assetId}`, settings.leaseMs / 3, stop);
    }
  }

  /** Resolves when no file of this asset is on its way into the store; a failure there is its caller's. */
  async settled(assetId: string): Promise<void> {
    await this.#finishing.get(assetId)?.catch(() => {});
  }

  async #finish(assetId: string, file: string, stop: AbortSignal | undefined): Promise<void> {
    const { assets, store } = this.#parts;
    this.#forget(assetId);
    const asset = await assets.find(assetId);
    if (!asset?.arriving) {
      // Finished before, or deleted meanwhile: only the file may still lie here.
      await rm(file, { force: true });
      return;
    }
    const found = await stat(file).catch(ignoreMissing);
    if (found?.size === 0) {
      await rm(file, { force: true });
      return this.fail(assetId, 'SOURCE_EMPTY');
    }
    if (found) await store.adopt(sourceKey(assetId), file, stop);
    await this.advance(assetId);
  }

  /** The source is in the store: the row moves on and the probe is queued. */
  async advance(assetId: string): Promise<void> {
    const { assets, store, queue, signals } = this.#parts;
    const source = await store.head(sourceKey(assetId));
    if (!source) return this.fail(assetId, 'SOURCE_MISSING');
    const probe = (trx: DatabaseTransaction) => queue.addWithin(trx, [probeOf(assetId)]);
    if (!(await assets.sourceStored(assetId, source.sizeBytes, probe))) {
      // Deleted while its last bytes were taken over: then nobody else would ever remove them.
      if (!(await assets.find(assetId))) await store.deletePrefix(sourcePrefix(assetId));
      return;
    }
    await this.#parts.queue.bytesArrived(assetId);
    signals.notify(WORK);
    this.#parts.metrics.count('sources', { outcome: 'stored' });
    this.#parts.metrics.count('source_bytes', {}, source.sizeBytes);
    this.announce(assetId);
  }

  /** The end of a source was laid where it belongs, ahead of the rest: there may be an index in it. */
  async tailLaid(assetId: string, receivedBytes: number, sizeBytes: number | undefined): Promise<void> {
    this.#early.forget(assetId);
    await this.#early.look(assetId, receivedBytes, sizeBytes);
  }

  /** Takes back the film that was begun of a source which turned out to be another; it is made anew as the next version. */
  async startOver(assetId: string): Promise<void> {
    const { assets, queue, log } = this.#parts;
    await queue.cancel(assetId);
    const version = await assets.startOver(assetId);
    if (version === undefined) return;
    log.warn({ assetId, version }, 'a film is made anew: its upload brought another end than was sent ahead');
    for (const key of versionKeys(assetId, version)) await this.#remove(assetId, key);
    this.announce(assetId);
  }

  async queueProbe(assetId: string): Promise<void> {
    await this.#parts.queue.add([probeOf(assetId)]);
  }

  async fail(assetId: string, code: FaultCode, says: string = FAULTS[code].says): Promise<void> {
    this.#forget(assetId);
    if (!(await this.#parts.assets.fail(assetId, { code, says }))) return;
    await this.#dropFilm(assetId);
    this.#parts.metrics.count('sources', { outcome: code });
    this.announce(assetId);
  }

  /** Takes back an asset whose source never came. */
  async withdraw(assetId: string): Promise<void> {
    this.#forget(assetId);
    await this.#parts.assets.delete(assetId);
    await this.#dropFilm(assetId);
    this.announce(assetId);
    await this.dropSent(assetId);
  }

  /** Ends the work on a source that will not come, and removes what was already made of it. */
  async #dropFilm(assetId: string): Promise<void> {
    await this.#parts.queue.cancel(assetId);
    await this.#remove(assetId, filmPrefix(assetId));
  }

  /** Removes what the store was sent of a source that will not come. */
  async dropSent(assetId: string): Promise<void> {
    await this.#remove(assetId, sourcePrefix(assetId));
  }

  async #remove(assetId: string, prefix: string): Promise<void> {
    await this.#parts.store.deletePrefix(prefix).catch((cause: unknown) => {
      // Parts that nobody can reach: an unfinished upload at a store that is away, which ends them by its own rule.
      this.#parts.log.warn(
        { assetId, err: cause },
        'what was there of a source that will not come could not be removed',
      );
    });
  }

  announce(assetId: string): void {
    this.#parts.signals.notify(assetChannel(assetId));
    this.#parts.signals.notify(ASSETS);
  }
}

function probeOf(assetId: string): NewJob {
  const work = { lanes: [], firstSegment: 0, endSegment: 0, payload: {} };
  return { kind: 'probe', subject: assetId, priority: PRIORITY_PROBE, ...work };
}

const PROGRESS_MS = 1_000;

interface Note {
  receivedBytes: number;
  sizeBytes: number | undefined;
  readonly timer: NodeJS.Timeout;
}

/** The file a source arrives in, and its folder made. */
export async function arrivalFile(folder: string, assetId: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return join(folder, assetId);
}

/** A disk that is full is its own fault, since waiting and trying again helps. */
export function asStorageFault(cause: unknown): unknown {
  return isStorageFull(cause) ? Fault.from(cause) : cause;
}

export function ignoreMissing(cause: unknown): undefined {
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw cause;
}
