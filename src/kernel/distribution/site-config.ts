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

const TABLES = [
  'distributions',
  'cachePolicies',
  'originRequestPolicies',
  'responseHeadersPolicies',
  'keyGroups',
  'originAccessControls',
] as const satisfies readonly (keyof SiteConfig)[];

/** Whether it has the outer form; what stands in it is control's word, and making sites of it finds out the rest. */
export function isSiteConfig(value: unknown): value is SiteConfig {
  if (typeof value !== 'object' || value === null) return false;
  return TABLES.every((name) => {
    const table = (value as Record<string, unknown>)[name];
    return typeof table === 'object' && table !== null && !Array.isArray(table);
  });
}
