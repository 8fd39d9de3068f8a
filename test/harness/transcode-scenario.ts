import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadSettings, type Settings } from '../../src/config/settings.ts';
import { type Asset, AssetRepository, type NewAsset } from '../../src/database/assets.ts';
import { ContentKeyRepository } from '../../src/database/content-keys.ts';
import { EncodingRepository } from '../../src/database/encodings.ts';
import { type Database, openDatabase } from '../../src/database/open.ts';
import { RecordedAssetRepository } from '../../src/database/recorded-assets.ts';
import { SubtitleRepository } from '../../src/database/subtitles.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { type InitFacts, readInit } from '../../src/kernel/cmaf/init.ts';
import { readSegment, type SegmentFacts } from '../../src/kernel/cmaf/segment.ts';
import { filmPrefix, segmentKey, sourceKey } from '../../src/kernel/film/paths.ts';
import { newId } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { type NewJob, PRIORITY_PROBE, Queue } from '../../src/queue/queue.ts';
import { assetChannel, LocalSignals } from '../../src/queue/signals.ts';
import { FolderStore } from '../../src/storage/folder.ts';
import { Worker } from '../../src/transcode/worker.ts';

const LADDERS = fileURLToPath(new URL('../../media/ladders', import.meta.url));

/** A worker with everything it stands on, in a folder of its own. */
export class TranscodeScenario {
  readonly folder: string;
  readonly assets: AssetRepository;
  readonly subtitles: SubtitleRepository;
  readonly encodings: EncodingRepository;
  readonly contentKeys: ContentKeyRepository;
  readonly recorded: RecordedAssetRepository;
  readonly queue: Queue;
  readonly store: FolderStore;
  readonly signals = new LocalSignals();
  readonly settings: Settings;
  readonly database: Database;
  #worker: Worker;

  private constructor(folder: string, database: Database, settings: Settings) {
    this.folder = folder;
    this.settings = settings;
    this.database = database;
    this.assets = new AssetRepository(database, systemClock);
    this.subtitles = new SubtitleRepository(database, systemClock);
    this.encodings = new EncodingRepository(database, systemClock);
    this.contentKeys = new ContentKeyRepository(database, 'a secret of this scenario');
    this.recorded = new RecordedAssetRepository(database, systemClock, 'a secret of this scenario');
    this.queue = new Queue(database, systemClock, this.signals, {
      leaseMs: settings.leaseMs,
      maxAttempts: settings.chunkAttempts,
    });
    this.store = new FolderStore(join(folder, 'media'));
    this.#worker = this.#newWorker();
  }

  /** In a fresh folder, or in one that another process works in or has worked in. */
  static async open(given: Partial<Settings> = {}, existing?: string): Promise<TranscodeScenario> {
    const folder = existing ?? (await mkdtemp(join(tmpdir(), 'frontrow-scenario-')));
    const settings = loadSettings({}, { data: folder, workers: 2, encodeNice: 0, ...given });
    const scenario = new TranscodeScenario(folder, await openDatabase(folder), settings);
    if (existing === undefined) await scenario.store.start();
    return scenario;
  }

