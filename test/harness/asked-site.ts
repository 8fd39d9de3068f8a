import type { Settings } from '../../src/config/settings.ts';
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
} from '../../src/kernel/distribution/managed-policies.ts';
import type {
  CacheBehavior,
  CacheKeyParameters,
  Origin,
  OriginGroup,
  OriginRequestPolicyConfig,
} from '../../src/kernel/distribution/model.ts';
import type { EdgeAccessControl } from '../../src/kernel/distribution/site-config.ts';
import { behavior, cachePolicy, distribution, originAt, type SiteEdge, site, startSiteEdge } from './site-edge.ts';

/** A site to see what its origin is asked, under cache policy `policy` or `disabled`. */
export interface AskedSite {
  readonly key?: Partial<CacheKeyParameters>;
  readonly asks?: OriginRequestPolicyConfig;
  readonly behaviour?: Partial<CacheBehavior>;
  readonly origin?: Partial<Origin>;
  readonly control?: EdgeAccessControl;
  /** Beside the first. */
  readonly more?: readonly Origin[];
  readonly groups?: readonly OriginGroup[];
  readonly settings?: Partial<Settings>;
}

const DISABLED = MANAGED_CACHE_POLICIES['4135ea2d-6df8-44a3-9df3-4b5a84be39ad'];

export async function startAskedSite({
  key,
  asks,
  behaviour,
  origin: changed,
  control,
  more = [],
  groups = [],
  settings,
}: AskedSite = {}): Promise<SiteEdge> {
  const edge = await startSiteEdge(
    (origin) =>
      site({
        cachePolicies: { policy: cachePolicy({}, key), ...(DISABLED ? { disabled: DISABLED } : {}) },
        originRequestPolicies: asks ? { asks } : {},
        originAccessControls: control ? { control } : {},
        distributions: {
          dist: distribution([originAt(origin.url, changed), ...more], {
            originGroups: groups,
            defaultCacheBehavior: behavior({ ...(asks ? { originRequestPolicyId: 'asks' } : {}), ...behaviour }),
          }),
        },
      }),
    settings,
  );
  edge.origin.otherwise(({ target }, response) => void response.end(`of ${target}`));
  return edge;
}

export const policyOf = (
  headersConfig: OriginRequestPolicyConfig['headersConfig'],
  rest: Partial<OriginRequestPolicyConfig> = {},
): OriginRequestPolicyConfig => ({
  ...{ name: '', comment: '', headersConfig },
  cookiesConfig: { cookieBehavior: 'none', cookies: [] },
  queryStringsConfig: { queryStringBehavior: 'none', queryStrings: [] },
  ...rest,
});
const managed = (id: string): OriginRequestPolicyConfig => {
  const policy = MANAGED_ORIGIN_REQUEST_POLICIES[id];
  if (!policy) throw new Error(`no policy ${id}`);
  return policy;
};
export const ALL_VIEWER = managed('216adef6-5c7f-47e4-b989-5492eafa07d3');
export const ALL_EXCEPT_HOST = managed('b689b0a8-53d0-40ab-baf2-68738e2966ac');
export const HOST_ONLY = managed('bf0718e1-ba1e-49d1-88b1-f726733018ae');
