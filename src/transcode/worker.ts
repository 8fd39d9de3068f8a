import { createHash } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import { readLadder } from '../config/ladders.ts';
import type { Settings } from '../config/settings.ts';
import type { Asset, AssetRepository } from '../database/assets.ts';
import type { ContentKeyRepository } from '../database/content-keys.ts';
import type { EncodingRepository } from '../database/encodings.ts';
import type { RecordedAssetRepository } from '../database/recorded-assets.ts';
import type { SubtitleRepository } from '../database/subtitles.ts';
import { endOrphans } from '../ffmpeg/confinement.ts';
import { checkFfmpeg } from '../ffmpeg/ffmpeg.ts';
import type { Clock } from '../kernel/clock.ts';
import { ArrivalMap } from '../kernel/cmaf/arrival-map.ts';
import { Fault, isPassing } from '../kernel/errors.ts';
import type { Film, LeftOutTrack } from '../kernel/film/film.ts';
import { sourceKey, straightenedKey } from '../kernel/film/paths.ts';
import { type Ladder, withLoudness } from '../kernel/ladder/ladder.ts';
import type { Log } from '../kernel/log.ts';
import type { Job, LeaseChoice, NewJob, Queue } from '../queue/queue.ts';
import { RECORDED_PICTURES_KIND } from '../queue/recorded-pictures.ts';
import { type Signals, WORK } from '../queue/signals.ts';
import { readSubject } from '../queue/subjects.ts';
import { SUBTITLE_CHANGE_KIND, waitingUploads } from '../queue/subtitle-change.ts';
import type { LocalFile, ObjectStore } from '../storage/object-store.ts';
import { copyVideo } from './copy.ts';
import { encodeAudio, encodeVideo, limits } from './encode.ts';
import { asEncoded, FilmEnd, isHopeless } from './film-end.ts';
import { CHUNK_KINDS, FILM_KINDS, KINDS } from './kinds.ts';
import { measureLoudness } from './loudness.ts';
import { makePoster, makeStoryboard, type PictureWork } from './pictures.ts';
import { type Measured, PRIORITY_PLAYABLE, planFilm, planLayout, type SourceLayout } from './plan.ts';
import { withNeeds } from './plan-early.ts';
import { probeSource } from './probe.ts';
import { Publisher } from './publisher.ts';
import { makeRecordedPictures } from './recorded-pictures.ts';
import { measureComplexity } from './samples.ts';
import { clearScratch } from './scratch.ts';
import type { SourceInfo } from './source.ts';
import { readIndex } from './source-index.ts';
import { clearStraightening, straightened, surveySource } from './straighten.ts';
import { type EmbeddedWork, publishEmbedded, publishUploaded } from './subtitles.ts';
import { ENCODER_NAMES } from './video-encoders.ts';

export interface WorkerDeps {
  readonly assets: AssetRepository;
  readonly subtitles: SubtitleRepository;
  readonly encodings: EncodingRepository;
  readonly contentKeys: ContentKeyRepository;
  readonly recorded: RecordedAssetRepository;
  readonly queue: Queue;
  readonly store: ObjectStore;
  readonly signals: Signals;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  /** The file in which an asset's source still arrives, where that is on this machine. */
  readonly arriving: (assetId: string) => Promise<string | undefined>;
  /** This data folder's name among all that share the database. */
  readonly node: string;
  /** Where ladders are found by their name. */
  readonly ladderFolder: string;
}

/** How much less urgent an encoding anew is: no film that nobody can see yet waits for one that plays already. */
const LATER = 700;

/** One seek wants a piece of picture and one of sound; neither shall wait for the other. */
const WANTED_SLOTS = 2;

/** How long a slot with nothing to do waits before it looks again: signals from other processes may be lost. */
const IDLE_MS = 1_000;

/**
 * Leases work and does it, in as many slots as there are processors. All that is promised is in the queue and the
 * store: a worker that is killed at any moment leaves jobs behind that another takes up.
 */
