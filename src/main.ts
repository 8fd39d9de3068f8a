/**
 * The composition root: the one file that knows every role. It builds the seams, starts the roles in order, hands each
 * what it needs, and stops them in reverse. Roles never see one another; what crosses between them is HTTP, the
 * database, the store and signals.
 */
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageFile from '../package.json' with { type: 'json' };
import { reportEdge } from './analytics/edge-numbers.ts';
import { FactViews } from './analytics/facts.ts';
import { Metrics } from './analytics/metrics.ts';
import { ingestUrls, liveNodeUrl, type OpenUrls, originFor, publicUrls } from './config/addresses.ts';
import { lockData } from './config/data-lock.ts';
import { loadEdgeId, readEdgeCredential } from './config/edge-credential.ts';
import { parseEdgeLocation } from './config/edge-location.ts';
import { readLadder } from './config/ladders.ts';
import { createLog, openLineFile } from './config/log.ts';
import { loadNodeId } from './config/node-id.ts';
import { isAlive, readRunFile, removeRunFile, writeRunFile } from './config/run-file.ts';
import { loadSecrets, type Secrets } from './config/secrets.ts';
import { type Settings, SettingsError } from './config/settings.ts';
import { parseStorage } from './config/storage.ts';
import { parseUrlList } from './config/url-list.ts';
import { buildControl, type Control } from './control/app.ts';
import { mintAdminToken } from './control/tokens.ts';
import { ApiTokenRepository } from './database/api-tokens.ts';
import { AssetRepository } from './database/assets.ts';
import { ContentKeyRepository } from './database/content-keys.ts';
import { EdgeRepository } from './database/edges.ts';
import { EncodingRepository } from './database/encodings.ts';
import { LiveStreamRepository } from './database/live-streams.ts';
import { type Database, openDatabase, openPostgres } from './database/open.ts';
import { isPostgresUrl, openNoticeLine } from './database/postgres.ts';
import { RecordedAssetRepository } from './database/recorded-assets.ts';
import { RemovalRepository } from './database/removals.ts';
import { RevokedEdges } from './database/revoked-edges.ts';
import { SigningKeyRepository } from './database/signing-keys.ts';
import { SubtitleRepository } from './database/subtitles.ts';
import { Edge } from './edge/edge.ts';
import type { EdgeAddress, EdgeOptions } from './edge/edge-options.ts';
import { checkFfmpeg } from './ffmpeg/ffmpeg.ts';
import { Geo } from './geo/geo.ts';
import { findArrival } from './ingest/early-start.ts';
import { Ingest } from './ingest/ingest.ts';
import { type EdgeCredential, edgeCredentialOf, signAsEdge } from './kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from './kernel/access/edge-signature.ts';
import { systemClock } from './kernel/clock.ts';
import { newId } from './kernel/ids.ts';
import { Lifecycle } from './kernel/lifecycle.ts';
import type { Log } from './kernel/log.ts';
import { buildBrowserListener } from './live/browser-listener.ts';
import { Live, mountWithoutRole } from './live/live.ts';
import { Recordings } from './live/recordings.ts';
import { buildOrigin } from './origin/http.ts';
import { mountLiveProxy } from './origin/live-proxy.ts';
import { PostgresSignals } from './queue/postgres-signals.ts';
import { Queue } from './queue/queue.ts';
import { LocalSignals, type Signals } from './queue/signals.ts';
import { FolderStore } from './storage/folder.ts';
import type { ObjectStore } from './storage/object-store.ts';
import { StoreSweeper } from './transcode/store-sweeper.ts';
import { Worker } from './transcode/worker.ts';

export type { EdgeAddress };

export const ROLES = ['control', 'origin', 'worker', 'live', 'edge'] as const;
export type Role = (typeof ROLES)[number];

/** A running server. A role that does not run here has no URL unless the settings name one. */
export interface Running {
  readonly urls: Readonly<OpenUrls>;
  readonly adminToken: string;
  /** Opens the console for whoever has it, once; empty where control does not run. */
  readonly signInUrl: string;
  /** Finishes what runs within limits, newest part first; a second caller gets the same promise. */
  stop(): Promise<void>;
}

const LADDERS = fileURLToPath(new URL('../media/ladders', import.meta.url));
const CONSOLE = fileURLToPath(new URL('../player-demo/dist', import.meta.url));

