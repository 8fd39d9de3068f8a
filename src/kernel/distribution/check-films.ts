import type { FieldError } from '../errors.ts';
import { FILM_DISTRIBUTION, FILM_ORIGIN, fieldError } from './documents.ts';
import { FILM_BEHAVIORS, FILM_PATHS } from './film-distribution.ts';
import { FILMS_CACHE_POLICY_ID } from './managed-policies.ts';
import type { CacheBehavior, DistributionConfig } from './model.ts';
import { normalPattern } from './path-pattern.ts';
import { meet } from './pattern-overlaps.ts';

/** What must stay as it is in the distribution `default`, so that films go on playing whatever is added to it. */
export function* filmFaults(config: DistributionConfig, id: string): Generator<FieldError> {
  if (id !== FILM_DISTRIBUTION) return;
  if (!config.enabled) yield fieldError('enabled', 'must be true: this distribution serves films');
  const origin = config.origins.find((each) => each.id === FILM_ORIGIN);
  if (origin?.filmOriginConfig === undefined) {
    yield fieldError('origins', `must have the origin ${FILM_ORIGIN} with a filmOriginConfig`);
  }
  if (config.defaultCacheBehavior.targetOriginId !== FILM_ORIGIN) {
    const instead = 'for a site beside films add a behaviour /* behind those of films';
    yield fieldError('defaultCacheBehavior.targetOriginId', `must be ${FILM_ORIGIN}; ${instead}`);
  }
  yield* behaviorFaults('defaultCacheBehavior', config.defaultCacheBehavior);
  for (const [at, behavior] of config.cacheBehaviors.entries())
    yield* behaviorFaults(`cacheBehaviors[${at}]`, behavior);
  yield* orderFaults(config);
}

/** How films are cached and asked for is the edge's own knowledge of them. */
function* behaviorFaults(path: string, behavior: CacheBehavior): Generator<FieldError> {
  if (behavior.targetOriginId !== FILM_ORIGIN) return;
  const { allowedMethods, cachedMethods } = FILM_BEHAVIORS[0];
  if (behavior.cachePolicyId !== FILMS_CACHE_POLICY_ID) {
    yield fieldError(
      `${path}.cachePolicyId`,
      `must be ${FILMS_CACHE_POLICY_ID} (Managed-Films) where films are served`,
    );
  }
  if (behavior.originRequestPolicyId !== undefined) {
    yield fieldError(`${path}.originRequestPolicyId`, 'has no use where films are served');
  }
  if (!isSame(behavior.allowedMethods, allowedMethods)) {
    yield fieldError(`${path}.allowedMethods`, `must be ${allowedMethods.join(', ')} where films are served`);
  }
  if (!isSame(behavior.cachedMethods, cachedMethods)) {
    yield fieldError(`${path}.cachedMethods`, `must be ${cachedMethods.join(', ')} where films are served`);
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && others.every((each) => some.includes(each));
}

function* orderFaults({ cacheBehaviors }: DistributionConfig): Generator<FieldError> {
  const isFilms = ({ targetOriginId }: CacheBehavior) => targetOriginId === FILM_ORIGIN;
  for (const { pathPattern } of FILM_BEHAVIORS) {
    if (cacheBehaviors.some((each) => isFilms(each) && each.pathPattern === pathPattern)) continue;
    yield fieldError('cacheBehaviors', `must have the behaviour ${pathPattern} of the origin ${FILM_ORIGIN}`);
  }
  const last = cacheBehaviors.findLastIndex(isFilms);
  for (const [at, behavior] of cacheBehaviors.slice(0, last).entries()) {
    const taken = isFilms(behavior)
      ? undefined
      : FILM_PATHS.find((paths) => meet(paths, normalPattern(behavior.pathPattern)));
    if (taken === undefined) continue;
    yield fieldError(
      `cacheBehaviors[${at}].pathPattern`,
      `fits paths of films (${taken}): put it behind the behaviours of films`,
    );
  }
}
