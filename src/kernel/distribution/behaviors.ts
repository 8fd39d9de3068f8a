import { compilePathPattern } from './path-pattern.ts';
import { remembering } from './remembering.ts';

/** What stands with the first pattern that a path (as `matchedPath` has it) fits, otherwise the fallback. */
export function compileBehaviors<T>(
  behaviors: readonly { readonly pathPattern: string; readonly value: T }[],
  fallback: T,
): (path: string) => T {
  if (behaviors.length === 0) return () => fallback;
  const all = behaviors.map(({ pathPattern, value }) => ({ fits: compilePathPattern(pathPattern), value }));
  return remembering((path) => (all.find(({ fits }) => fits(path)) ?? { value: fallback }).value);
}
