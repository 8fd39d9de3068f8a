import type {
  CachePolicyConfig,
  DistributionConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
} from './model.ts';

/** All that edges are told about distributions, by id. Everything that one of them names is in it, managed policies too. */
export interface SiteConfig {
  readonly distributions: Readonly<Record<string, DistributionConfig>>;
  readonly cachePolicies: Readonly<Record<string, CachePolicyConfig>>;
  readonly originRequestPolicies: Readonly<Record<string, OriginRequestPolicyConfig>>;
  readonly responseHeadersPolicies: Readonly<Record<string, ResponseHeadersPolicyConfig>>;
  /** Key pair ids by key group; those of its JWKS too. */
  readonly keyGroups: Readonly<Record<string, readonly string[]>>;
  readonly originAccessControls: Readonly<Record<string, EdgeAccessControl>>;
}

export interface EdgeAccessControl extends OriginAccessControlConfig {
  readonly secretAccessKey?: string;
}
