import type {
  BehaviorDraft,
  CachePolicyDraft,
  DistributionDraft,
  ErrorResponseDraft,
  KeyGroupDraft,
  OriginAccessControlDraft,
  OriginDraft,
  OriginRequestPolicyDraft,
  ResponseHeadersPolicyDraft,
} from './draft.ts';
import type {
  CacheBehavior,
  CachePolicyConfig,
  CustomErrorResponse,
  DistributionConfig,
  KeyGroupConfig,
  Origin,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
} from './model.ts';

/** What is filled in where an operator says nothing: CloudFront's values. */

/** Managed-CachingOptimized. */
const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 31_536_000;
const ERROR_CACHING_SECONDS = 10;
const ORIGIN_READ_SECONDS = 30;

export function fillDistribution(draft: DistributionDraft): DistributionConfig {
  const { cacheTagConfig } = draft;
  return {
    comment: draft.comment ?? '',
    enabled: draft.enabled ?? true,
    aliases: draft.aliases ?? [],
    defaultRootObject: draft.defaultRootObject ?? '',
    origins: draft.origins.map(fillOrigin),
    originGroups: draft.originGroups ?? [],
    defaultCacheBehavior: fillBehavior(draft.defaultCacheBehavior),
    cacheBehaviors: (draft.cacheBehaviors ?? []).map((each) => ({
      pathPattern: each.pathPattern,
      ...fillBehavior(each),
    })),
    customErrorResponses: (draft.customErrorResponses ?? []).map(fillErrorResponse),
    restrictions: { geoRestriction: { restrictionType: 'none', locations: [], ...draft.restrictions?.geoRestriction } },
    ...(cacheTagConfig === undefined ? {} : { cacheTagConfig }),
    tags: draft.tags ?? {},
  };
}

function fillOrigin(draft: OriginDraft): Origin {
  const { originAccessControlId, filmOriginConfig, s3OriginConfig, customOriginConfig } = draft;
  const isCustom = filmOriginConfig === undefined && s3OriginConfig === undefined;
  return {
    id: draft.id,
    domainName: draft.domainName ?? '',
    originPath: draft.originPath ?? '',
    customHeaders: draft.customHeaders ?? [],
    connectionAttempts: draft.connectionAttempts ?? 3,
    connectionTimeout: draft.connectionTimeout ?? 10,
    ...(originAccessControlId === undefined ? {} : { originAccessControlId }),
    ...(isCustom || customOriginConfig !== undefined
      ? {
          customOriginConfig: {
            httpPort: 80,
            httpsPort: 443,
            originProtocolPolicy: 'match-viewer',
            originReadTimeout: ORIGIN_READ_SECONDS,
            originKeepaliveTimeout: 5,
            ...customOriginConfig,
          },
        }
      : {}),
    ...(s3OriginConfig === undefined
      ? {}
      : { s3OriginConfig: { originReadTimeout: ORIGIN_READ_SECONDS, ...s3OriginConfig } }),
    ...(filmOriginConfig === undefined ? {} : { filmOriginConfig: {} }),
  };
}

function fillBehavior(draft: BehaviorDraft): CacheBehavior {
  const { originRequestPolicyId, responseHeadersPolicyId } = draft;
  return {
    targetOriginId: draft.targetOriginId,
    viewerProtocolPolicy: draft.viewerProtocolPolicy ?? 'allow-all',
    allowedMethods: draft.allowedMethods ?? ['GET', 'HEAD'],
    cachedMethods: draft.cachedMethods ?? ['GET', 'HEAD'],
    compress: draft.compress ?? true,
    cachePolicyId: draft.cachePolicyId ?? CACHING_OPTIMIZED,
    ...(originRequestPolicyId === undefined ? {} : { originRequestPolicyId }),
    ...(responseHeadersPolicyId === undefined ? {} : { responseHeadersPolicyId }),
    trustedKeyGroups: draft.trustedKeyGroups ?? [],
  };
}

