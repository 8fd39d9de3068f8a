import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../src/config/settings.ts';
import type { FeedCopy } from '../../src/edge/feed/copy.ts';
import type {
  CacheBehavior,
  CachePolicyConfig,
  DistributionConfig,
  Origin,
} from '../../src/kernel/distribution/model.ts';
import type { SiteConfig } from '../../src/kernel/distribution/site-config.ts';
import type { KeysSection } from '../../src/kernel/edge-feed/keys-section.ts';
import { EdgeScenario, HandClock, type ScenarioOptions } from './edge-scenario.ts';
import { KEYS } from './film-edge.ts';
import { ScriptedOrigin } from './origin.ts';

export const HOST = 'www.example.com';

/** A policy with these times and nothing in the key, unless said otherwise. */
export function cachePolicy(
  times: Partial<Pick<CachePolicyConfig, 'minTTL' | 'defaultTTL' | 'maxTTL'>> = {},
  key: Partial<CachePolicyConfig['parametersInCacheKeyAndForwardedToOrigin']> = {},
): CachePolicyConfig {
  return {
    ...{ name: 'test', comment: '', minTTL: 0, defaultTTL: 86_400, maxTTL: 31_536_000, ...times },
    parametersInCacheKeyAndForwardedToOrigin: {
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
      headersConfig: { headerBehavior: 'none', headers: [] },
      cookiesConfig: { cookieBehavior: 'none', cookies: [] },
      queryStringsConfig: { queryStringBehavior: 'none', queryStrings: [], sortQueryStrings: false },
      ...key,
    },
  };
}

export function behavior(more: Partial<CacheBehavior> = {}): CacheBehavior {
  return {
    targetOriginId: 'origin',
    viewerProtocolPolicy: 'allow-all',
    allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
    cachedMethods: ['GET', 'HEAD'],
    compress: false,
    cachePolicyId: 'policy',
    trustedKeyGroups: [],
    ...more,
  };
}

/** An origin on this machine, by its URL. */
export function originAt(url: string, more: Partial<Origin> = {}): Origin {
  const { hostname, port } = new URL(url);
  return {
    ...{ id: 'origin', domainName: hostname, originPath: '', customHeaders: [] },
    ...{ connectionAttempts: 1, connectionTimeout: 2 },
    customOriginConfig: {
      ...{ httpPort: Number(port), httpsPort: 443, originProtocolPolicy: 'http-only' },
      ...{ originReadTimeout: 5, originKeepaliveTimeout: 5 },
    },
    ...more,
  };
}

export function distribution(origins: readonly Origin[], more: Partial<DistributionConfig> = {}): DistributionConfig {
  return {
    ...{ comment: '', enabled: true, aliases: [HOST], defaultRootObject: '', origins, originGroups: [] },
    ...{ defaultCacheBehavior: behavior(), cacheBehaviors: [], customErrorResponses: [] },
    restrictions: { geoRestriction: { restrictionType: 'none', locations: [] } },
    tags: {},
    ...more,
  };
}

export function site(more: Partial<SiteConfig>): SiteConfig {
  return {
    ...{ distributions: {}, cachePolicies: { policy: cachePolicy() }, originRequestPolicies: {} },
    ...{ responseHeadersPolicies: {}, keyGroups: {}, originAccessControls: {} },
    ...more,
  };
}

export interface SiteEdge {
  readonly s: EdgeScenario;
  readonly clock: HandClock;
  /** What the distribution is in front of. */
  readonly origin: ScriptedOrigin;
  stop(): Promise<void>;
}

export interface SiteEdgeOptions extends Pick<ScenarioOptions, 'places' | 'log'> {
  /** Those that are registered. */
  readonly keys?: KeysSection;
}

/** An edge that has this configuration on disk, in front of an origin that is not ours. */
export async function startSiteEdge(
  configure: (origin: ScriptedOrigin) => SiteConfig,
  settings: Partial<Settings> = {},
  more: SiteEdgeOptions = {},
): Promise<SiteEdge> {
  const origin = await new ScriptedOrigin().start();
  const clock = new HandClock();
  const { s, stop } = await startEdgeOf(configure(origin), { clock, settings, ...more });
  return { s, clock, origin, stop: async () => void (await Promise.all([stop(), origin.stop()])) };
}

/** An edge that has this configuration on disk. */
export async function startEdgeOf(
  value: SiteConfig,
  { keys = KEYS, ...options }: Omit<ScenarioOptions, 'mode' | 'dataDir'> & { readonly keys?: KeysSection } = {},
): Promise<{ s: EdgeScenario; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'frontrow-site-edge-'));
  const copy: FeedCopy = {
    ...{ lineage: 'test', revision: 1, logs: {} },
    states: { keys: { version: 'v1', value: keys }, site: { version: 'v1', value } },
  };
  await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(copy));
  const s = await new EdgeScenario({ mode: 'film', dataDir, ...options }).start();
  return {
    s,
    stop: async () => {
      await s.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
