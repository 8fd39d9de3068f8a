import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Metrics } from '../../src/analytics/metrics.ts';
import { loadNodeId } from '../../src/config/node-id.ts';
import { loadSecrets, type Secrets } from '../../src/config/secrets.ts';
import { loadSettings, type Settings } from '../../src/config/settings.ts';
import { buildControl } from '../../src/control/app.ts';
import { mintAdminToken, mintToken } from '../../src/control/tokens.ts';
import { ApiTokenRepository } from '../../src/database/api-tokens.ts';
import { AssetRepository } from '../../src/database/assets.ts';
import { ContentKeyRepository } from '../../src/database/content-keys.ts';
import { EncodingRepository } from '../../src/database/encodings.ts';
import { type Database, openDatabase } from '../../src/database/open.ts';
import { RecordedAssetRepository } from '../../src/database/recorded-assets.ts';
import { SigningKeyRepository } from '../../src/database/signing-keys.ts';
import { Geo } from '../../src/geo/geo.ts';
import { Ingest } from '../../src/ingest/ingest.ts';
import type { Scope } from '../../src/kernel/access/api-token.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { type Log, silentLog } from '../../src/kernel/log.ts';
import type { FleetEdge } from '../../src/kernel/steering/fleet.ts';
import { Queue } from '../../src/queue/queue.ts';
import { LocalSignals } from '../../src/queue/signals.ts';
import { FolderStore } from '../../src/storage/folder.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { freshFolder, removeFolder } from './folder.ts';

const LADDERS = fileURLToPath(new URL('../../media/ladders', import.meta.url));

/** Control and ingest as main.ts joins them, on a real socket and a real folder, without encoders. */
export interface ControlServer {
  readonly url: string;
  readonly folder: string;
  readonly secrets: Secrets;
  readonly database: Database;
  readonly assets: AssetRepository;
  readonly keys: SigningKeyRepository;
  readonly queue: Queue;
  readonly store: ObjectStore;
  readonly signals: LocalSignals;
  readonly ingest: Ingest;
  readonly adminToken: string;
  /** A link that signs the administrator in, once. */
  readonly administratorLink: () => Promise<string>;
  tokenFor(...scopes: Scope[]): string;
  /** A request with the administrator's token unless it brings its own; an object body is sent as JSON. */
  call(path: string, init?: CallInit): Promise<Response>;
  /** All that is answered to these very bytes until the connection ends. */
  answerTo(bytes: string): Promise<string>;
  stop(): Promise<void>;
}

export interface CallInit {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly json?: unknown;
  readonly body?: NonNullable<RequestInit['body']>;
  readonly token?: string | null;
}

export const EDGE = 'http://edge.test:8090';

/** Tests ask for a lot from one address. */
const UNLIMITED = {
  apiReadsPerMinute: 1_000_000,
  apiWritesPerMinute: 1_000_000,
  apiSignInsPerMinute: 1_000_000,
  apiFailuresPerMinute: 1_000_000,
  apiRoutesPerMinute: 1_000_000,
};

export interface ServerOptions {
  /** Stays when the server stops; one of its own otherwise, which goes with it. */
  readonly folder?: string;
  readonly settings?: Partial<Settings>;
  readonly clock?: Clock;
  readonly port?: number;
  readonly log?: Log;
  /** Another store than a folder; whoever brought it starts and stops it. */
  readonly store?: ObjectStore;
  /** How long a connection may be silent. */
  readonly silenceMs?: number;
  /** How often edges hear something. */
  readonly feedBeatMs?: number;
  /** What control knows of edges. */
  readonly edges?: readonly FleetEdge[];
}

export async function startControl(options: ServerOptions = {}): Promise<ControlServer> {
  const folder = options.folder ?? (await freshFolder());
  const clock = options.clock ?? { now: () => Date.now() };
  const settings = loadSettings({}, { data: folder, ...UNLIMITED, ...options.settings });
  const secrets = await loadSecrets(folder);
  const database = await openDatabase(folder);
  const signals = new LocalSignals();
  const assets = new AssetRepository(database, clock);
  const keys = new SigningKeyRepository(database, clock);
  const tokens = new ApiTokenRepository(database, clock);
  const queue = new Queue(database, clock, signals, { leaseMs: settings.leaseMs, maxAttempts: settings.chunkAttempts });
  const store = options.store ?? (await openFolder(folder));
  const node = await loadNodeId(folder);
  const encodings = new EncodingRepository(database, clock);
  const recorded = new RecordedAssetRepository(database, clock, secrets.contentKeySecret);
  const contentKeys = new ContentKeyRepository(database, secrets.contentKeySecret);
  const shared = {
    assets,
    encodings,
    recorded,
    contentKeys,
    node,
    queue,
    store,
    signals,
    clock,
    log: options.log ?? silentLog,
    metrics: new Metrics(),
  };
  const ingest = new Ingest({ ...shared, folder: join(folder, 'incoming'), encodesEarly: false, settings });
  let url = '';
  const geo = new Geo({ folder: '', log: silentLog });
  const control = await buildControl({
    ...shared,
    secrets,
    urls: () => ({ control: url, edge: EDGE }),
    ...(options.edges ? { edges: async () => options.edges ?? [] } : {}),
    places: geo,
    originFor: () => 'http://origin.test:8070',
    ingestUrls: () => ({ rtmp: 'rtmp://live.test/live', rtmps: 'rtmps://live.test/live', srt: 'srt://live.test:8890' }),
    ownOrigin: () => undefined,
    keys,
    tokens,
    database,
    settings,
    staticFolder: join(folder, 'no-console'),
    ladderFolder: LADDERS,
    ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
    ...(options.feedBeatMs === undefined ? {} : { feedBeatMs: options.feedBeatMs }),
  });
  control.removal.onRemoved((assetId) => ingest.removed(assetId));
  await ingest.recover();
  ingest.mount(control.app, control);
  await control.app.listen({ port: options.port ?? 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(control.app.server.address() as AddressInfo).port}`;
  await ingest.start();
  control.sweeper.start();
  await control.courier.start();
  const adminToken = mintAdminToken(secrets.apiTokenSecret, clock.now());
  return {
    url,
    folder,
    secrets,
    database,
    assets,
    keys,
    queue,
    store,
    signals,
    ingest,
    adminToken,
    administratorLink: control.administratorLink,
    tokenFor: (...scopes) => mintToken('server', secrets.apiTokenSecret, scopes, clock.now(), 3_600_000).token,
    call: (path, init = {}) => call(url, adminToken, path, init),
    answerTo: async (bytes) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(bytes);
      return text(socket);
    },
    stop: async () => {
      await control.sweeper.stop();
      await control.courier.stop();
      await control.app.close();
      await ingest.stop();
      await database.destroy();
      if (options.folder === undefined) await removeFolder(folder);
    },
  };
}

async function openFolder(folder: string): Promise<FolderStore> {
  const store = new FolderStore(join(folder, 'media'));
  await store.start();
  return store;
}

function call(url: string, adminToken: string, path: string, init: CallInit): Promise<Response> {
  const { method, headers = {}, json, body, token = adminToken } = init;
  return fetch(`${url}${path}`, {
    method: method ?? (json !== undefined || body !== undefined ? 'POST' : 'GET'),
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
  });
}
