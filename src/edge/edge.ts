import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { SettingsError } from '../config/settings.ts';
import type { EdgeCredential } from '../kernel/access/edge-identity.ts';
import { parseTrust } from '../kernel/address.ts';
import type { Clock } from '../kernel/clock.ts';
import type { EdgeReport } from '../kernel/edge-feed/report.ts';
import { Fault } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Place } from '../kernel/place.ts';
import { AssetAccess } from './asset-access.ts';
import { Compressions } from './cache/compressions.ts';
import { type DiskCounts, DiskTier, type DiskUsage } from './cache/disk/disk-tier.ts';
import { FillTable } from './cache/fill-table.ts';
import { type MemoryCounts, MemoryTier } from './cache/memory-tier.ts';
import { CredentialReader } from './credential-reader.ts';
import { Door } from './door/door.ts';
import type { PhaseTable } from './drive.ts';
import type { Fact } from './exchange.ts';
import { ConfigFeed } from './feed/config-feed.ts';
import { FollowedInvalidations } from './feed/invalidations.ts';
import { EdgeKeys } from './feed/keys.ts';
import { LoadMeter } from './feed/load.ts';
import { Reporter } from './feed/reporter.ts';
import { FollowedRevocations } from './feed/revocations.ts';
import { healthPathOf } from './health-path.ts';
import { BanList } from './invalidation/ban-list.ts';
import { Invalidations } from './invalidation/invalidations.ts';
import { inspect } from './operator/inspect.ts';
import { plainNames } from './operator/names.ts';
import { Operator } from './operator/operator.ts';
import { OperatorToken } from './operator/token.ts';
import { type OriginReport, Origins, type OriginsOptions } from './origins/origins.ts';
import { byName } from './origins/reports.ts';
import type { EdgeMode, EdgeParts, EdgeSettings, Films, Gate } from './parts.ts';
import { admit } from './phases/admit.ts';
import { authorize } from './phases/authorize.ts';
import { deliver } from './phases/deliver.ts';
import { fetch } from './phases/fetch.ts';
import { join as joinFill } from './phases/join.ts';
import { lookup } from './phases/lookup.ts';
import { ownKey, PLAIN_NAMING } from './phases/own-key.ts';
import { receive } from './phases/receive.ts';
import { refuse } from './phases/refuse.ts';
import { chooseBehavior, route } from './phases/route.ts';
import { settle } from './phases/settle.ts';
import { shape } from './phases/shape.ts';
import { tunnel } from './phases/tunnel.ts';
import { prefetchAlong } from './prefetch/along.ts';
import { FilmOrder } from './prefetch/film-order.ts';
import { type KeyOf, LinkedOrder } from './prefetch/linked-order.ts';
import type { Prefetch } from './prefetch/prefetch.ts';
import { ProofCache } from './proof-cache.ts';
import { addressForAll, schemes, VIEWER_SCHEME_HEADER } from './scheme.ts';
import { EdgeSigner } from './signer.ts';
import { type MakeOrigins, SiteOrigins } from './sites/site-origins.ts';
import { Sites } from './sites/sites.ts';
import { once } from './sites/tables.ts';
import { Fleet } from './steering/fleet.ts';
import { Siblings } from './steering/siblings.ts';
import { Steering } from './steering/steering.ts';
import { Upstream } from './upstream.ts';

export interface EdgeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly mode: EdgeMode;
  /** The origin, and those that stand in for it, in this order. */
  readonly originUrls: readonly string[];
  /** Edges that are asked before the origin. */
  readonly parentUrls?: readonly string[];
  /** Where the configuration comes from, in film mode. */
  readonly controlUrl?: string;
  /** Needed in film mode: who it is, for control, origin and other edges. */
  readonly credential?: EdgeCredential;
  /** What it is known by to control. */
  readonly about?: Pick<EdgeReport, 'name' | 'version' | 'location'>;
  /** Folder for the last good configuration. */
  readonly dataDir: string;
  /** Other processes listen on the same ports. */
  readonly sharesPorts?: boolean;
  /** Without it every connection is node's own server's, for tests that compare the two. */
  readonly fastLane?: boolean;
  /** For TLS sessions that several processes take up; each makes its own without. */
  readonly ticketSecret?: Buffer;
  /** The folder in which other processes of this edge have theirs. */
  readonly commonDir?: string;
  /** Which of several edge processes on this data folder it is, from 0. */
  readonly worker?: number;
  readonly settings: EdgeSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Where viewers are; nobody's place is known without. */
  readonly places?: Places;
  /** Called once an exchange, after its last byte. */
  readonly onFact?: (fact: Fact) => void;
}

