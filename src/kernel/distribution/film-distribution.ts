import { FILM_ORIGIN } from './documents.ts';
import { FILMS_CACHE_POLICY_ID } from './managed-policies.ts';
import type { CacheBehavior, DistributionConfig, PathCacheBehavior } from './model.ts';

/** Below these nothing but films and broadcasts is served. */
export const FILM_PATHS = ['/assets/as_*', '/live/*'] as const;

const FILMS: CacheBehavior = {
  targetOriginId: FILM_ORIGIN,
  viewerProtocolPolicy: 'allow-all',
  allowedMethods: ['GET', 'HEAD', 'OPTIONS'],
  cachedMethods: ['GET', 'HEAD'],
  compress: true,
  cachePolicyId: FILMS_CACHE_POLICY_ID,
  trustedKeyGroups: [],
};

const films = (pathPattern: string): PathCacheBehavior => ({ pathPattern, ...FILMS });

/** Playlists and manifests, segments and their headers, keys, texts and pictures, broadcasts. */
export const FILM_BEHAVIORS = [
  films('/assets/*/*.m3u8'),
  films('/assets/*/*.mpd'),
  films('/assets/*/*.m4s'),
  films('/assets/*/*.mp4'),
  films('/assets/*/key'),
  films('/assets/*/*.vtt'),
  films('/assets/*/*.jpg'),
  films('/live/*'),
] as const;

/** The distribution `default`, as it is made at the first start. */
export const FILM_DISTRIBUTION_CONFIG: DistributionConfig = {
  comment: 'Films and broadcasts of this server',
  enabled: true,
  aliases: [],
  defaultRootObject: '',
  origins: [
    {
      id: FILM_ORIGIN,
      domainName: '',
      originPath: '',
      customHeaders: [],
      connectionAttempts: 3,
      connectionTimeout: 10,
      filmOriginConfig: {},
    },
  ],
  originGroups: [],
  defaultCacheBehavior: FILMS,
  cacheBehaviors: FILM_BEHAVIORS,
  customErrorResponses: [],
  restrictions: { geoRestriction: { restrictionType: 'none', locations: [] } },
  tags: {},
};