/** What every role of one process stands on. */
interface Ground {
  readonly settings: Settings;
  readonly folder: string;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly clock: typeof systemClock;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  /** Reads nothing before a role asks it to. */
  readonly geo: Geo;
  readonly urls: OpenUrls;
}

/** Database, store and queue: what all roles but the edge share. */
interface Seams {
  readonly database: Database;
  /** This data folder's name among all that share the database. */
  readonly node: string;
  readonly store: ObjectStore;
  readonly signals: Signals;
  readonly queue: Queue;
  readonly assets: AssetRepository;
  readonly subtitles: SubtitleRepository;
  readonly encodings: EncodingRepository;
  readonly contentKeys: ContentKeyRepository;
  readonly recorded: RecordedAssetRepository;
}

/**
 * Starts the roles in one process and resolves when all of them answer.
 * @throws SettingsError when another server runs on the same data, Fault when a part cannot start; nothing runs then.
 */
export async function serve(settings: Settings, roles: readonly Role[] = ROLES): Promise<Running> {
  const ground = await layGround(settings);
  const { lifecycle, folder, secrets, clock, urls } = ground;
  const has = (role: Role) => roles.includes(role);
  try {
    const seams =
      has('control') || has('origin') || has('worker') || has('live') ? await openSeams(ground, roles) : undefined;
    const worker = seams && has('worker') ? prepareWorker(ground, seams) : undefined;
    const live = seams && has('live') ? prepareLive(ground, seams) : undefined;
    if (seams && has('origin')) await startOrigin(ground, seams, live);
    // Bytes that still arrive lie on this node's own disk, where another node's workers cannot read them.
    const control = seams && has('control') ? await startControl(ground, seams, has('worker'), live) : undefined;
    if (live) await startLive(ground, live, has);
    if (has('edge')) await startFilmEdge(ground);
    if (seams && worker) await startWorker(ground, seams, worker);
    const adminToken = mintAdminToken(secrets.apiTokenSecret, clock.now());
    await writeRunFile(folder, { pid: process.pid, ...urls, adminToken });
    lifecycle.add('run file', () => removeRunFile(folder));
    return {
      urls,
      adminToken,
      signInUrl: (await control?.administratorLink()) ?? '',
      stop: () => lifecycle.stop(),
    };
  } catch (cause) {
    await lifecycle.stop();
    throw cause;
  }
}

/** Starts one edge in front of any HTTP origin, or with `controlUrl` one more edge of a fleet. */
export async function serveEdge(
  settings: Settings,
  target: { readonly originUrl: string; readonly controlUrl?: string },
  share?: EdgeShare,
): Promise<EdgeAddress & { stop(): Promise<void> }> {
  const ground = await layGround(settings, { alone: true });
  const { originUrl, controlUrl } = target;
  const fleet = controlUrl ? { controlUrl, credential: await credentialOf(ground) } : {};
  const address = await startEdge(ground, { mode: controlUrl ? 'film' : 'proxy', originUrl, ...fleet }, share);
  return { ...address, stop: () => ground.lifecycle.stop() };
}

/** `alone`: an edge keeps a folder of its own and no run file, so it may share its machine with others. */
async function layGround(settings: Settings, { alone = false } = {}): Promise<Ground> {
  const folder = resolve(settings.data);
  const log = createLog(settings.logLevel);
  const lifecycle = new Lifecycle((part, cause) => log.error({ part, err: cause }, 'a part would not stop'));
  if (!alone) await holdFolder(folder, lifecycle);
  try {
    const kept = await loadSecrets(folder);
    const geo = new Geo({ folder: settings.geoDatabase, log: log.child({ part: 'geo' }) });
    lifecycle.add('geo', () => geo.stop());
    return {
      settings,
      folder,
      secrets: {
        ...kept,
        edgeSecret: settings.edgeSecret || kept.edgeSecret,
        apiTokenSecret: settings.apiTokenSecret || kept.apiTokenSecret,
        contentKeySecret: settings.contentKeySecret || kept.contentKeySecret,
      },
      log,
      clock: systemClock,
      metrics: new Metrics(),
      lifecycle,
      geo,
      urls: { control: settings.controlUrl, edge: settings.edgeUrl, origin: settings.originUrl },
    };
  } catch (cause) {
    await lifecycle.stop();
    throw cause;
  }
}

/**
 * Before anything in the folder is read or written: two servers that start at once would each make secrets, and one of
 * them would go on with those that the other has replaced. The run file, written last, says more to a person; until it
 * is there only the lock tells the two apart.
 */
