import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { AssetRepository } from '../../src/database/assets.ts';
import { BroadcastRepository } from '../../src/database/broadcasts.ts';
import { ContentKeyRepository } from '../../src/database/content-keys.ts';
import { type Database, openDatabase } from '../../src/database/open.ts';
import { RecordingRepository } from '../../src/database/recordings.ts';
import { edgeCredentialOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { BroadcastFormat } from '../../src/kernel/live/broadcast.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { Inheritance } from '../../src/live/broadcast/deps.ts';
import { EndedBroadcasts } from '../../src/live/ended-broadcasts.ts';
import { mountLive } from '../../src/live/http.ts';
import { OnAir } from '../../src/live/on-air.ts';
import { type BroadcastPlace, LivePackager, type PackagerDeps } from '../../src/live/packager/live-packager.ts';
import type { PackagerNews } from '../../src/live/seams.ts';
import { buildOrigin } from '../../src/origin/http.ts';
import { Queue } from '../../src/queue/queue.ts';
import { LocalSignals } from '../../src/queue/signals.ts';
import { FolderStore } from '../../src/storage/folder.ts';
import { EdgeScenario, FLEET_SECRET } from './edge-scenario.ts';
import { CONFIG } from './film-edge.ts';
import { freshFolder } from './folder.ts';
import { SOURCE_FORMAT } from './live-source.ts';

const EDGE = edgeCredentialOf(FLEET_SECRET, 'ed_abcdefghjkmnpqrs');

export const STREAM = 'ls_aaaabbbbccccdddd';
export const RECORDING = 'as_aaaabbbbccccdddd';

/** With the shortest window that there is. */
export const PASSING_FORMAT: BroadcastFormat = { ...SOURCE_FORMAT, dvrSeconds: 1 };

export const NO_NEWS: PackagerNews = { init() {}, part() {}, segment() {} };

/** An origin with live streams on it, a database and a store of its own, and no encoder. */
export class PackagedLive {
  readonly folder: string;
  readonly database: Database;
  readonly store: FolderStore;
  readonly recordings: RecordingRepository;
  readonly onAir = new OnAir();
  /** Targets that were asked for, in their order. */
  readonly asked: string[] = [];
  readonly #packagers: LivePackager[] = [];
  readonly #app: FastifyInstance;
  url = '';

  private constructor(folder: string, database: Database, store: FolderStore) {
    this.folder = folder;
    this.database = database;
    this.store = store;
    this.recordings = new RecordingRepository(database);
    const signals = new LocalSignals();
    this.#app = buildOrigin({
      store,
      signals,
      queue: new Queue(database, systemClock, signals, { leaseMs: 10_000, maxAttempts: 3 }),
      assets: new AssetRepository(database, systemClock),
      contentKeys: new ContentKeyRepository(database, 'what seals keys'),
      clock: systemClock,
      holdMs: 1_000,
      edgeSecret: FLEET_SECRET,
      streams: { find: async () => ({ policy: 'public' }) },
      revokedEdges: { has: async () => false },
      log: silentLog,
    });
    this.#app.addHook('onRequest', async ({ raw }) => void this.asked.push(raw.url ?? ''));
    const broadcasts = new BroadcastRepository(database, systemClock);
    mountLive(this.#app, {
      onAir: this.onAir,
      ended: new EndedBroadcasts(broadcasts, this.recordings, systemClock),
      store,
    });
  }

  /** @param folder of one that there was before, or of a process that was killed */
  static async start(folder?: string): Promise<PackagedLive> {
    return PackagedLive.#startIn(folder ?? (await freshFolder()));
  }

  static async #startIn(folder: string): Promise<PackagedLive> {
    const database = await openDatabase(folder);
    const store = new FolderStore(join(folder, 'media'));
    await store.start();
    const origin = new PackagedLive(folder, database, store);
    origin.url = await origin.#app.listen({ host: '127.0.0.1', port: 0 });
    return origin;
  }

  async stop(): Promise<void> {
    // What they still write, they write into the folder that goes.
    await Promise.all(this.#packagers.map((packager) => packager.abandon()));
    this.#app.server.closeAllConnections();
    await this.#app.close();
    await this.database.destroy();
    await rm(this.folder, { recursive: true, force: true });
  }

  deps(changed: Partial<PackagerDeps['store']> = {}): PackagerDeps & { recordings: RecordingRepository } {
    const store: PackagerDeps['store'] = {
      put: (key, body) => this.store.put(key, body),
      deletePrefix: (prefix) => this.store.deletePrefix(prefix),
      ...changed,
    };
    return { store, recordings: this.recordings, folder: join(this.folder, 'live'), log: silentLog };
  }

  place(format: BroadcastFormat, isRecorded = true): BroadcastPlace {
    return { streamId: STREAM, broadcast: 1, recordingId: RECORDING, format, isRecorded };
  }

  /** A broadcast that is on air, of which nothing came yet. */
  packager(format: BroadcastFormat, { news = NO_NEWS, deps = this.deps(), isRecorded = true } = {}): LivePackager {
    return this.#keep(new LivePackager(deps, this.place(format, isRecorded), news));
  }

  /** The same, of which another packager has left something. */
  async recovered(
    format: BroadcastFormat,
    { news = NO_NEWS, deps = this.deps(), isRecorded = true, inheritance = {} as Inheritance } = {},
  ): Promise<LivePackager> {
    const place = this.place(format, isRecorded);
    return this.#keep(await LivePackager.recover(deps, place, news, () => true, inheritance));
  }

  #keep(packager: LivePackager): LivePackager {
    this.#packagers.push(packager);
    this.onAir.add(packager);
    return packager;
  }

  /** Notes a broadcast as control's tables have it. */
  async note(format: BroadcastFormat, endedAtMs: number | null = null): Promise<void> {
    await this.database
      .insertInto('live_streams')
      .values({
        ...{ id: STREAM, title: 'Live', policy: 'public', key_hash: '', key_sealed: '', options: '{}', disabled: 0 },
        ...{ state: 'idle', broadcast: 1, node_url: null, owned_until: null, health: null, regular: 0 },
        ...{ created_at: 0, updated_at: 0 },
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await this.database
      .insertInto('broadcasts')
      .values({
        stream_id: STREAM,
        number: 1,
        recording_id: RECORDING,
        recorded: 1,
        format: JSON.stringify(format),
        started_at: 0,
        ended_at: endedAtMs,
        end_reason: null,
      })
      .onConflict((conflict) => conflict.columns(['stream_id', 'number']).doUpdateSet({ ended_at: endedAtMs }))
      .execute();
  }

  /** A real edge in front of it. */
  async edge(): Promise<EdgeScenario> {
    const dataDir = join(this.folder, 'edge');
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(CONFIG));
    return new EdgeScenario({ mode: 'film', clock: systemClock, dataDir, originUrl: this.url }).start();
  }

  /** Asks as an edge does. */
  get(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    const signature = signAsEdge(EDGE, 'GET', path, Date.now());
    const init = { headers: { [EDGE_SIGNATURE_HEADER]: signature, ...headers } };
    return fetch(`${this.url}${path}`, signal ? { ...init, signal } : init);
  }
}
