import type { FieldError } from '../errors.ts';
import { repeatFaults } from './check-lists.ts';
import { type Documents, fieldError } from './documents.ts';
import type { CacheBehavior, DistributionConfig, Method } from './model.ts';
import { isPathPattern } from './path-pattern.ts';
import { behaviorsOf, lookUp, referencesOf } from './references.ts';

export function* behaviorFaults(config: DistributionConfig, documents: Documents): Generator<FieldError> {
  const targets = new Set([...config.origins, ...config.originGroups].map(({ id }) => id));
  for (const { path, behavior, pathPattern } of behaviorsOf(config)) {
    if (pathPattern !== undefined && !isPathPattern(pathPattern)) {
      const allowed = 'letters, digits and _ - . * ? $ / ~ " \' @ : + &';
      yield fieldError(`${path}.pathPattern`, `is not a path pattern, which has ${allowed}`);
    }
    yield* oneFaults(path, behavior, targets);
  }
  for (const { kind, id, path } of referencesOf(config)) {
    if (kind === 'origin-access-control' || lookUp(documents, kind, id) !== undefined) continue;
    yield fieldError(path, `names no ${NOUNS[kind]}`);
  }
}

const METHOD_SETS: readonly (readonly Method[])[] = [
  ['GET', 'HEAD'],
  ['GET', 'HEAD', 'OPTIONS'],
  ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
];

function isOneOf(methods: readonly Method[], sets: readonly (readonly Method[])[]): boolean {
  return sets.some((set) => set.length === methods.length && set.every((method) => methods.includes(method)));
}

function* oneFaults(path: string, behavior: CacheBehavior, targets: ReadonlySet<string>): Generator<FieldError> {
  const { allowedMethods, cachedMethods } = behavior;
  if (!targets.has(behavior.targetOriginId)) {
    yield fieldError(`${path}.targetOriginId`, 'names no origin or origin group');
  }
  if (!isOneOf(allowedMethods, METHOD_SETS)) {
    yield fieldError(`${path}.allowedMethods`, 'must be GET and HEAD, these and OPTIONS, or all seven methods');
  }
  if (!isOneOf(cachedMethods, METHOD_SETS.slice(0, 2))) {
    yield fieldError(`${path}.cachedMethods`, 'must be GET and HEAD, or these and OPTIONS');
  } else if (cachedMethods.some((method) => !allowedMethods.includes(method))) {
    yield fieldError(`${path}.cachedMethods`, 'has a method that is not allowed');
  }
  yield* repeatFaults(`${path}.trustedKeyGroups`, behavior.trustedKeyGroups);
}

/** What each kind is called in a sentence. */
const NOUNS = {
  'cache-policy': 'cache policy',
  'origin-request-policy': 'origin request policy',
  'response-headers-policy': 'response headers policy',
  'key-group': 'key group',
} as const;
