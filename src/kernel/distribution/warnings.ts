import type { Surroundings } from './check.ts';
import { type Documents, FILM_DISTRIBUTION, type FieldWarning, fieldError } from './documents.ts';
import type {
  CacheBehavior,
  CachePolicyConfig,
  DistributionConfig,
  KeyGroupConfig,
  OriginRequestPolicyConfig,
} from './model.ts';
import { normalPattern } from './path-pattern.ts';
import { meet, overlaps } from './pattern-overlaps.ts';
import { behaviorsOf, lookUp } from './references.ts';

/** What works and yet may not be what was meant. */
export function warnOfDistribution(config: DistributionConfig, { documents, id }: Surroundings): FieldWarning[] {
  return [
    ...reachWarnings(config, id),
    ...patternWarnings(config),
    ...grantWarnings(config),
    ...behaviorsOf(config).flatMap(({ path, behavior }) => [
      ...cachingWarnings(path, behavior, documents),
      ...clearWarnings(path, behavior, config),
    ]),
  ];
}

function warning(path: string, code: FieldWarning['code'], predicate: string): FieldWarning {
  const { field, says } = fieldError(path, predicate);
  return { field, code, says };
}

function* reachWarnings({ aliases, origins, originGroups, ...config }: DistributionConfig, id: string) {
  if (aliases.length === 0 && id !== FILM_DISTRIBUTION) {
    yield warning('aliases', 'NO_ALIAS', 'is empty: there is no host under which viewers find this distribution');
  }
  const behaviors = [config.defaultCacheBehavior, ...config.cacheBehaviors];
  const targets = behaviors.map(({ targetOriginId }) => targetOriginId);
  const used = new Set([
    ...targets,
    ...originGroups.filter((each) => targets.includes(each.id)).flatMap((each) => each.members),
  ]);
  for (const [at, origin] of origins.entries()) {
    if (!used.has(origin.id)) yield warning(`origins[${at}]`, 'ORIGIN_UNUSED', 'is asked by no behaviour');
  }
}

function* patternWarnings({ cacheBehaviors }: DistributionConfig) {
  const patterns = cacheBehaviors.map(({ pathPattern }) => pathPattern);
  const { shadowed, crossing } = overlaps(patterns);
  const shown = (at: number) => `cacheBehaviors[${at}] (${patterns[at]})`;
  for (const { pattern, by } of shadowed) {
    const isSame = normalPattern(patterns[pattern] ?? '') === normalPattern(patterns[by] ?? '');
    const field = `cacheBehaviors[${pattern}].pathPattern`;
    if (isSame) yield warning(field, 'PATH_PATTERN_REPEATED', `is that of ${shown(by)} and is never asked`);
    else yield warning(field, 'PATH_PATTERN_SHADOWED', `is never asked: whatever fits it fits ${shown(by)} before it`);
  }
  for (const { first, second } of crossing) {
    const field = `cacheBehaviors[${second}].pathPattern`;
    yield warning(
      field,
      'PATH_PATTERNS_CROSS',
      `has paths in common with ${shown(first)}, which is asked first for them`,
    );
  }
}

/** A public behaviour gives away what a signed one behind it was to guard. */
function* grantWarnings({ cacheBehaviors }: DistributionConfig) {
  for (const [at, { pathPattern, trustedKeyGroups }] of cacheBehaviors.entries()) {
    if (trustedKeyGroups.length === 0) continue;
    const open = cacheBehaviors
      .slice(0, at)
      .findIndex(
        (before) =>
          before.trustedKeyGroups.length === 0 && meet(normalPattern(before.pathPattern), normalPattern(pathPattern)),
      );
    if (open < 0) continue;
    const where = `cacheBehaviors[${open}] (${cacheBehaviors[open]?.pathPattern})`;
    yield warning(
      `cacheBehaviors[${at}].trustedKeyGroups`,
      'PUBLIC_BEFORE_SIGNED',
      `guards no path that also fits ${where}, which is public and asked first`,
    );
  }
}

function* cachingWarnings(path: string, behavior: CacheBehavior, documents: Documents) {
  const cache = lookUp(documents, 'cache-policy', behavior.cachePolicyId);
  if (!cache || cache.maxTTL === 0) return;
  if (cache.minTTL > 0) {
    const says = `names ${cache.name}, whose minTTL of ${cache.minTTL} s keeps even answers that say no-store or private`;
    yield warning(`${path}.cachePolicyId`, 'MIN_TTL_OVERRIDES_NO_STORE', says);
  }
  const sent =
    behavior.originRequestPolicyId === undefined
      ? undefined
      : lookUp(documents, 'origin-request-policy', behavior.originRequestPolicyId);
  if (!sent) return;
  const field = `${path}.originRequestPolicyId`;
  const shared = `and the cache policy does not tell them apart: one viewer's answer may be given to another`;
  if (sendsAuthorization(sent) && !keysAuthorization(cache)) {
    yield warning(field, 'AUTHORIZATION_NOT_IN_KEY', `sends Authorization to the origin, ${shared}`);
  }
  if (
    sent.cookiesConfig.cookieBehavior !== 'none' &&
    cache.parametersInCacheKeyAndForwardedToOrigin.cookiesConfig.cookieBehavior === 'none'
  ) {
    yield warning(field, 'COOKIES_NOT_IN_KEY', `sends cookies to the origin, ${shared}`);
  }
}

function sendsAuthorization({ headersConfig: { headerBehavior, headers } }: OriginRequestPolicyConfig): boolean {
  const isNamed = headers.some((name) => name.toLowerCase() === 'authorization');
  if (headerBehavior === 'none') return false;
  if (headerBehavior === 'whitelist') return isNamed;
  return headerBehavior !== 'allExcept' || !isNamed;
}

function keysAuthorization({
  parametersInCacheKeyAndForwardedToOrigin: { headersConfig },
}: CachePolicyConfig): boolean {
  return headersConfig.headers.some((name) => name.toLowerCase() === 'authorization');
}

/** On the machine itself or its own network nobody listens in. */
const NEARBY = /^(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd])/i;

function* clearWarnings(path: string, behavior: CacheBehavior, { origins, originGroups }: DistributionConfig) {
  if (behavior.viewerProtocolPolicy === 'allow-all') return;
  const { targetOriginId: target } = behavior;
  const asked = originGroups.find(({ id }) => id === target)?.members ?? [target];
  const clear = origins.find(
    ({ id, customOriginConfig, domainName }) =>
      asked.includes(id) && customOriginConfig?.originProtocolPolicy === 'http-only' && !NEARBY.test(domainName),
  );
  if (!clear) return;
  const says = `insists on https from viewers, but the origin ${clear.id} is asked over plain http`;
  yield warning(`${path}.viewerProtocolPolicy`, 'ORIGIN_IN_THE_CLEAR', says);
}

export function* warnOfCachePolicy({ minTTL, maxTTL }: CachePolicyConfig): Generator<FieldWarning> {
  if (minTTL > 0 && maxTTL > 0) {
    yield warning('minTTL', 'MIN_TTL_OVERRIDES_NO_STORE', 'keeps even answers that say no-store or private');
  }
}

export function* warnOfKeyGroup({ items }: KeyGroupConfig, { signingKeys }: Surroundings): Generator<FieldWarning> {
  for (const [at, item] of items.entries()) {
    if (signingKeys.get(item)?.isRevoked) yield warning(`items[${at}]`, 'KEY_REVOKED', 'is revoked: it lets nobody in');
  }
}
