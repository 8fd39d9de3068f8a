import type {
  CacheBehavior,
  CachePolicyConfig,
  CorsConfig,
  CustomErrorResponse,
  CustomOriginConfig,
  DistributionConfig,
  GeoRestriction,
  KeyGroupConfig,
  Origin,
  OriginAccessControlConfig,
  OriginGroup,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
  S3OriginConfig,
} from './model.ts';

/** Configuration as an operator writes it: what CloudFront would fill in may be left out. */

export type DistributionDraft = Partial<
  Omit<
    DistributionConfig,
    'origins' | 'originGroups' | 'defaultCacheBehavior' | 'cacheBehaviors' | 'customErrorResponses' | 'restrictions'
  >
> & {
  readonly origins: readonly OriginDraft[];
  readonly originGroups?: readonly OriginGroup[];
  readonly defaultCacheBehavior: BehaviorDraft;
  readonly cacheBehaviors?: readonly (BehaviorDraft & { readonly pathPattern: string })[];
  readonly customErrorResponses?: readonly ErrorResponseDraft[];
  readonly restrictions?: { readonly geoRestriction?: Partial<GeoRestriction> };
};

export type OriginDraft = Partial<Omit<Origin, 'id' | 'customOriginConfig' | 's3OriginConfig' | 'filmOriginConfig'>> & {
  readonly id: string;
  readonly customOriginConfig?: Partial<CustomOriginConfig>;
  readonly s3OriginConfig?: Partial<S3OriginConfig>;
  readonly filmOriginConfig?: object;
};

export type BehaviorDraft = Partial<CacheBehavior> & { readonly targetOriginId: string };

export type ErrorResponseDraft = Partial<CustomErrorResponse> & { readonly errorCode: number };

type PartialBelow<T> = { readonly [K in keyof T]?: T[K] extends object ? Partial<T[K]> : T[K] };

type KeyParameters = CachePolicyConfig['parametersInCacheKeyAndForwardedToOrigin'];

export type CachePolicyDraft = Partial<Omit<CachePolicyConfig, 'name' | 'parametersInCacheKeyAndForwardedToOrigin'>> & {
  readonly name: string;
  readonly parametersInCacheKeyAndForwardedToOrigin?: PartialBelow<KeyParameters>;
};

export type OriginRequestPolicyDraft = PartialBelow<Omit<OriginRequestPolicyConfig, 'name'>> & {
  readonly name: string;
};

export type ResponseHeadersPolicyDraft = Partial<
  Omit<ResponseHeadersPolicyConfig, 'name' | 'corsConfig' | 'customHeadersConfig'>
> & {
  readonly name: string;
  readonly corsConfig?: Partial<CorsConfig>;
  readonly customHeadersConfig?: readonly {
    readonly header: string;
    readonly value: string;
    readonly override?: boolean;
  }[];
};

export type KeyGroupDraft = Partial<KeyGroupConfig> & { readonly name: string };

export type OriginAccessControlDraft = Partial<OriginAccessControlConfig> & { readonly name: string };
