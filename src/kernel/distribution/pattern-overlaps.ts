import { normalPattern } from './path-pattern.ts';

/** What an operator ought to know about the order of his patterns. Numbers are places in the list. */
export interface Overlaps {
  /** Never chosen: whatever fits `pattern` fits `by`, which stands before it. */
  readonly shadowed: readonly { readonly pattern: number; readonly by: number }[];
  /** Some paths fit both and each fits paths that the other does not, so that their order decides about those. */
  readonly crossing: readonly { readonly first: number; readonly second: number }[];
}

/** Decided on the patterns themselves, not by trying paths. A narrow pattern before a wider one is as it should be. */
export function overlaps(patterns: readonly string[]): Overlaps {
  const all = patterns.map(normalPattern);
  const shadowed: { pattern: number; by: number }[] = [];
  const crossing: { first: number; second: number }[] = [];
  all.forEach((later, second) => {
    const earlier = all.slice(0, second);
    const by = earlier.findIndex((wider) => includes(wider, later));
    if (by >= 0) {
      shadowed.push({ pattern: second, by });
      return;
    }
    earlier.forEach((one, first) => {
      if (meet(one, later) && !includes(later, one)) crossing.push({ first, second });
    });
  });
  return { shadowed, crossing };
}

/** Whether some text fits both. Walks all pairs of places in the two at once. */
function meet(one: string, other: string): boolean {
  if (!mayMeet(one, other)) return false;
  const width = other.length + 1;
  const seen = new Uint8Array((one.length + 1) * width);
  const open: [number, number][] = [[0, 0]];
  const visit = (at: number, otherAt: number) => {
    const place = at * width + otherAt;
    if (seen[place]) return;
    seen[place] = 1;
    open.push([at, otherAt]);
  };
  for (let next = open.pop(); next; next = open.pop()) {
    const [at, otherAt] = next;
    if (at === one.length && otherAt === other.length) return true;
    const a = one[at];
    const b = other[otherAt];
    if (a === '*') visit(at + 1, otherAt);
    if (b === '*') visit(at, otherAt + 1);
    if (a === undefined || b === undefined) continue;
    if (a === '*' && b !== '*') visit(at, otherAt + 1);
    else if (b === '*' && a !== '*') visit(at + 1, otherAt);
    else if (a !== '*' && (a === b || a === '?' || b === '?')) visit(at + 1, otherAt + 1);
  }
  return false;
}

/** False for most pairs at once: their beginnings contradict each other. */
function mayMeet(one: string, other: string): boolean {
  for (let at = 0; at < one.length && at < other.length; at += 1) {
    const a = one[at];
    const b = other[at];
    if (a === '*' || b === '*') return true;
    if (a !== b && a !== '?' && b !== '?') return false;
  }
  return true;
}

/** Far more than patterns that people write need: a few for each of their characters. */
const MAX_STEPS = 20_000;

/**
 * Whether all that fits `narrow` fits `wide`. `narrow` writes the texts, `wide` reads them, in all the places at once where
 * it can stand. Where `narrow` may write anything it writes a character that no pattern has: whatever reads that reads any
 * other character too, so nothing else need be tried. A pattern so wound that this takes too long counts as not included:
 * at worst a warning is missing.
 */
function includes(wide: string, narrow: string): boolean {
  const seen = new Map<number, Set<string>>();
  const open: { at: number; places: readonly number[] }[] = [];
  const visit = (at: number, places: readonly number[]) => {
    const known = seen.get(at) ?? new Set<string>();
    const name = places.join();
    if (known.has(name)) return;
    seen.set(at, known.add(name));
    open.push({ at, places });
  };
  visit(0, settled(wide, [0]));
  let steps = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const { at, places } = next;
    steps += 1;
    if (places.length === 0 || steps > MAX_STEPS) return false;
    if (at === narrow.length) {
      if (places.at(-1) !== wide.length) return false;
      continue;
    }
    const written = narrow[at];
    if (written === '*') {
      visit(at + 1, places);
      visit(at, read(wide, places, undefined));
    } else visit(at + 1, read(wide, places, written === '?' ? undefined : written));
  }
  return true;
}

/** Where the pattern can stand after one more character; undefined is the character that it does not have. */
function read(pattern: string, places: readonly number[], character: string | undefined): number[] {
  const next: number[] = [];
  for (const at of places) {
    const wanted = pattern[at];
    if (wanted === '*') next.push(at);
    else if (wanted === '?' || (wanted !== undefined && wanted === character)) next.push(at + 1);
  }
  return settled(pattern, next);
}

/** In order, behind stars too, and from the last star on: what fits from a place before a star fits from the star. */
function settled(pattern: string, places: readonly number[]): number[] {
  const all = new Set<number>();
  let lastStar = -1;
  for (const place of places) {
    all.add(place);
    if (pattern[place] !== '*') continue;
    all.add(place + 1);
    lastStar = Math.max(lastStar, place);
  }
  return [...all].filter((place) => place >= lastStar).sort((one, other) => one - other);
}
