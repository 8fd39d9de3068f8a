import type { Asset } from '../database/assets.ts';
import { Fault, type FaultCode } from '../kernel/errors.ts';
import { filmPrefix, sourcePrefix, versionKeys } from '../kernel/film/paths.ts';
import type { Log } from '../kernel/log.ts';
import type { Job } from '../queue/queue.ts';
import { encodingSubject, readSubject } from '../queue/subjects.ts';
import { waitingUploads } from '../queue/subtitle-change.ts';
import { FILM_KINDS, KINDS } from './kinds.ts';
import type { Publisher } from './publisher.ts';

import type { WorkerDeps } from './worker.ts';

/** How often films are looked for whose last worker died, or lost its database, before it could say that they are whole. */
const LEFT_OVERS_MS = 30_000;

/** How films end: ready once the last piece of work on them is done, errored once one is given up. */
export class FilmEnd {
  readonly #deps: WorkerDeps;
  readonly #publisher: Publisher;
  readonly #log: Log;

  constructor(deps: WorkerDeps, publisher: Publisher, log: Log) {
    this.#deps = deps;
    this.#publisher = publisher;
    this.#log = log;
  }

  /** The asset is errored; its work, what was published of it, and a source that is no good are removed. */
  async giveUp(subject: string, fault: Fault, workedOn: number | undefined): Promise<void> {
    const { assets, encodings, queue, store } = this.#deps;
    const { assetId, version } = readSubject(subject);
    // Given up before by another slot, and encoded again since.
    if (version === undefined && (await assets.find(assetId))?.version !== workedOn) return;
    const code = isHopeless(fault) || TOLD.includes(fault.code) ? fault.code : 'ENCODE_FAILED';
    const says = fault.code === code ? fault.message : 'The encoder gave up on this film.';
    if (version === undefined) await assets.fail(assetId, { code, says });
    else await encodings.fail(assetId, version, { code, says });
    await queue.cancel(subject);
    const given = version ?? workedOn;
    if (given !== undefined) await this.#publisher.remove(assetId, given);
    // A version that viewers are served came from this source: it stays, whatever the new one has come to.
    if (version === undefined && fault.side === 'viewer') await store.deletePrefix(sourcePrefix(assetId));
    this.#publisher.changed(assetId);
    if (version === undefined) await this.#finishNext(assetId);
  }

  /** Viewers get an encoding anew together with its pictures; a first version waits for none. */
  async after({ kind, subject }: Job): Promise<void> {
    const isAnew = readSubject(subject).version !== undefined;
    if (isAnew || FILM_KINDS.includes(kind)) await this.ifDone(subject);
  }

  async ifDone(subject: string): Promise<void> {
    const { assets, queue } = this.#deps;
    const { assetId, version } = readSubject(subject);
    if ((await queue.remaining(subject, version === undefined ? FILM_KINDS : KINDS)) > 0) return;
    const found = await assets.find(assetId);
    if (!found || found.arriving) return;
    const isOver = found.status === 'errored' || found.status === 'ready';
    // The first version goes first, and a later one that is whole sooner waits for its end.
    if (isOver === (version === undefined)) return;
    const asset = version === undefined ? found : asEncoded(found, version);
    if (!asset?.film) return;
    if (!(await this.#publisher.finish(asset))) {
      return this.giveUp(subject, new Fault('ENCODE_FAILED'), asset.version);
    }
    this.#log.info({ asset: assetId, version: asset.version }, 'film ready');
    // Of a film that had been given up nobody went on with the subtitles that were added before.
    if (found.status === 'errored') await queue.add(waitingUploads(assetId, await this.#deps.subtitles.list(assetId)));
    if (version === undefined) await this.#finishNext(assetId);
  }

  /** A version that was whole before the first had come to its end. */
  async #finishNext(assetId: string): Promise<void> {
    const encoding = (await this.#deps.assets.find(assetId))?.encoding;
    if (encoding?.state === 'running') await this.ifDone(encodingSubject(assetId, encoding.version));
  }

  /** A crash between the last job's end and the film's leaves a film that nobody would finish. */
  async leftOvers(): Promise<void> {
    for (const asset of await this.#openFilms()) await this.ifDone(asset.id);
    await this.#finishEncodings();
  }

  async #finishEncodings(): Promise<void> {
    for (const { assetId, version } of await this.#deps.encodings.running()) {
      await this.ifDone(encodingSubject(assetId, version));
    }
  }

  /** The same for workers elsewhere that do not come back, and for a database that went away in that very moment. */
  async watch(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#deps.signals.next('left-overs', LEFT_OVERS_MS, stop);
      if (stop.aborted) return;
      try {
        const whole = (await this.#openFilms()).filter((asset) => asset.segmentsDone >= asset.segmentsTotal);
        for (const asset of whole) await this.ifDone(asset.id);
        await this.#finishEncodings();
      } catch (cause) {
        this.#log.warn({ err: cause }, 'could not look for films that are whole');
      }
    }
  }

  async #openFilms(): Promise<Asset[]> {
    const { assets } = this.#deps;
    const open = [...(await assets.inStatus('queued')), ...(await assets.inStatus('playable'))];
    return open.filter(({ film }) => film !== undefined);
  }

  /** What was deleted or given up while work on it ran may have got files after its own were removed. */
  async cleanUp(subject: string, workedOn: number | undefined): Promise<void> {
    const { assets, encodings, store } = this.#deps;
    const { assetId, version = workedOn } = readSubject(subject);
    const asset = await assets.find(assetId);
    if (!asset) return store.deletePrefix(filmPrefix(assetId));
    const isServed = asset.status !== 'errored' && version === asset.version;
    if (version === undefined || isServed || (await encodings.isKept(assetId, version))) return;
    for (const key of versionKeys(assetId, version)) await store.deletePrefix(key);
  }
}

/** The asset as a version that is under way: with its number and encryption, and its film once that is planned. */
export function asEncoded(
  { film: _film, encryption: _encryption, ...asset }: Asset,
  version: number,
): Asset | undefined {
  const { encoding } = asset;
  if (encoding?.version !== version || encoding.state !== 'running') return undefined;
  return {
    ...asset,
    version,
    ...(encoding.encryption ? { encryption: encoding.encryption } : {}),
    ...(encoding.film ? { film: encoding.film } : {}),
  };
}

/** Whether trying again could not change the outcome: the source is no good, or is gone. */
export function isHopeless(fault: Fault): boolean {
  return fault.side === 'viewer' || fault.code === 'SOURCE_MISSING';
}

/** A film that passes a limit is told so, and an operator whose machines do not agree. */
const TOLD: readonly FaultCode[] = ['ENCODE_TIMEOUT', 'ENCODE_MEMORY', 'ENCODE_OUTPUT', 'CONTENT_KEY_UNREADABLE'];