async function holdFolder(folder: string, lifecycle: Lifecycle): Promise<void> {
  const run = await readRunFile(folder);
  if (run && isAlive(run)) {
    throw new SettingsError(
      `A server with process id ${run.pid} already runs on the data folder ${folder}. Is it none? Then delete run.json there.`,
    );
  }
  await mkdir(folder, { recursive: true });
  const lock = lockData(folder);
  if (!lock) throw new SettingsError(`Another server already runs on the data folder ${folder}.`);
  lifecycle.add('data folder', async () => lock.release());
}

async function openSeams(ground: Ground, roles: readonly Role[]): Promise<Seams> {
  const { settings, folder, clock, secrets } = ground;
  const { database, signals } = await (settings.databaseUrl ? openShared(ground) : openEmbedded(ground));
  const store = await openStore(ground, roles.includes('worker'));
  const node = await loadNodeId(folder);
  const { leaseMs, chunkAttempts } = settings;
  const queue = new Queue(database, clock, signals, { leaseMs, maxAttempts: chunkAttempts });
  const assets = new AssetRepository(database, clock);
  const subtitles = new SubtitleRepository(database, clock);
  const encodings = new EncodingRepository(database, clock);
  const contentKeys = new ContentKeyRepository(database, secrets.contentKeySecret);
  const recorded = new RecordedAssetRepository(database, clock, secrets.contentKeySecret);
  return { database, node, store, signals, queue, assets, subtitles, encodings, contentKeys, recorded };
}

/** One process, one file: signals need go no further. */
async function openEmbedded({ folder, lifecycle }: Ground): Promise<Pick<Seams, 'database' | 'signals'>> {
  const database = await openDatabase(folder);
  lifecycle.add('database', () => database.destroy());
  return { database, signals: new LocalSignals() };
}

/** A database that other processes work on too, here or on other machines. */
async function openShared({ settings, log, lifecycle }: Ground): Promise<Pick<Seams, 'database' | 'signals'>> {
  const { databaseUrl: url, databaseConnections: connections } = settings;
  if (!isPostgresUrl(url)) {
    throw new SettingsError('FRONTROW_DATABASE_URL must be postgres://user:password@host:5432/name or empty.');
  }
  const database = await openPostgres({ url, connections, log: log.child({ part: 'database' }) });
  lifecycle.add('database', () => database.destroy());
  const signals = new PostgresSignals((heard) => openNoticeLine(url, heard), log.child({ part: 'signals' }));
  lifecycle.add('signals', () => signals.stop());
  await signals.start();
  return { database, signals };
}

async function openStore({ settings, folder, log, lifecycle }: Ground, keepAdopted: boolean): Promise<ObjectStore> {
  const place = parseStorage(settings.storage, folder);
  if (place.kind === 'folder') {
    const store = new FolderStore(place.folder, { owner: folder });
    await store.start();
    return store;
  }
  // Loaded by those only who use it: it is large.
  const { S3Store } = await import('./storage/s3/store.ts');
  const store = new S3Store({
    place,
    attempts: settings.storageAttempts,
    timeoutMs: settings.storageTimeoutMs,
    folder: join(folder, 's3'),
    copiesBytes: settings.storageCopiesBytes,
    keepAdopted,
    log: log.child({ part: 'storage' }),
  });
  lifecycle.add('storage', () => store.stop());
  await store.start();
  return store;
}

async function startOrigin(ground: Ground, seams: Seams, live: Live | undefined): Promise<void> {
  const { settings, clock, log, lifecycle, urls, secrets } = ground;
  const node = nodeOf(ground, seams);
  const app = buildOrigin({
    ...seams,
    streams: node.streams,
    clock,
    holdMs: settings.segmentHoldMs,
    edgeSecret: secrets.edgeSecret,
    revokedEdges: new RevokedEdges(new EdgeRepository(seams.database, clock)),
    log: log.child({ part: 'origin' }),
  });
  mountLiveProxy(app, { ...node, ownUrl: node.nodeUrl, isHere: live && ((streamId) => live.hasOnAir(streamId)) });
  if (live) {
    await live.mountOrigin(app);
    // Whatever else cannot start, its channels are open from here on.
    lifecycle.add('live channels', () => live.stop());
  } else {
    const channels = await mountWithoutRole(app, { ...seams, ...node });
    lifecycle.add('channels', () => channels.stop());
  }
  lifecycle.add('origin', () => drain(app));
  urls.origin = await app.listen({ host: settings.originHost, port: settings.originPort });
}

