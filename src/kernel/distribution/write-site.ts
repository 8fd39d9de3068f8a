import type { ConfigByKind, Documents, Kind } from './documents.ts';
import type { OriginAccessControlConfig } from './model.ts';
import { lookUp, referencesOf } from './references.ts';
import type { EdgeAccessControl, SiteConfig } from './site-config.ts';

/**
 * What edges are told: all distributions, since the hosts of one that is switched off are refused rather than served by
 * another, and of everything else only what these name. `secrets` are those of origin
 * access controls, by id; the keys behind a group's JWKS URL are known to others, who add them.
 */
export function writeSiteConfig(documents: Documents, secrets: ReadonlyMap<string, string | undefined>): SiteConfig {
  const distributions = documents.distribution;
  const named = Object.values(distributions).flatMap((config) => [...referencesOf(config)]);
  const pick = <K extends Exclude<Kind, 'distribution'>, T>(
    kind: K,
    show: (config: ConfigByKind[K], id: string) => T,
  ) =>
    Object.fromEntries(
      [...new Set(named.filter((each) => each.kind === kind).map(({ id }) => id))].sort().flatMap((id) => {
        const config = lookUp(documents, kind, id);
        return config === undefined ? [] : [[id, show(config, id)] as const];
      }),
    );
  return {
    distributions,
    cachePolicies: pick('cache-policy', (config) => config),
    originRequestPolicies: pick('origin-request-policy', (config) => config),
    responseHeadersPolicies: pick('response-headers-policy', (config) => config),
    keyGroups: pick('key-group', ({ items }) => items),
    originAccessControls: pick('origin-access-control', (config, id) => withSecret(config, secrets.get(id))),
  };
}

function withSecret(config: OriginAccessControlConfig, secretAccessKey: string | undefined): EdgeAccessControl {
  return secretAccessKey === undefined ? config : { ...config, secretAccessKey };
}
