import { compilePathPattern } from './path-pattern.ts';

/** Paths whose behaviour is remembered, in each of two generations. */
const MAX_REMEMBERED = 5_000;
/** Longer ones are few, and would make the memory large. */
const MAX_REMEMBERED_LENGTH = 256;

/** What stands with the first pattern that a path (as `matchedPath` has it) fits, otherwise the fallback. */
export function compileBehaviors<T>(
  behaviors: readonly { readonly pathPattern: string; readonly value: T }[],
  fallback: T,
): (path: string) => T {
  if (behaviors.length === 0) return () => fallback;
  const tests = behaviors.map(({ pathPattern }) => compilePathPattern(pathPattern));
  const values = [...behaviors.map(({ value }) => value), fallback] as readonly T[];
  const first = (path: string) => {
    for (let at = 0; at < tests.length; at += 1) if (tests[at]?.(path)) return at;
    return tests.length;
  };
  const recall = remembering(first);
  return (path) => values[path.length > MAX_REMEMBERED_LENGTH ? first(path) : recall(path)] as T;
}

/** Viewers ask for the same few paths again and again. Two generations: what is asked for lives on, the rest goes at once. */
function remembering(decide: (path: string) => number): (path: string) => number {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  return (path) => {
    const known = young.get(path);
    if (known !== undefined) return known;
    const decided = old.get(path) ?? decide(path);
    if (young.size >= MAX_REMEMBERED) {
      old = young;
      young = new Map();
    }
    young.set(path, decided);
    return decided;
  };
}