/** Nodes ask one another as edges do, each process as one of its own. */
const NODE_AS_EDGE = newId('ed');

function signAsNode({ secrets, clock }: Ground, method: string, target: string): Readonly<Record<string, string>> {
  const credential = edgeCredentialOf(secrets.edgeSecret, NODE_AS_EDGE);
  return { [EDGE_SIGNATURE_HEADER]: signAsEdge(credential, method, target, clock.now()) };
}

/** What all that is told of live streams works with. */
function nodeOf(ground: Ground, { database }: Seams) {
  const { secrets, clock, log, settings, urls, metrics } = ground;
  return {
    settings,
    streams: new LiveStreamRepository(database, clock, secrets.contentKeySecret),
    nodeUrl: () => liveNodeUrl(settings, urls),
    sign: (method: string, target: string) => signAsNode(ground, method, target),
    viewerSecret: secrets.contentKeySecret,
    count: (name: Parameters<typeof metrics.count>[0]) => metrics.count(name, {}),
    clock,
    log: log.child({ part: 'live' }),
  };
}

function prepareLive(ground: Ground, seams: Seams): Live {
  const { folder, secrets, clock, log, metrics } = ground;
  const live: Live = new Live({
    ...seams,
    ...nodeOf(ground, seams),
    folder: join(folder, 'live'),
    recordings: new Recordings({
      ...seams,
      recorded: new RecordedAssetRepository(seams.database, clock, secrets.contentKeySecret),
      log: log.child({ part: 'recordings' }),
    }),
    readLadder: (name) => readLadder(name, LADDERS),
    edgeSecret: secrets.edgeSecret,
  });
  metrics.gauge('live_streams', () => live.broadcastsUnderWay);
  metrics.gauges('live_encoder_speed', () =>
    live.desk.actors.flatMap(({ stream, speed }) => (speed === undefined ? [] : [[{ stream: stream.id }, speed]])),
  );
  return live;
}

async function startLive(ground: Ground, live: Live, has: (role: Role) => boolean): Promise<void> {
  const { lifecycle, urls, settings, log } = ground;
  if (!has('origin')) throw new SettingsError('The role live needs the role origin in its process.');
  if (!has('worker')) await checkFfmpeg(['libx264', 'aac']);
  lifecycle.add('live', () => live.stop());
  const { rtmp, rtmps, srt } = await live.start();
  const host = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host;
  urls.rtmp = `rtmp://${host}:${rtmp}/live`;
  if (rtmps !== undefined) urls.rtmps = `rtmps://${host}:${rtmps}/live`;
  urls.srt = `srt://${host}:${srt}`;
  if (has('control')) return;
  const browsers = await buildBrowserListener(live, log.child({ part: 'live' }));
  lifecycle.add('doors for browsers', () => browsers.close());
  urls.live = await browsers.listen({ host: settings.host, port: settings.port });
}

/** How long answers under way may take to finish at a stop. */
const DRAIN_MS = 5_000;

/** A connection that never sent a request does not count as idle and would hold the close for a minute. */
async function drain(listener: { close(): Promise<unknown>; server: { closeAllConnections(): void } }): Promise<void> {
  const overdue = setTimeout(() => listener.server.closeAllConnections(), DRAIN_MS);
  await listener.close();
  clearTimeout(overdue);
}

/** Where sources rest while they arrive. */
function intakeFolder({ folder }: Ground): string {
  return join(folder, 'intake');
}

