/**
 * What an operator configures, with CloudFront's names in camelCase (API reference of 2020-05-31). Lists are plain arrays:
 * `Quantity` and `Items` are their XML's. Times are seconds unless a name says otherwise.
 */

export interface DistributionConfig {
  readonly comment: string;
  readonly enabled: boolean;
  /** Host names that viewers use, in lower case; `*.example.com` for everything below. */
  readonly aliases: readonly string[];
  /** Without a slash before it; empty for none. */
  readonly defaultRootObject: string;
  readonly origins: readonly Origin[];
  readonly originGroups: readonly OriginGroup[];
  readonly defaultCacheBehavior: CacheBehavior;
  /** In the order in which they are asked. */
  readonly cacheBehaviors: readonly PathCacheBehavior[];
  readonly customErrorResponses: readonly CustomErrorResponse[];
  readonly restrictions: { readonly geoRestriction: GeoRestriction };
  /** The field in which origins tag what they send, beside `Cache-Tag` and `Surrogate-Key`. */
  readonly cacheTagConfig?: { readonly headerName: string };
  /** Names and values by which an operator finds it again. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface GeoRestriction {
  readonly restrictionType: 'none' | 'whitelist' | 'blacklist';
  /** ISO 3166-1 alpha-2 in capitals. */
  readonly locations: readonly string[];
}

/** Exactly one of the three kinds. */
export interface Origin {
  readonly id: string;
  /** Empty for films, which are where the edge's own origin is. */
  readonly domainName: string;
  /** Begins with a slash and ends without one; empty for none. Put before the path of every request. */
  readonly originPath: string;
  readonly customHeaders: readonly { readonly headerName: string; readonly headerValue: string }[];
  readonly connectionAttempts: number;
  readonly connectionTimeout: number;
  /** Id of how requests to it are signed. */
  readonly originAccessControlId?: string;
  readonly customOriginConfig?: CustomOriginConfig;
  readonly s3OriginConfig?: S3OriginConfig;
  /** Frontrow's own origin. Only in the distribution `default`. */
  readonly filmOriginConfig?: Readonly<Record<string, never>>;
}

export interface CustomOriginConfig {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly originProtocolPolicy: 'http-only' | 'https-only' | 'match-viewer';
  readonly originReadTimeout: number;
  readonly originKeepaliveTimeout: number;
}

export interface S3OriginConfig {
  readonly originReadTimeout: number;
}

export interface OriginGroup {
  readonly id: string;
  readonly failoverCriteria: { readonly statusCodes: readonly number[] };
  /** Ids of origins, in the order in which they are asked. CloudFront has two. */
  readonly members: readonly string[];
}

export type ViewerProtocolPolicy = 'allow-all' | 'redirect-to-https' | 'https-only';
export type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface CacheBehavior {
  /** Of an origin or an origin group. */
  readonly targetOriginId: string;
  readonly viewerProtocolPolicy: ViewerProtocolPolicy;
  readonly allowedMethods: readonly Method[];
  readonly cachedMethods: readonly Method[];
  readonly compress: boolean;
  readonly cachePolicyId: string;
  readonly originRequestPolicyId?: string;
  readonly responseHeadersPolicyId?: string;
  /** Ids; whoever is let in brings a grant signed by a key of one of them. Empty: everybody. */
  readonly trustedKeyGroups: readonly string[];
}

export interface PathCacheBehavior extends CacheBehavior {
  readonly pathPattern: string;
}

export interface CustomErrorResponse {
  readonly errorCode: number;
  /** Both or none: the page and the status under which it is sent. */
  readonly responsePagePath?: string;
  readonly responseCode?: number;
  readonly errorCachingMinTTL: number;
}

export interface CachePolicyConfig {
  readonly name: string;
  readonly comment: string;
  readonly minTTL: number;
  readonly defaultTTL: number;
  readonly maxTTL: number;
  readonly parametersInCacheKeyAndForwardedToOrigin: CacheKeyParameters;
}