/** Finds out where addresses are. */
export interface Places {
  /** Before it resolves, nothing is found. */
  load(knowledge: 'places' | 'networks'): Promise<void>;
  find(ip: string): Place | undefined;
}

export interface EdgeAddress {
  readonly url: string;
  readonly port: number;
  /** Where TLS is spoken; undefined without certificates. */
  readonly tlsUrl: string | undefined;
}

/** Film paths whose reading is remembered. */
const MAX_PATHS = 10_000;
/** How long a start waits for control before it goes on with what the disk holds. */
const FIRST_CONFIG_MS = 2_000;

/** One edge: a listener, a cache, and the connections to the origin and to control. */
export class Edge {
  readonly #options: EdgeOptions;
  readonly #origin: Origins;
  readonly #control: Upstream | undefined;
  readonly #keys = new EdgeKeys();
  readonly #revoked: FollowedRevocations;
  readonly #signer: EdgeSigner | undefined;
  readonly #feed: ConfigFeed | undefined;
  readonly #siblings: Siblings;
  readonly #load = new LoadMeter();
  readonly #reporter: Reporter | undefined;
  readonly #fleet: Fleet;
  readonly #parts: EdgeParts;
  readonly #sites: Sites | undefined;
  #siteOrigins: SiteOrigins | undefined;
  readonly invalidations: Invalidations;
  readonly #operator: Operator;
  readonly #ready = Promise.withResolvers<void>();
  #door: Door | undefined;
  #viewedUrl = '';
  #stopping: Promise<void> | undefined;