async function startControl(
  ground: Ground,
  seams: Seams,
  encodesEarly: boolean,
  live: Live | undefined,
): Promise<Control> {
  const { settings, clock, log, lifecycle, urls, metrics, secrets } = ground;
  const ingest = new Ingest({
    ...seams,
    settings,
    clock,
    log: log.child({ part: 'ingest' }),
    metrics,
    folder: intakeFolder(ground),
    encodesEarly,
  });
  await ingest.recover();
  const control = await buildControl({
    ...seams,
    keys: new SigningKeyRepository(seams.database, clock),
    tokens: new ApiTokenRepository(seams.database, clock),
    secrets,
    urls: () => publicUrls(settings, urls),
    places: ground.geo,
    originFor: (ip) => originFor(settings, urls, ip),
    ingestUrls: () => ingestUrls(settings, urls),
    ownOrigin: () => urls.origin || undefined,
    clock,
    log: log.child({ part: 'control' }),
    metrics,
    settings,
    staticFolder: CONSOLE,
    ladderFolder: LADDERS,
  });
  ingest.mount(control.app, control);
  live?.mountDoors(control.app);
  control.removal.onRemoved((assetId) => ingest.removed(assetId));
  lifecycle.add('control', () => control.app.close());
  urls.control = await control.app.listen({ host: settings.host, port: settings.port });
  await ingest.start();
  metrics.gauge('jobs_waiting', () => seams.queue.waiting());
  lifecycle.add('ingest', () => ingest.stop());
  control.sweeper.start();
  lifecycle.add('access sweeper', () => control.sweeper.stop());
  await control.courier.start();
  lifecycle.add('courier', () => control.courier.stop());
  return control;
}

async function startFilmEdge(ground: Ground): Promise<void> {
  const { urls } = ground;
  const { control: controlUrl, origin: originUrl } = urls;
  if (!originUrl || !controlUrl) {
    throw new SettingsError(
      'An edge without origin and control beside it needs FRONTROW_ORIGIN_URL and FRONTROW_CONTROL_URL.',
    );
  }
  const { url } = await startEdge(ground, {
    mode: 'film',
    originUrl,
    controlUrl,
    credential: await credentialOf(ground),
  });
  urls.edge = url;
}

/** Who an edge is: as it enrolled, or else by the secret of the fleet. */
async function credentialOf({ folder, secrets }: Ground): Promise<EdgeCredential> {
  return (await readEdgeCredential(folder)) ?? edgeCredentialOf(secrets.edgeSecret, await loadEdgeId(folder));
}

/** What one process of an edge with several has to itself, and what it has in common with the others. */
interface EdgeShare {
  /** Its own part of the data folder. */
  readonly folder: string;
  readonly ticketSecret: Buffer;
}

interface EdgePlace extends Pick<EdgeOptions, 'mode' | 'controlUrl' | 'credential'> {
  /** One, or several with commas. */
  readonly originUrl: string;
}

async function startEdge(ground: Ground, { originUrl, ...place }: EdgePlace, share?: EdgeShare): Promise<EdgeAddress> {
  const { settings, folder, clock, log, lifecycle, metrics, geo } = ground;
  const accessLog = settings.accessLog ? openLineFile(resolve(settings.accessLog)) : undefined;
  if (accessLog) lifecycle.add('access log', () => accessLog.close());
  const views = new FactViews(metrics, accessLog);
  const location = parseEdgeLocation(settings.edgeLocation);
  const edge = new Edge({
    ...place,
    about: { name: hostname(), version: packageFile.version, ...(location ? { location } : {}) },
    originUrls: parseUrlList(originUrl, 'FRONTROW_ORIGIN_URL'),
    parentUrls: parseUrlList(settings.edgeParents, 'FRONTROW_EDGE_PARENTS'),
    host: settings.host,
    port: settings.edgePort,
    dataDir: share ? join(folder, share.folder) : folder,
    ...(share ? { ticketSecret: share.ticketSecret, sharesPorts: true, commonDir: folder } : {}),
    settings,
    clock,
    log: log.child({ part: 'edge' }),
    places: geo,
    onFact: (fact) => views.record(fact),
  });
  reportEdge(edge, metrics);
  lifecycle.add('edge', () => edge.stop());
  return edge.start();
}

/** A worker whose programs are being asked what they can do, on another processor than the one that starts the rest. */
function prepareWorker(ground: Ground, seams: Seams): Worker {
  const { settings, clock, log } = ground;
  const arriving = (assetId: string) => findArrival(intakeFolder(ground), assetId);
  const worker = new Worker({ ...seams, settings, clock, log, ladderFolder: LADDERS, arriving });
  // What is wrong with them is said by `start`; a start that fails before shall not end with it unheard.
  worker.prepare().catch(() => {});
  return worker;
}

async function startWorker({ clock, log, lifecycle }: Ground, seams: Seams, worker: Worker): Promise<void> {
  await worker.start();
  lifecycle.add('worker', () => worker.stop());
  const removals = new RemovalRepository(seams.database, clock);
  const sweeper = new StoreSweeper({ ...seams, removals, clock, log: log.child({ part: 'store sweeper' }) });
  sweeper.start();
  lifecycle.add('store sweeper', () => sweeper.stop());
}
