import { randomUUID } from 'node:crypto';
import { registerAjvFormats, type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import { fastify } from 'fastify';
import type { Secrets } from '../config/secrets.ts';
import type { Settings } from '../config/settings.ts';
import type { ApiTokenRepository } from '../database/api-tokens.ts';
import type { Asset, AssetRepository } from '../database/assets.ts';
import { ConfigurationRepository } from '../database/configuration.ts';
import type { ContentKeyRepository } from '../database/content-keys.ts';
import type { EncodingRepository } from '../database/encodings.ts';
import { IdempotencyKeyRepository } from '../database/idempotency-keys.ts';
import { LiveStreamRepository } from '../database/live-streams.ts';
import { type Database, pingDatabase } from '../database/open.ts';
import type { RecordedAssetRepository } from '../database/recorded-assets.ts';
import type { SigningKeyRepository } from '../database/signing-keys.ts';
import { SubtitleRepository } from '../database/subtitles.ts';
import { DeliveryRepository } from '../database/webhook-deliveries.ts';
import { WebhookRepository } from '../database/webhooks.ts';
import { algorithmOf, parsePublicKey } from '../kernel/access/key-pair.ts';
import type { Clock } from '../kernel/clock.ts';
import { LARGEST_CHUNK_BYTES } from '../kernel/live/browser-ingest.ts';
import type { Log } from '../kernel/log.ts';
import type { Queue } from '../queue/queue.ts';
import { ASSETS, assetChannel, type Signals } from '../queue/signals.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type Access, type AccessDeps, accessRoutes, openAccess } from './access.ts';
import { AssetFeed } from './asset-feed.ts';
import { AssetRemoval } from './asset-removal.ts';
import { viewAsset } from './asset-view.ts';
import { keepAuditLog } from './audit.ts';
import { serveConsole } from './console.ts';
import { Configurations } from './distributions/configurations.ts';
import { documentApi } from './docs.ts';
import { fleetOf, fleetRoutes } from './fleet.ts';
import { allowOtherOrigins, secureAnswers } from './headers.ts';
import { honourIdempotencyKeys } from './idempotency.ts';
import { readJsonBodies } from './json-bodies.ts';
import { lingerAfterAnswers } from './linger.ts';
import { type LiveDeps, mountLive } from './live/mount.ts';
import { refuseOtherMethods } from './methods.ts';
import { Nearest, type NearestParts } from './nearest.ts';
import type { ControlApp, RouteParts, Urls } from './parts.ts';
import { answerProblems, answerUnreadable, answerUnroutable } from './problem.ts';
import { readProxies, trustOf } from './proxies.ts';
import { limitRates, type RateSettings } from './rate-limits.ts';
import { assetRoutes } from './routes/assets.ts';
import { clipRoutes } from './routes/clips.ts';
import { configurationRoutes } from './routes/configuration.ts';
import { encodingRoutes } from './routes/encodings.ts';
import { eventRoutes } from './routes/events.ts';
import { invalidationRoutes } from './routes/invalidations.ts';
import { type OperationsParts, operationsRoutes } from './routes/operations.ts';
import { playbackGrantRoutes } from './routes/playback-grants.ts';
import { routingRoutes } from './routes/routing.ts';
import { signingKeyRoutes } from './routes/signing-keys.ts';
import { subtitleRoutes } from './routes/subtitles.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { AssetSchema, PROBLEMS } from './schemas.ts';
import { Courier, type CourierParts } from './webhooks/courier.ts';
import { addJobsTo } from './webhooks/jobs.ts';

export interface ControlDeps extends Pick<LiveDeps, 'ingestUrls' | 'ownOrigin'> {
  readonly secrets: Secrets;
  readonly urls: () => Urls;
  /** The edges that viewers may be sent to. Left out: those that report. */
  readonly edges?: NearestParts['edges'];
  readonly places: NearestParts['places'];
  readonly assets: AssetRepository;
  readonly encodings: EncodingRepository;
  readonly recorded: RecordedAssetRepository;
  readonly contentKeys: ContentKeyRepository;
  readonly keys: SigningKeyRepository;
  readonly tokens: ApiTokenRepository;
  readonly database: Database;
  /** This data folder's name among all that share the database. */
  readonly node: string;
  readonly queue: Queue;
  readonly store: ObjectStore;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: OperationsParts['metrics'] & AccessDeps['metrics'];
  readonly settings: CourierParts['settings'] &
    AccessDeps['settings'] &
    RateSettings &
    Pick<Settings, 'ladder' | 'clipMaxMinutes' | 'jwksAllowPrivate' | 'trustedProxies' | 'liveUrl'>;
  /** Where ladders are found by their name. */
  readonly ladderFolder: string;
  /** The built console; a page that says so stands in for one that is not there. */
  readonly staticFolder: string;
  readonly version?: string;
  /** How long a connection may be silent before it is cut off. */
  readonly silenceMs?: number;
  /** Where an edge that asks from an address finds the origin; undefined when nobody knows. */
  readonly originFor: (ip: string) => string | undefined;
  /** How often edges hear something when nothing changes. */
  readonly feedBeatMs?: number;
}

/** Control, ready to listen, and what other parts of its listener may use. */
export interface Control {
  readonly app: ControlApp;
  /** A hook that lets only bearers of a scope pass. */
  readonly authorize: RouteParts['requires'];
  /** An asset as the API shows it. */
  readonly view: (asset: Asset) => unknown;
  /** What the document says of it, and of failures. */
  readonly schemas: { readonly asset: object; readonly problems: Readonly<Record<string, object>> };
  readonly removal: AssetRemoval;
  /** Removes what is kept for a while only, once it is started. */
  readonly sweeper: Access['sweeper'];
  /** A link that signs the administrator in, once. */
  readonly administratorLink: () => Promise<string>;
  /** Carries webhooks once it is started. */
  readonly courier: Courier;
}

/** JSON bodies are small; sources are streamed past this limit by ingest. */
const BODY_BYTES = 256 * 1024;

/** A sender that stalls so long is gone; syncing a great source's last bytes, which is silent too, takes less. */
const SILENCE_MS = 120_000;

/** Builds control's listener. Routes of other roles are registered on `app` before it listens. */
export async function buildControl(given: ControlDeps): Promise<Control> {
  const fleet = fleetOf(given);
  const deps: CompleteDeps = { ...given, edges: given.edges ?? (() => fleet.directory.fleet()) };
  registerAjvFormats();
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 300 },
    // A viewer's slow head is no reason to hold a socket; bodies of uploads may take as long as they keep coming.
    http: { headersTimeout: 20_000, requestTimeout: 0 },
    connectionTimeout: deps.silenceMs ?? SILENCE_MS,
    trustProxy: trustOf(deps.settings.trustedProxies),
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerUnreadable,
    forceCloseConnections: true,
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
  app.decorateRequest('bearer', null);
  readProxies(app);
  lingerAfterAnswers(app);
  answerProblems(app, deps.log);
  // Browsers may publish at a node of its own.
  secureAnswers(app, async () => [...(await edgeUrls(deps)), deps.settings.liveUrl]);
  allowOtherOrigins(app);
  readJsonBodies(app);
  const limits = await limitRates(app, deps.settings);
  await app.register(websocket, {
    // The largest that any of the listener's routes takes: a browser's recording.
    options: { maxPayload: LARGEST_CHUNK_BYTES, handleProtocols: () => 'frontrow' },
  });
  await documentApi(app, deps.version ?? '0');
  const access = await openAccess(deps, limits);
  keepAuditLog(app, access.audit);
  honourIdempotencyKeys(app, new IdempotencyKeyRepository(deps.database, deps.clock));
  refuseOtherMethods(app);

  const parts = await routeParts(deps, access);
  const subtitles = new SubtitleRepository(deps.database, deps.clock);
  const webhooks = new WebhookRepository(deps.database, deps.clock);
  const deliveries = new DeliveryRepository(deps.database, deps.clock, addJobsTo(deps.queue));
  const feed = new AssetFeed({ ...parts });
  parts.removal.onRemoved((assetId) => feed.deleted(assetId));
  app.addHook('preClose', async () => feed.stop());

  assetRoutes(app, parts);
  subtitleRoutes(app, { ...parts, subtitles, store: deps.store, queue: deps.queue });
  encodingRoutes(app, {
    ...parts,
    encodings: deps.encodings,
    queue: deps.queue,
    store: deps.store,
    ladderFolder: deps.ladderFolder,
    defaultLadder: deps.settings.ladder,
  });
  clipRoutes(app, { ...deps, ...parts, subtitles, mostSeconds: 60 * deps.settings.clipMaxMinutes });
  signingKeyRoutes(app, parts);
  const configurations = new Configurations({
    ...parts,
    configurations: new ConfigurationRepository(deps.database, deps.clock, deps.secrets.contentKeySecret),
    edgeUrls: () => edgeUrls(deps),
  });
  await configurations.start();
  configurationRoutes(app, { ...parts, configurations });
  invalidationRoutes(app, { ...parts, invalidations: fleet.invalidations });
  const streams = new LiveStreamRepository(deps.database, deps.clock, deps.secrets.contentKeySecret);
  const viewLive = mountLive(app, { ...deps, streams }, parts);
  playbackGrantRoutes(app, { ...parts, streams });
  routingRoutes(app, parts);
  accessRoutes(app, parts);
  webhookRoutes(app, {
    ...parts,
    webhooks,
    deliveries,
    queue: deps.queue,
    allowPrivate: deps.settings.webhookAllowPrivate,
  });
  fleetRoutes(app, { ...deps, ...parts, configurations, keyGroups: () => configurations.jwksUrls() }, fleet);
  eventRoutes(app, parts, feed);
  operationsRoutes(app, {
    metrics: deps.metrics,
    probes: { database: () => pingDatabase(deps.database), store: () => deps.store.head('health') },
  });
  await serveConsole(app, deps.staticFolder);
  const courier = new Courier({ ...deps, webhooks, deliveries, view: parts.view, viewLive }, `courier:${deps.node}`);
  return {
    app,
    authorize: parts.requires,
    view: parts.view,
    schemas: { asset: AssetSchema, problems: PROBLEMS },
    removal: parts.removal,
    courier,
    sweeper: access.sweeper,
    administratorLink: () => access.sessions.administratorLink(),
  };
}

type CompleteDeps = ControlDeps & Required<Pick<ControlDeps, 'edges'>>;

/** A page of which the database cannot say more goes on with the one edge that is known. */
async function edgeUrls({ edges, urls }: CompleteDeps): Promise<string[]> {
  const others = await edges().catch(() => []);
  return [urls().edge, ...others.map(({ url }) => url)];
}

async function routeParts(deps: CompleteDeps, access: Access): Promise<RouteParts> {
  const { secrets, keys, signals, urls } = deps;
  const { keyPairId, publicKeyPem } = secrets.grantKey;
  const algorithm = algorithmOf(parsePublicKey(publicKeyPem));
  await keys.add({ keyPairId, name: 'This server', owner: 'server', algorithm, publicKeyPem });
  return {
    ...deps,
    ...access,
    removal: new AssetRemoval(deps),
    nearest: new Nearest({ ...deps, only: () => urls().edge, now: () => deps.clock.now() }),
    view: (asset) => viewAsset(asset, urls().edge),
    announce: (assetId) => {
      signals.notify(assetChannel(assetId));
      signals.notify(ASSETS);
    },
  };
}
