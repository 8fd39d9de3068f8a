import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { SettingsError } from '../config/settings.ts';
import { parseTrust } from '../kernel/address.ts';
import { Compressions } from './cache/compressions.ts';
import type { DiskCounts, DiskUsage } from './cache/disk/disk-tier.ts';
import { makeDisk } from './cache/disk/make-disk.ts';
import { FillTable } from './cache/fill-table.ts';
import { type MemoryCounts, MemoryTier } from './cache/memory-tier.ts';
import type { ChannelCounts } from './channel/channels.ts';
import { makeChannels } from './channel/make-channels.ts';
import { CredentialReader } from './credential-reader.ts';
import { Door } from './door/door.ts';
import type { PhaseTable } from './drive.ts';
import type { EdgeAddress, EdgeOptions } from './edge-options.ts';
import { ConfigFeed } from './feed/config-feed.ts';
import { FollowedInvalidations } from './feed/invalidations.ts';
import { EdgeKeys } from './feed/keys.ts';
import { LoadMeter } from './feed/load.ts';
import { Reporter } from './feed/reporter.ts';
import { FollowedRevocations } from './feed/revocations.ts';
import { makeFilms, makeGate, makeSigner } from './film-parts.ts';
import { BanList } from './invalidation/ban-list.ts';
import { Invalidations } from './invalidation/invalidations.ts';
import { makeLive } from './live/make-live.ts';
import { inspect } from './operator/inspect.ts';
import { plainNames } from './operator/names.ts';
import { Operator } from './operator/operator.ts';
import { OperatorToken } from './operator/token.ts';
import { makeOrigins } from './origins/make-origins.ts';
import type { OriginReport, Origins } from './origins/origins.ts';
import { byName } from './origins/reports.ts';
import type { EdgeParts, EdgeSettings } from './parts.ts';
import { phasesOf } from './phase-table.ts';
import { PLAIN_NAMING } from './phases/own-key.ts';
import { chooseBehavior } from './phases/route.ts';
import { makePrefetch } from './prefetch/make-prefetch.ts';
import { addressForAll, schemes } from './scheme.ts';
import type { EdgeSigner } from './signer.ts';
import { makeSites } from './sites/make-sites.ts';
import { Fleet } from './steering/fleet.ts';
import { Siblings } from './steering/siblings.ts';
import { Steering } from './steering/steering.ts';
import { Upstream } from './upstream.ts';

/** How long a start waits for control before it goes on with what the disk holds. */
const FIRST_CONFIG_MS = 2_000;

/** Longer than a part: an edge that stops waits for what a broadcast that goes on is about to have. */
const LIVE_STOP_MS = 1_000;

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
  readonly #distributions: ReturnType<typeof makeSites> | undefined;
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
    this.#signer = makeSigner(options, this.#keys);
    this.#origin = makeOrigins(options, this.#signer);
    // Its feed does not end and has a limit of its own for silence.
    this.#control = controlUrl ? new Upstream(controlUrl, { ...settings, originIdleMs: 0 }) : undefined;
    this.#distributions =
      mode === 'film' ? makeSites(options, this.#signer, this.#origin, () => this.#parts) : undefined;
    this.#siblings = new Siblings({ times: settings, log });
    this.#fleet = new Fleet({
      edgeId: this.#signer?.edgeId,
      siblings: this.#siblings,
      onLocated: () => void options.places?.load('places'),
    });
    const bans = new BanList();
    const tier = new MemoryTier(settings.cacheBytes, bans);
    const disk = makeDisk(options, tier, bans);
    const fills = new FillTable();
    tier.lower = disk;
    this.invalidations = new Invalidations({ dataDir, bans, memory: tier, disk, fills, clock, log });
    this.#feed = this.#makeFeed();
    this.#reporter = this.#makeReporter();
    const operatorToken = OperatorToken.of(settings.edgeOperatorToken);
    this.#operator = new Operator({
      names: this.#distributions?.sites ?? plainNames(mode),
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
      gate: this.#signer && makeGate(this.#keys, this.#revoked),
      films: this.#signer && makeFilms(options, this.#signer, this.#keys, this.#origin),
      live: makeLive(settings, () => this.#parts),
      channels: this.#signer && makeChannels(options, this.#signer),
      behavior: undefined,
      prefetch: undefined,
      steering: this.#makeSteering(),
      operatorToken,
      onFact: (fact) => {
        this.#load.record(fact);
        options.onFact?.(fact);
      },
    };
    this.#parts = { ...parts, prefetch: makePrefetch(parts) };
  }

  /** Bytes and entries in memory, fills under way, viewers of broadcasts who wait, connections and those that are tunnels. */
  get usage(): Record<'cachedBytes' | 'entries' | 'fills' | 'waiting' | 'connections' | 'tunnels', number> {
    const { tier, fills, live } = this.#parts;
    const { connections, tunnels } = this.#door?.usage ?? { connections: 0, tunnels: 0 };
    return {
      cachedBytes: tier.usedBytes,
      entries: tier.entryCount,
      fills: fills.size,
      waiting: live.waiters.count,
      connections,
      tunnels,
    };
  }

  /** What each tier found and gave up since the start, and what the disk holds. */
  get tiers(): { memory: MemoryCounts; disk: (DiskCounts & DiskUsage) | undefined } {
    const { tier, disk } = this.#parts;
    return { memory: tier.counts, disk: disk && { ...disk.counts, ...disk.usage } };
  }

  /** How each origin stands, and what was asked of it since the start. */
  get origins(): readonly OriginReport[] {
    return byName([...this.#origin.reports, ...(this.#distributions?.origins.reports ?? [])]);
  }

  /** What was compressed since the start, what was not for want of a place, and what is under way. */
  get compressions(): Pick<Compressions, 'counts' | 'refused' | 'size'> | undefined {
    return this.#parts.compressions;
  }

  /** Who is on live channels, and how they fare; undefined in front of other origins than our own. */
  get channels(): ChannelCounts | undefined {
    return this.#parts.channels?.counts;
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
    this.#parts.channels?.stop();
    const overdue = setTimeout(() => this.#parts.live.letGo(), LIVE_STOP_MS);
    await this.#door?.stop(this.#options.settings.edgeStopMs);
    clearTimeout(overdue);
    this.#parts.fills.abandonAll();
    this.#parts.compressions?.abandonAll();
    await this.#operator.stop();
    await this.invalidations.stop();
    const connections = [this.#origin.stop(), this.#distributions?.origins.stop(), this.#control?.stop()];
    await Promise.all([...connections, this.#parts.disk?.stop()]);
  }

  /** Up to where it is known whose request it is. */
  #frontPhases(): PhaseTable {
    const phases = phasesOf(this.#parts);
    return this.#distributions ? { ...phases, route: chooseBehavior(this.#distributions.sites) } : phases;
  }

  #makeFeed(): ConfigFeed | undefined {
    const { dataDir, log } = this.#options;
    const signer = this.#signer;
    const followed = new FollowedInvalidations({
      invalidations: this.invalidations,
      ready: this.#ready.promise,
      hasStored: () => this.#parts.tier.entryCount > 0 || (this.#parts.disk?.usage.entries ?? 0) > 0,
    });
    const takers = [
      this.#keys,
      this.#fleet,
      ...(this.#distributions ? [this.#distributions.sites] : []),
      this.#revoked,
      followed,
    ];
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

  #makeSteering(): Steering | undefined {
    const { mode, places } = this.#options;
    if (mode === 'proxy') return undefined;
    return new Steering({ fleet: this.#fleet, placeOf: (ip) => places?.find(ip) });
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
