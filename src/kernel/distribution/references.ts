import type { ConfigByKind, Documents, Kind } from './documents.ts';
import type { CacheBehavior, DistributionConfig } from './model.ts';

/** What a distribution names. */
export interface Reference {
  readonly kind: Exclude<Kind, 'distribution'>;
  readonly id: string;
  /** Such as `cacheBehaviors[2].cachePolicyId`. */
  readonly path: string;
}

export function* referencesOf(config: DistributionConfig): Generator<Reference> {
  for (const [at, { originAccessControlId: id }] of config.origins.entries()) {
    if (id !== undefined) yield { kind: 'origin-access-control', id, path: `origins[${at}].originAccessControlId` };
  }
  for (const { path, behavior } of behaviorsOf(config)) yield* referencesOfBehavior(path, behavior);
}

/** The default one first, each with its path in the document. */
export function behaviorsOf(
  config: DistributionConfig,
): { readonly path: string; readonly behavior: CacheBehavior; readonly pathPattern?: string }[] {
  return [
    { path: 'defaultCacheBehavior', behavior: config.defaultCacheBehavior },
    ...config.cacheBehaviors.map((behavior, at) => ({
      path: `cacheBehaviors[${at}]`,
      behavior,
      pathPattern: behavior.pathPattern,
    })),
  ];
}

function* referencesOfBehavior(path: string, behavior: CacheBehavior): Generator<Reference> {
  const { cachePolicyId, originRequestPolicyId, responseHeadersPolicyId, trustedKeyGroups } = behavior;
  yield { kind: 'cache-policy', id: cachePolicyId, path: `${path}.cachePolicyId` };
  if (originRequestPolicyId !== undefined) {
    yield { kind: 'origin-request-policy', id: originRequestPolicyId, path: `${path}.originRequestPolicyId` };
  }
  if (responseHeadersPolicyId !== undefined) {
    yield { kind: 'response-headers-policy', id: responseHeadersPolicyId, path: `${path}.responseHeadersPolicyId` };
  }
  for (const [at, id] of trustedKeyGroups.entries()) {
    yield { kind: 'key-group', id, path: `${path}.trustedKeyGroups[${at}]` };
  }
}

/** Where distributions name it, such as `the distribution ds_a in cacheBehaviors[2].cachePolicyId`. */
export function usesOf(kind: Kind, id: string, documents: Documents): string[] {
  return Object.entries(documents.distribution).flatMap(([distribution, config]) =>
    [...referencesOf(config)]
      .filter((each) => each.kind === kind && each.id === id)
      .map(({ path }) => `the distribution ${distribution} in ${path}`),
  );
}

/** The document that is named; undefined for an id that is none, whatever objects have by themselves. */
export function lookUp<K extends Kind>(documents: Documents, kind: K, id: string): ConfigByKind[K] | undefined {
  const byId = documents[kind];
  return Object.hasOwn(byId, id) ? (byId[id] as ConfigByKind[K] | undefined) : undefined;
}