export interface CacheKeyParameters {
  readonly enableAcceptEncodingGzip: boolean;
  readonly enableAcceptEncodingBrotli: boolean;
  readonly headersConfig: { readonly headerBehavior: 'none' | 'whitelist'; readonly headers: readonly string[] };
  readonly cookiesConfig: { readonly cookieBehavior: Selection; readonly cookies: readonly string[] };
  readonly queryStringsConfig: {
    readonly queryStringBehavior: Selection;
    readonly queryStrings: readonly string[];
    /** Ours: `?b=2&a=1` and `?a=1&b=2` are one object. */
    readonly sortQueryStrings: boolean;
  };
}

export type Selection = 'none' | 'whitelist' | 'allExcept' | 'all';

export interface OriginRequestPolicyConfig {
  readonly name: string;
  readonly comment: string;
  readonly headersConfig: {
    readonly headerBehavior: 'none' | 'whitelist' | 'allViewer' | 'allViewerAndWhitelistCloudFront' | 'allExcept';
    readonly headers: readonly string[];
  };
  readonly cookiesConfig: { readonly cookieBehavior: Selection; readonly cookies: readonly string[] };
  readonly queryStringsConfig: { readonly queryStringBehavior: Selection; readonly queryStrings: readonly string[] };
}

export interface ResponseHeadersPolicyConfig {
  readonly name: string;
  readonly comment: string;
  readonly corsConfig?: CorsConfig;
  readonly securityHeadersConfig?: SecurityHeadersConfig;
  readonly customHeadersConfig: readonly {
    readonly header: string;
    readonly value: string;
    readonly override: boolean;
  }[];
  readonly removeHeadersConfig: readonly string[];
  readonly serverTimingHeadersConfig?: { readonly enabled: boolean; readonly samplingRate: number };
}

export interface CorsConfig {
  readonly accessControlAllowOrigins: readonly string[];
  readonly accessControlAllowHeaders: readonly string[];
  readonly accessControlAllowMethods: readonly (Method | 'ALL')[];
  readonly accessControlAllowCredentials: boolean;
  readonly accessControlExposeHeaders: readonly string[];
  readonly accessControlMaxAgeSec?: number;
  readonly originOverride: boolean;
}

export interface SecurityHeadersConfig {
  readonly contentSecurityPolicy?: { readonly contentSecurityPolicy: string; readonly override: boolean };
  readonly contentTypeOptions?: { readonly override: boolean };
  readonly frameOptions?: { readonly frameOption: 'DENY' | 'SAMEORIGIN'; readonly override: boolean };
  readonly referrerPolicy?: { readonly referrerPolicy: string; readonly override: boolean };
  readonly strictTransportSecurity?: {
    readonly accessControlMaxAgeSec: number;
    readonly includeSubdomains: boolean;
    readonly preload: boolean;
    readonly override: boolean;
  };
  readonly xssProtection?: {
    readonly protection: boolean;
    readonly modeBlock: boolean;
    readonly reportUri?: string;
    readonly override: boolean;
  };
}

/** Keys that are trusted together, so that one can follow another without a gap. */
export interface KeyGroupConfig {
  readonly name: string;
  readonly comment: string;
  /** Key pair ids. */
  readonly items: readonly string[];
  /** Where an identity provider publishes the keys of its tokens (RFC 7517); they count as members while they stand there. */
  readonly jwksUrl?: string;
}

/** How requests to an origin are signed. Secrets stand apart from it. */
export interface OriginAccessControlConfig {
  readonly name: string;
  readonly description: string;
  /** `edge`: Frontrow's own short-lived signature, for origins of the operator's that check it. */
  readonly signingProtocol: 'sigv4' | 'edge';
  readonly signingBehavior: 'always' | 'never' | 'no-override';
  readonly originAccessControlOriginType: 's3' | 'custom';
  /** For `sigv4`. */
  readonly region?: string;
  readonly accessKeyId?: string;
}