  constructor(options: EdgeOptions) {
    const { mode, settings, clock, log, controlUrl, dataDir } = options;
    this.#options = options;
    this.#revoked = new FollowedRevocations(clock);
    this.#signer = this.#makeSigner();
    this.#origin = this.#makeOrigins();
    // Its feed does not end and has a limit of its own for silence.
    this.#control = controlUrl ? new Upstream(controlUrl, { ...settings, originIdleMs: 0 }) : undefined;
    this.#sites = mode === 'film' ? this.#makeSites() : undefined;
    this.#siblings = new Siblings({ times: settings, log });
    this.#fleet = new Fleet({
      edgeId: this.#signer?.edgeId,
      siblings: this.#siblings,
      onLocated: () => void options.places?.load('places'),
    });
    const bans = new BanList();
    const tier = new MemoryTier(settings.cacheBytes, bans);
    const disk = this.#makeDisk(tier, bans);
    const fills = new FillTable();
    tier.lower = disk;
    this.invalidations = new Invalidations({ dataDir, bans, memory: tier, disk, fills, clock, log });
    this.#feed = this.#makeFeed();
    this.#reporter = this.#makeReporter();
    const operatorToken = OperatorToken.of(settings.edgeOperatorToken);
    this.#operator = new Operator({
      names: this.#sites ?? plainNames(mode),
      dataDir,
      commonDir: options.commonDir ?? dataDir,
      token: operatorToken,
      log,
      invalidations: this.invalidations,
      inspect: ({ path, target, headers }) => inspect(path, target, headers, this.#parts),
      ready: this.#ready.promise,
    });
    const parts: EdgeParts = {
      mode,
      edgeId: `edge-${randomBytes(4).toString('hex')}`,
      clock,
      log,
      settings,
      trusts: trustOf(settings),
      schemeOf: schemes(settings.edgeUrl),
      addressForAll: addressForAll(
        settings.edgeUrl,
        settings.edgeTlsCerts === '' && settings.edgeTrustedProxies === '',
      ),
      placeOf: (ip) => options.places?.find(ip),
      tier,
      bans,
      disk,
      fills,
      compressions: settings.edgeCompression ? new Compressions(tier) : undefined,
      origin: this.#origin,
      naming: PLAIN_NAMING,
      credentials: new CredentialReader(),
      gate: this.#makeGate(),
      films: this.#makeFilms(),
      behavior: undefined,
      prefetch: undefined,
      steering: this.#makeSteering(),
      operatorToken,
      onFact: (fact) => {
        this.#load.record(fact);
        options.onFact?.(fact);
      },
    };
    this.#parts = { ...parts, prefetch: this.#makePrefetch(parts) };
  }

  /** Bytes and entries in memory, fills under way, connections of viewers and those of them that are tunnels. */
  get usage(): { cachedBytes: number; entries: number; fills: number; connections: number; tunnels: number } {
    const { tier, fills } = this.#parts;
    const { connections, tunnels } = this.#door?.usage ?? { connections: 0, tunnels: 0 };
    return { cachedBytes: tier.usedBytes, entries: tier.entryCount, fills: fills.size, connections, tunnels };
  }

  /** What each tier found and gave up since the start, and what the disk holds. */
  get tiers(): { memory: MemoryCounts; disk: (DiskCounts & DiskUsage) | undefined } {
    const { tier, disk } = this.#parts;
    return { memory: tier.counts, disk: disk && { ...disk.counts, ...disk.usage } };
  }

  /** How each origin stands, and what was asked of it since the start. */
  get origins(): readonly OriginReport[] {
    return byName([...this.#origin.reports, ...(this.#siteOrigins?.reports ?? [])]);
  }

  /** What was compressed since the start, what was not for want of a place, and what is under way. */
  get compressions(): Pick<Compressions, 'counts' | 'refused' | 'size'> | undefined {
    return this.#parts.compressions;
  }

  /** Resolves when the disk has everything that was stored. */
  async written(): Promise<void> {
    await this.#parts.disk?.idle();
  }

  /** Viewers who read the fill of a resource at this moment. */
  readersOf(resource: string): number {
    return this.#parts.fills.get(resource)?.readerCount ?? 0;
  }

  /** Listens when control has been heard, or shortly after when it is away. */
  async start(): Promise<EdgeAddress> {
    const { host, port, clock, settings, log, ticketSecret, sharesPorts = false, fastLane = true } = this.#options;
    await this.#feed?.start();
    await Promise.all([this.#feed?.heard(FIRST_CONFIG_MS), this.#startCache()]);
    const { edgeId, mode } = this.#parts;
    const { trusts } = this.#parts;
    this.#door = new Door({
      mode,
      host,
      port,
      phases: this.#frontPhases(),
      clock,
      edgeId,
      settings,
      trusts,
      log,
      sharesPorts,
      fastLane,
      operator: this.#operator.remote,
      ...(ticketSecret ? { ticketSecret } : {}),
    });
    this.#origin.start();
    try {
      const { port: bound, tlsPort } = await this.#door.start();
      const url = (scheme: string, at: number) => `${scheme}://${nameOf(host)}:${at}`;
      this.#viewedUrl = settings.edgeUrl === '' ? url('http', bound) : new URL(settings.edgeUrl).origin;
      this.#reporter?.start();
      return {
        url: url('http', bound),
        port: bound,
        tlsUrl: tlsPort === undefined ? undefined : url('https', tlsPort),
      };
    } catch (cause) {
      await this.stop();
      throw cause;
    }
  }

  /** What was invalidated is known before anything stored is. */
  async #startCache(): Promise<void> {
    await this.invalidations.take();
    await this.#operator.start();
    await this.invalidations.start();
    await this.#parts.disk?.start();
    this.invalidations.resume();
    this.#ready.resolve();
  }

  /** Finishes what runs, within a limit; a second caller gets the same promise. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all([this.#feed?.stop(), this.#reporter?.stop()]);
    this.#siblings.stop();
    await this.#door?.stop(this.#options.settings.edgeStopMs);
    this.#parts.fills.abandonAll();
    this.#parts.compressions?.abandonAll();
    await this.#operator.stop();
    await this.invalidations.stop();
    const connections = [this.#origin.stop(), this.#siteOrigins?.stop(), this.#control?.stop()];
    await Promise.all([...connections, this.#parts.disk?.stop()]);
  }

  #makeOrigins(): Origins {
    const { originUrls, settings } = this.#options;
    const origins = originUrls.map((url) => ({ url, settings }));
    return this.#makeOriginsOf({ origins, settings }, this.#signature);
  }

  #makeOriginsOf(
    asked: Pick<OriginsOptions, 'origins' | 'settings'>,
    sign: OriginsOptions['sign'],
    signForParent?: OriginsOptions['sign'],
  ): Origins {
    const { mode, parentUrls = [], log } = this.#options;
    return new Origins({
      ...asked,
      parents: parentUrls,
      parentHealthPath: healthPathOf(mode),
      sign,
      signForParent,
      now: () => performance.now(),
      log,
    });
  }

  /** Undefined in front of other people's origins, where there is nobody to sign for. */
  get #signature(): OriginsOptions['sign'] {
    const signer = this.#signer;
    return signer && ((method, target) => signer.fields(method, target));
  }

  #makeSites(): Sites {
    const { settings, clock } = this.#options;
    const sign = this.#signature;
    const make: MakeOrigins = (asked, scheme) =>
      this.#makeOriginsOf(asked, undefined, (method, target) => [
        ...(sign?.(method, target) ?? []),
        ...(scheme === 'https' ? [VIEWER_SCHEME_HEADER, scheme] : []),
      ]);
    const films = once(() => phasesOf(this.#parts));
    const { prefetchSegments: depth } = settings;
    this.#siteOrigins = new SiteOrigins(settings, () => clock.now(), make);
    return new Sites({
      origins: this.#siteOrigins,
      edge: () => this.#parts,
      phasesOf,
      prefetchAlong: (order, partsFor) => (depth === 0 ? undefined : prefetchAlong(order, partsFor, { depth, clock })),
      filmPhases: films,
      needsPlaces: async () => {
        await Promise.all([this.#options.places?.load('places'), this.#options.places?.load('networks')]);
      },
    });
  }

  /** Up to where it is known whose request it is. */
  #frontPhases(): PhaseTable {
    const phases = phasesOf(this.#parts);
    return this.#sites ? { ...phases, route: chooseBehavior(this.#sites) } : phases;
  }

  /** Undefined in front of other people's origins, where there is nobody to sign for. */
  #makeSigner(): EdgeSigner | undefined {
    const { mode, credential, parentUrls = [], clock } = this.#options;
    if (mode === 'proxy') return undefined;
    if (!credential) throw new Fault('INTERNAL', { says: 'An edge for films needs a credential for its origin.' });
    return new EdgeSigner({ credential, clock, fleet: this.#keys, asksPeers: parentUrls.length > 0 });
  }

  #makeFeed(): ConfigFeed | undefined {
    const { dataDir, log } = this.#options;
    const signer = this.#signer;
    const followed = new FollowedInvalidations({
      invalidations: this.invalidations,
      ready: this.#ready.promise,
      hasStored: () => this.#parts.tier.entryCount > 0 || (this.#parts.disk?.usage.entries ?? 0) > 0,
    });
    const takers = [this.#keys, this.#fleet, ...(this.#sites ? [this.#sites] : []), this.#revoked, followed];
    const onChange = () => this.#reporter?.due();
    return signer && new ConfigFeed({ control: this.#control, signer, dataDir, log, takers, onChange });
  }

  #makeReporter(): Reporter | undefined {
    const { log, about = { name: '', version: '' }, worker = 0, dataDir, commonDir } = this.#options;
    const control = this.#control;
    const signer = this.#signer;
    const feed = this.#feed;
    if (!control || !signer || !feed) return undefined;
    const place = commonDir === undefined ? `edge-${worker}` : basename(dataDir);
    const report = () => ({
      process: place,
      ...about,
      url: this.#viewedUrl,
      configuration: feed.reported,
      load: this.#load.read(this.usage),
      origins: this.origins.map(({ name, up }) => ({ name, up })),
      clockAheadMs: Math.round(signer.aheadMs),
    });
    return new Reporter({ control, signer, log, report });
  }

  #makeDisk(memory: MemoryTier, bans: BanList): DiskTier | undefined {
    const { settings, dataDir, mode, originUrls, clock, log, worker = 0 } = this.#options;
    if (settings.edgeDiskBytes === 0) return undefined;
    return new DiskTier({
      folder: join(dataDir, 'edge-cache', String(worker)),
      limitBytes: settings.edgeDiskBytes,
      // Our own paths name a film and its version wherever its origin is; another origin's mean something else elsewhere.
      // Those that stand in for the first have the same.
      identity: mode === 'film' ? 'films' : (originUrls[0] ?? ''),
      clock,
      log,
      memory,
      bans,
    });
  }

  #makePrefetch(parts: EdgeParts): Prefetch | undefined {
    const { settings, clock } = this.#options;
    if (settings.prefetchSegments === 0) return undefined;
    const { origin, naming } = parts;
    const nameOf: KeyOf = (uri, resource, viewedHost) => ownKey(uri, { resource, origin, viewedHost, naming });
    const order = parts.films ? new FilmOrder() : new LinkedOrder(nameOf);
    return prefetchAlong(order, () => parts, { depth: settings.prefetchSegments, clock });
  }

  #makeSteering(): Steering | undefined {
    const { mode, places } = this.#options;
    if (mode === 'proxy') return undefined;
    return new Steering({ fleet: this.#fleet, placeOf: (ip) => places?.find(ip) });
  }

  #makeGate(): Gate | undefined {
    const keys = this.#keys;
    if (!this.#signer) return undefined;
    return {
      keys,
      groupKeys: keys,
      get derivedKey() {
        return keys.derivedKey;
      },
      proofs: new ProofCache(),
      revoked: this.#revoked,
    };
  }

  #makeFilms(): Films | undefined {
    const { clock, log } = this.#options;
    const signer = this.#signer;
    const keys = this.#keys;
    if (!signer) return undefined;
    return {
      paths: new LRUCache({ max: MAX_PATHS }),
      signer,
      assets: new AssetAccess(this.#origin, signer, clock, log),
      mayBringCredentials: (webOrigin) => keys.mayBringCredentials(webOrigin),
      get takesCredentials() {
        return keys.takesCredentials;
      },
    };
  }
}

/** @throws SettingsError for what names no proxy or no header */
function trustOf({ edgeTrustedProxies, edgeForwardedHeader }: EdgeSettings): (ip: string) => boolean {
  if (edgeForwardedHeader !== 'X-Forwarded-For' && edgeForwardedHeader !== 'Forwarded') {
    throw new SettingsError('FRONTROW_EDGE_FORWARDED_HEADER must be X-Forwarded-For or Forwarded');
  }
  const trusts = parseTrust(edgeTrustedProxies);
  if (trusts) return trusts;
  throw new SettingsError('FRONTROW_EDGE_TRUSTED_PROXIES must be addresses and ranges such as 10.0.0.0/8, with commas');
}

/** The address in a URL that reaches this machine. */
function nameOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function phasesOf(parts: EdgeParts): PhaseTable {
  return {
    receive: receive(parts),
    route: route(parts),
    authorize: authorize(parts),
    lookup: lookup(parts),
    tunnel: tunnel(parts),
    join: joinFill(parts),
    fetch: fetch(parts),
    admit: admit(parts),
    shape: shape(parts),
    deliver: deliver(parts),
    refuse: refuse(parts),
    settle: settle(parts),
  };
}