export class Worker {
  readonly #deps: WorkerDeps;
  readonly #publisher: Publisher;
  readonly #end: FilmEnd;
  readonly #log: Log;
  readonly #name: string;
  readonly #stop = new AbortController();
  #prepared: Promise<Ladder> | undefined;
  #ladder: Ladder | undefined;
  #slots: Promise<void>[] = [];
  #stopped: Promise<void> | undefined;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
    this.#publisher = new Publisher(deps);
    this.#log = deps.log.child({ part: 'worker' });
    this.#end = new FilmEnd(deps, this.#publisher, this.#log);
    this.#name = workerName(deps.settings.data);
  }

  /**
   * Reads the ladder and asks ffmpeg for its encoders. `start` does it too; who calls it earlier has the programs asked
   * while other parts start.
   * @throws Fault FFMPEG_MISSING or LADDER_INVALID.
   */
  prepare(): Promise<Ladder> {
    this.#prepared ??= readLadder(this.#deps.settings.ladder, this.#deps.ladderFolder).then(async (ladder) => {
      await checkFfmpeg(ladder.rungs.map(({ codec }) => ENCODER_NAMES[codec]));
      return ladder;
    });
    return this.#prepared;
  }

  /**
   * Takes up work.
   * @throws Fault FFMPEG_MISSING or LADDER_INVALID; nothing is running then.
   */
  async start(): Promise<void> {
    this.#ladder = await this.prepare();
    const orphans = await endOrphans();
    if (orphans.length > 0) this.#log.warn({ pids: orphans }, 'ended encoders whose server was gone');
    await clearScratch();
    await clearStraightening(this.#deps.settings.data);
    await this.#deps.queue.releaseAll(this.#name);
    await this.#end.leftOvers();
    const count = this.#deps.settings.workers || availableParallelism();
    this.#slots = Array.from({ length: count }, () => this.#slot());
    // For waiting viewers alone: they shall not wait for the end of chunks that nobody asked for.
    for (let at = 0; at < WANTED_SLOTS; at++) this.#slots.push(this.#slot({ wantedOnly: true }));
    this.#slots.push(this.#end.watch(this.#stop.signal));
    this.#log.info({ slots: count }, 'taking work');
  }

  /** Stops ffmpeg, hands the leases back, and resolves when nothing is running any more. */
  stop(): Promise<void> {
    this.#stop.abort();
    this.#stopped ??= Promise.allSettled(this.#slots).then(() => {});
    return this.#stopped;
  }

  async #slot(choice: LeaseChoice = {}): Promise<void> {
    const { queue, signals } = this.#deps;
    while (!this.#stop.signal.aborted) {
      try {
        const job = await queue.lease(this.#name, KINDS, { ...choice, node: this.#deps.node });
        if (job) await this.#work(job);
        else await signals.next(WORK, IDLE_MS, this.#stop.signal);
      } catch (cause) {
        // The database is away or full: the slot outlives that, without asking it in a tight loop.
        this.#log.error({ err: cause }, 'no work could be leased');
        await signals.next(WORK, IDLE_MS, this.#stop.signal);
      }
    }
  }

  /** One job from lease to end. */
  async #work(job: Job): Promise<void> {
    const { queue } = this.#deps;
    const log = this.#log.child({ job: job.id, kind: job.kind, asset: job.subject, attempt: job.attempt });
    const lease = this.#holdLease(job);
    const startedAtMs = this.#deps.clock.now();
    let asset: Asset | undefined;
    try {
      asset = await this.#subjectOf(job);
      if (queue.isSpent(job)) throw new Fault('ENCODE_FAILED', { detail: { why: 'no attempt came back' } });
      if (!asset) await queue.cancel(job.subject);
      else await this.#do(job, asset, lease.abort);
      log.debug(
        { tookMs: this.#deps.clock.now() - startedAtMs, from: job.firstSegment, to: job.endSegment },
        'job done',
      );
    } catch (cause) {
      if (this.#stop.signal.aborted) await queue.release(job);
      else if (isPassing(cause)) await this.#waitForStore(job, Fault.from(cause), log);
      else if (asset?.arriving && !lease.abort.aborted) await this.#defer(job, Fault.from(cause), log);
      else if (!lease.abort.aborted) await this.#failed(job, Fault.from(cause), log, asset?.version);
      else log.info({}, 'lease lost');
    } finally {
      lease.let();
    }
    await this.#end.cleanUp(job.subject, asset?.version);
    if (job.kind === 'probe' || readsStraightened(job)) await this.#dropStraightened(job.subject);
  }

  /** The asset as the version that the job is about; undefined when that is not wanted any more. */
  async #subjectOf({ subject }: Job): Promise<Asset | undefined> {
    const { assetId, version } = readSubject(subject);
    const asset = await this.#deps.assets.find(assetId);
    if (!asset) return undefined;
    if (version !== undefined) return asEncoded(asset, version);
    return asset.status === 'errored' ? undefined : asset;
  }

  /** The ladder that a version is made by. */
  #ladderOf({ encoding, version, loudnessLufs }: Asset): Ladder {
    if (encoding?.version === version) return encoding.ladder;
    if (!this.#ladder) throw new Fault('INTERNAL', { detail: { why: 'the worker has not started' } });
    return loudnessLufs === undefined ? this.#ladder : withLoudness(this.#ladder, loudnessLufs);
  }

  async #do(job: Job, asset: Asset, abort: AbortSignal): Promise<void> {
    const { queue } = this.#deps;
    if (job.kind === 'digest') await this.#digest(asset, abort);
    else if (job.kind === SUBTITLE_CHANGE_KIND) {
      await publishUploaded({ ...this.#deps, publisher: this.#publisher }, asset, job);
    } else if (job.kind === RECORDED_PICTURES_KIND) {
      await makeRecordedPictures({ ...this.#deps, publisher: this.#publisher, abort }, asset);
    } else {
      const source = await this.#sourceOf(job, asset, abort);
      try {
        if (job.kind === 'probe') return await this.#probe(job, asset, source, abort);
        await this.#encode(job, asset, source, abort);
      } finally {
        await source.release();
      }
    }
    await queue.complete(job);
    await this.#end.after(job);
  }

  /**
   * What a job reads: the stored source, or as much of it as has arrived, or the copy of it whose clock was straightened.
   * Only a probe does not know yet.
   */
  async #sourceOf(job: Job, asset: Asset, abort: AbortSignal): Promise<Source> {
    const arriving = asset.arriving ? await this.#deps.arriving(asset.id) : undefined;
    if (arriving) return { path: arriving, release: async () => {} };
    const original = await this.#deps.store.localFile(sourceKey(asset.id), abort);
    if (!original) throw new Fault('SOURCE_MISSING');
    if (job.kind !== 'probe' && !readsStraightened(job)) return original;
    let copy: LocalFile | undefined;
    try {
      const survey = job.kind === 'probe' ? await surveySource(original.path, abort) : undefined;
      copy = await straightened(this.#deps, asset, original, abort, survey);
      return {
        ...(copy ? { ...copy, straightened: true } : original),
        ...(survey ? { laterTracks: survey.leftOut } : {}),
      };
    } finally {
      if (copy || job.kind !== 'probe') await original.release();
    }
  }

  /** What failed on a source that is still on its way, or just being stored, is done again when it is whole. */
  async #defer(job: Job, fault: Fault, log: Log): Promise<void> {
    const { queue, assets } = this.#deps;
    log.info({ code: fault.code, detail: fault.detail, err: fault }, 'job waits for the whole source');
    if (isEarly(job)) return void (await queue.complete(job));
    await queue.waitForAll(job);
    if (!(await assets.find(job.subject))?.arriving) await queue.bytesArrived(job.subject);
  }

  async #encode(job: Job, asset: Asset, source: LocalFile, abort: AbortSignal): Promise<void> {
    const { film } = asset;
    if (!film) throw new Fault('INTERNAL', { detail: { why: 'work on a film that is not planned' } });
    const { assets, subtitles, store, settings } = this.#deps;
    const whole = { ...asset, film };
    const work: PictureWork & EmbeddedWork = {
      assets,
      subtitles,
      store,
      // What somebody waits for is encoded before what nobody does.
      settings: job.wanted || job.priority >= PRIORITY_PLAYABLE ? { ...settings, encodeNice: 0 } : settings,
      publisher: this.#publisher,
      asset: whole,
      source,
      arriving: asset.arriving,
      abort,
    };
    await ENCODERS[job.kind]?.(work, job);
  }

  async #probe(job: Job, asset: Asset, source: Source, abort: AbortSignal): Promise<void> {
    const { assets, subtitles, queue, settings } = this.#deps;
    const ladder = this.#ladderOf(asset);
    // A ladder by content looks at samples from all over the film, and so does a meter of loudness.
    const looksAtAll = settings.ladderByContent || ladder.audio.loudnessLufs !== undefined;
    const tooEarly = isEarly(job) && (!asset.arriving || looksAtAll);
    if (tooEarly) return void (await queue.complete(job));
    if (!isEarly(job) && (await queue.remaining(asset.id, ['probe'])) > 1) return this.#letEarlyFirst(job);
    const probed = await probeSource(source.path, {
      maxPixels: settings.sourceMaxPixels,
      maxSeconds: settings.sourceMaxHours * 3_600,
      arriving: asset.arriving,
      abort,
    });
    const info = withSurvey(probed, source);
    if (await this.#isUnderWay(job)) return this.#letGoOn(job);
    const measured = await this.#measure(info, ladder, source.path, abort);
    const { film, jobs } = planFilm(job.subject, info, ladder, settings.chunkSegments, measured);
    const work = asset.arriving ? await whenArrived(jobs, film, info, source.path, job) : jobs;
    await this.#publisher.playlists(asset, film);
    await assets.planned(asset.id, asset.version, film);
    if (readSubject(job.subject).version !== undefined) await queue.complete(job, anew(asset, jobs));
    // After the plan stands: an upload that comes later finds it, and asks for its own work.
    else await queue.complete(job, [...work, ...waitingUploads(asset.id, await subtitles.list(asset.id))]);
    // What came while it was planned is told to nobody else.
    const now = asset.arriving ? await assets.find(asset.id) : undefined;
    if (now) await queue.bytesArrived(asset.id, now.arriving ? now.receivedBytes : undefined);
    this.#publisher.changed(asset.id);
  }

  /** The film was planned while it was uploaded, and what is to be done is queued, being done, or done. */
  async #isUnderWay({ subject }: Job): Promise<boolean> {
    const { assetId, version } = readSubject(subject);
    const asset = version === undefined ? await this.#deps.assets.find(assetId) : undefined;
    if (!asset?.film) return false;
    const left = await this.#deps.queue.remaining(subject, CHUNK_KINDS);
    return left > 0 || asset.segmentsDone === asset.segmentsTotal;
  }

  /** The whole source is as it promised to be: what waited for its end may begin. */
  async #letGoOn(job: Job): Promise<void> {
    await this.#deps.queue.complete(job);
    await this.#deps.queue.bytesArrived(job.subject);
    await this.#end.ifDone(job.subject);
  }

  /** Two looks at one source would plan its work twice: the one that began before its upload ended goes first. */
  async #letEarlyFirst(job: Job): Promise<void> {
    await this.#deps.signals.next(`probe:${job.subject}`, EARLY_PROBE_MS, this.#stop.signal);
    await this.#deps.queue.release(job);
  }

  /** What the plan is to go by, beside what the source says of itself: only where that is asked for, since it costs a moment. */
  async #measure(info: SourceInfo, ladder: Ladder, path: string, abort: AbortSignal): Promise<Measured> {
    const { settings } = this.#deps;
    const bounds = limits({ settings, abort });
    const complexity = settings.ladderByContent ? await measureComplexity(info, ladder, path, bounds) : undefined;
    const isLevelled = info.audio !== undefined && ladder.audio.loudnessLufs !== undefined;
    return {
      ...(complexity ? { complexity } : {}),
      ...(isLevelled ? { loudness: await measureLoudness(info, ladder, path, bounds) } : {}),
    };
  }

  async #digest(asset: Asset, abort: AbortSignal): Promise<void> {
    const object = await this.#deps.store.open(sourceKey(asset.id));
    if (!object) throw new Fault('SOURCE_MISSING');
    const hash = createHash('sha256');
    for await (const bytes of object.body) {
      abort.throwIfAborted();
      hash.update(bytes as Buffer);
    }
    await this.#deps.assets.sourceDigested(asset.id, hash.digest('hex'));
    this.#publisher.changed(asset.id);
  }

  /**
   * A full disk, or a store or a database that is away, is not the film's fault: the job costs no attempt, and waits so
   * that it does not encode for nothing, and until there is somebody to hand it back to.
   */
  async #waitForStore(job: Job, fault: Fault, log: Log): Promise<void> {
    const { queue, signals, settings } = this.#deps;
    log.error(
      { code: fault.code, detail: fault.detail, err: fault.cause },
      'no room for what was made, or store or database away',
    );
    do {
      await signals.next(`store:${job.id}`, settings.leaseMs / 3, this.#stop.signal);
      try {
        return await queue.release(job);
      } catch (cause) {
        if (!isPassing(cause)) throw cause;
      }
    } while (!this.#stop.signal.aborted);
  }

  /** A bad source ends its asset at once; anything else is tried again until the queue calls the job dead. */
  async #failed(job: Job, fault: Fault, log: Log, workedOn: number | undefined): Promise<void> {
    const { queue } = this.#deps;
    const fields = { code: fault.code, detail: fault.detail, err: fault };
    const outcome = isHopeless(fault) ? 'dead' : await queue.fail(job);
    if (outcome !== 'dead') return log.warn(fields, outcome === 'retry' ? 'job failed, trying again' : 'lease lost');
    log.warn(fields, 'job given up');
    if (FILM_KINDS.includes(job.kind)) return this.#end.giveUp(job.subject, fault, workedOn);
    // A film without a poster is a film all the same. A job that is dead by the queue's word is gone already.
    await queue.complete(job);
    await this.#end.after(job);
  }

  /** The straightened copy goes with the last job that might read it; what comes later makes it anew. */
  async #dropStraightened(subject: string): Promise<void> {
    const { queue, store } = this.#deps;
    if ((await queue.remaining(subject, KINDS)) > 0) return;
    const { assetId, version = 1 } = readSubject(subject);
    await store.deletePrefix(straightenedKey(assetId, version));
  }

  /** Extends the lease while the job runs; `abort` fires when it is lost or the worker stops. */
  #holdLease(job: Job): { abort: AbortSignal; let(): void } {
    const lost = new AbortController();
    const beat = setInterval(() => {
      this.#deps.queue.extend(job).then(
        (held) => held || lost.abort(),
        // One missed beat is no lost lease: the next one may still come in time.
        (cause: unknown) => this.#log.warn({ err: cause, job: job.id }, 'lease not extended'),
      );
    }, this.#deps.settings.leaseMs / 3);
    return { abort: AbortSignal.any([lost.signal, this.#stop.signal]), let: () => clearInterval(beat) };
  }
}

interface Source extends LocalFile, Pick<SourceInfo, 'straightened'> {
  /** Tracks that come in a later part of the source only, for a probe. */
  readonly laterTracks?: readonly LeftOutTrack[];
}

/** What a probe found, with what can only be seen by reading a source to its end. */
function withSurvey(probed: SourceInfo, { straightened, laterTracks = [] }: Source): SourceInfo {
  const leftOut = [...(probed.leftOut ?? []), ...laterTracks];
  return { ...probed, ...(straightened ? { straightened } : {}), ...(leftOut.length > 0 ? { leftOut } : {}) };
}

function readsStraightened({ payload }: Job): boolean {
  return (payload as Partial<SourceLayout> | undefined)?.straightened === true;
}

/**
 * The work on a version after the first: the source is known by then, its subtitles lie beside all versions, and viewers
 * have something to watch. Where the first was given up none of this is so.
 */
function anew({ status }: Asset, jobs: readonly NewJob[]): readonly NewJob[] {
  if (status === 'errored') return jobs;
  return jobs
    .filter(({ kind }) => kind !== 'digest' && kind !== 'subtitles')
    .map((job) => ({ ...job, priority: job.priority - LATER }));
}

/** How long the look at a whole source waits for the one that began before. */
const EARLY_PROBE_MS = 200;

function isEarly(job: Job): boolean {
  return job.kind === 'probe' && (job.payload as { early?: boolean }).early === true;
}

/** Each piece of work with the bytes that it needs; throws where the index does not tell. */
async function whenArrived(
  jobs: readonly NewJob[],
  film: Film,
  info: SourceInfo,
  path: string,
  { atNode }: Job,
): Promise<NewJob[]> {
  const map = ArrivalMap.of(await readIndex(path));
  if (!map) throw new Fault('SOURCE_TRUNCATED', { detail: { why: 'its index does not say where its media lies' } });
  return withNeeds(jobs, film, planLayout(info).zeroSeconds, map, atNode === undefined ? {} : { atNode });
}

const ENCODERS: Readonly<Record<string, (work: PictureWork & EmbeddedWork, job: Job) => Promise<void>>> = {
  copy: copyVideo,
  video: encodeVideo,
  audio: encodeAudio,
  poster: makePoster,
  storyboard: makeStoryboard,
  subtitles: publishEmbedded,
};

/** The same after a restart, so that a killed worker's leases are known as its own; different for every data folder. */
function workerName(dataFolder: string): string {
  const folder = createHash('sha256').update(resolve(dataFolder)).digest('hex').slice(0, 12);
  return `worker-${hostname()}-${folder}`;
}