  #newWorker(): Worker {
    const { assets, contentKeys, encodings, recorded, subtitles, queue, store, signals, settings } = this;
    return new Worker({
      assets,
      contentKeys,
      encodings,
      recorded,
      subtitles,
      queue,
      store,
      signals,
      settings,
      clock: systemClock,
      log: silentLog,
      ladderFolder: LADDERS,
      arriving: async () => undefined,
      node: 'a node',
    });
  }

  start(): Promise<void> {
    return this.#worker.start();
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  /** A new worker process' worth of worker, on the same data. */
  async restart(): Promise<void> {
    await this.#worker.stop();
    this.#worker = this.#newWorker();
    await this.#worker.start();
  }

  async close(): Promise<void> {
    await this.#worker.stop();
    await this.database.destroy();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Stores a file as the source of a new asset, as ingest does. */
  async ingest(file: string, wish: Pick<NewAsset, 'encryption' | 'loudnessLufs'> = {}): Promise<string> {
    const id = newId('as');
    await this.assets.create({ id, title: 'clip', policy: 'public', sourceName: 'film.mp4', ...wish });
    const path = join(this.folder, 'media', sourceKey(id));
    await mkdir(join(path, '..'), { recursive: true });
    await copyFile(file, path);
    await this.assets.sourceStored(id, 1);
    const job = { kind: 'probe', subject: id, lanes: [], firstSegment: 0, endSegment: 0, payload: {} };
    await this.queue.add([{ ...job, priority: PRIORITY_PROBE }]);
    return id;
  }

  /** Gives the asset a key, sealed as a server with another secret would. */
  async foreignKey(id: string): Promise<void> {
    await new ContentKeyRepository(this.database, 'another secret').provide(id, 1);
  }

  /** Resolves once the asset satisfies `is`. */
  async until(id: string, is: (asset: Asset) => boolean): Promise<Asset> {
    for (;;) {
      const asset = await this.assets.find(id);
      if (!asset) throw new Error('the asset is gone');
      if (is(asset)) return asset;
      if (asset.status === 'errored') throw new Error(`errored: ${asset.error?.code} ${asset.error?.says}`);
      await this.signals.next(assetChannel(id), 200);
    }
  }

  async ready(file: string): Promise<Asset> {
    return this.until(await this.ingest(file), ({ status }) => status === 'ready');
  }

  /** The code and sentence with which a source is refused. */
  async refusal(file: string): Promise<{ code: string; says: string; id: string }> {
    const id = await this.ingest(file);
    const { error } = await this.until(id, ({ status }) => status !== 'queued' && status !== 'playable');
    return { code: error?.code ?? '', says: error?.says ?? '', id };
  }

  /** Resolves when no job of the asset is left. */
  async idle(id: string): Promise<void> {
    const kinds = ['probe', 'video', 'audio', 'poster', 'storyboard', 'subtitles', 'subtitle-change', 'digest'];
    while ((await this.queue.remaining(id, kinds)) > 0) await this.signals.next(assetChannel(id), 100);
  }

  /**
   * Encodes stretches of a film that is there once more, in place of what was published of them: that is taken away first,
   * since of two writes of a segment the first stays.
   */
  async encodeAnew(id: string, jobs: readonly NewJob[]): Promise<void> {
    const segments = jobs.flatMap(({ lanes, firstSegment, endSegment }) =>
      lanes.flatMap((rendition) =>
        Array.from({ length: endSegment - firstSegment }, (_, at) => ({ rendition, segment: firstSegment + at })),
      ),
    );
    for (const { rendition, segment } of segments) {
      const row = this.database.deleteFrom('segments').where('asset_id', '=', id).where('segment', '=', segment);
      await row.where('rendition', '=', rendition).execute();
      await this.store.deletePrefix(segmentKey(id, 1, rendition, segment));
    }
    await this.queue.add(jobs);
    await this.idle(id);
    for (const { rendition, segment } of segments) {
      const stored = await this.store.head(segmentKey(id, 1, rendition, segment));
      if (!stored) throw new Error(`segment ${segment} of ${rendition} was not encoded anew`);
    }
  }

  text(key: string): Promise<string> {
    return readFile(join(this.folder, 'media', key), 'utf8');
  }

  /** Names of everything stored below the asset's address. */
  async files(id: string): Promise<string[]> {
    const found: string[] = [];
    for await (const key of this.store.list(filmPrefix(id))) found.push(key.slice(filmPrefix(id).length));
    return found.sort();
  }

  /** Init and segments of a rendition as they lie in the store. */
  async rendition(id: string, name: string): Promise<Rendition> {
    const folder = join(this.folder, 'media', filmPrefix(id), 'v1', name);
    const files = (await readdir(folder)).filter((file) => file.endsWith('.m4s')).sort();
    const init = await readFile(join(folder, 'init.mp4'));
    const segments = await Promise.all(files.map((file) => readFile(join(folder, file))));
    const facts = segments.map((bytes) => readSegment(bytes)).filter((each) => each !== undefined);
    return { init, initFacts: readInit(init), segments, facts };
  }
}

export interface Rendition {
  readonly init: Buffer;
  readonly initFacts: InitFacts | undefined;
  readonly segments: readonly Buffer[];
  readonly facts: readonly SegmentFacts[];
}

/** Runs ffmpeg as a tool of the test, apart from what is tested. */
export async function ffmpegTool(...options: string[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...options]);
}

/** What ffprobe counts when it decodes a file. */
export async function countFrames(file: string, ...options: string[]): Promise<number> {
  const count = ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0'];
  const { stdout, stderr } = await promisify(execFile)('ffprobe', [...count, ...options, file]);
  if (stderr !== '') throw new Error(stderr);
  return Number.parseInt(stdout, 10);
}