function fillErrorResponse({
  errorCode,
  responsePagePath,
  responseCode,
  errorCachingMinTTL,
}: ErrorResponseDraft): CustomErrorResponse {
  return {
    errorCode,
    ...(responsePagePath === undefined ? {} : { responsePagePath }),
    ...(responseCode === undefined ? {} : { responseCode }),
    errorCachingMinTTL: errorCachingMinTTL ?? ERROR_CACHING_SECONDS,
  };
}

export function fillCachePolicy(draft: CachePolicyDraft): CachePolicyConfig {
  const parameters = draft.parametersInCacheKeyAndForwardedToOrigin;
  const minTTL = draft.minTTL ?? 0;
  // Those that are left out give way to those that are said, so that one limit alone is a policy.
  const maxTTL = draft.maxTTL ?? Math.max(YEAR_SECONDS, minTTL, draft.defaultTTL ?? 0);
  const defaultTTL = draft.defaultTTL ?? Math.max(minTTL, Math.min(DAY_SECONDS, maxTTL));
  return {
    name: draft.name,
    comment: draft.comment ?? '',
    minTTL,
    defaultTTL,
    maxTTL,
    parametersInCacheKeyAndForwardedToOrigin: {
      enableAcceptEncodingGzip: parameters?.enableAcceptEncodingGzip ?? false,
      enableAcceptEncodingBrotli: parameters?.enableAcceptEncodingBrotli ?? false,
      headersConfig: { headerBehavior: 'none', headers: [], ...parameters?.headersConfig },
      cookiesConfig: { cookieBehavior: 'none', cookies: [], ...parameters?.cookiesConfig },
      queryStringsConfig: {
        queryStringBehavior: 'none',
        queryStrings: [],
        sortQueryStrings: false,
        ...parameters?.queryStringsConfig,
      },
    },
  };
}

export function fillOriginRequestPolicy(draft: OriginRequestPolicyDraft): OriginRequestPolicyConfig {
  return {
    name: draft.name,
    comment: draft.comment ?? '',
    headersConfig: { headerBehavior: 'none', headers: [], ...draft.headersConfig },
    cookiesConfig: { cookieBehavior: 'none', cookies: [], ...draft.cookiesConfig },
    queryStringsConfig: { queryStringBehavior: 'none', queryStrings: [], ...draft.queryStringsConfig },
  };
}

export function fillResponseHeadersPolicy(draft: ResponseHeadersPolicyDraft): ResponseHeadersPolicyConfig {
  const { corsConfig, securityHeadersConfig, serverTimingHeadersConfig } = draft;
  return {
    name: draft.name,
    comment: draft.comment ?? '',
    ...(corsConfig === undefined
      ? {}
      : {
          corsConfig: {
            accessControlAllowOrigins: ['*'],
            accessControlAllowHeaders: [],
            accessControlAllowMethods: ['GET', 'HEAD', 'OPTIONS'],
            accessControlAllowCredentials: false,
            accessControlExposeHeaders: [],
            originOverride: true,
            ...corsConfig,
          },
        }),
    ...(securityHeadersConfig === undefined ? {} : { securityHeadersConfig }),
    customHeadersConfig: (draft.customHeadersConfig ?? []).map((each) => ({ override: true, ...each })),
    removeHeadersConfig: draft.removeHeadersConfig ?? [],
    ...(serverTimingHeadersConfig === undefined ? {} : { serverTimingHeadersConfig }),
  };
}

export function fillKeyGroup({ name, comment, items, jwksUrl }: KeyGroupDraft): KeyGroupConfig {
  return { name, comment: comment ?? '', items: items ?? [], ...(jwksUrl === undefined ? {} : { jwksUrl }) };
}

export function fillOriginAccessControl(draft: OriginAccessControlDraft): OriginAccessControlConfig {
  const { region, accessKeyId } = draft;
  const signingProtocol = draft.signingProtocol ?? 'sigv4';
  return {
    name: draft.name,
    description: draft.description ?? '',
    signingProtocol,
    signingBehavior: draft.signingBehavior ?? 'always',
    originAccessControlOriginType:
      draft.originAccessControlOriginType ?? (signingProtocol === 'sigv4' ? 's3' : 'custom'),
    ...(region === undefined ? {} : { region }),
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
  };
}
