import { normalPattern } from './path-pattern.ts';

/** What an operator ought to know about the order of his patterns. Numbers are places in the list. */
export interface Overlaps {
  /** Never chosen: whatever fits `pattern` fits `by`, which stands before it. */
  readonly shadowed: readonly { readonly pattern: number; readonly by: number }[];
  /** Some paths fit both and each fits paths that the other does not, so that their order decides about those. */
  readonly crossing: readonly { readonly first: number; readonly second: number }[];
}

/**
 * Decided on the patterns themselves, not by trying paths. A narrow pattern before a wider one is as it should be. Lists so
 * wound that this would take long are not compared to the end: then a pattern that is never chosen may be told as crossing.
 */
export function overlaps(patterns: readonly string[]): Overlaps {
  const budget = { steps: MAX_STEPS };
  const all = patterns.map(normalPattern);
  const shadowed: { pattern: number; by: number }[] = [];
  const crossing: { first: number; second: number }[] = [];
  all.forEach((later, second) => {
    const earlier = all.slice(0, second);
    const by = earlier.findIndex((wider) => includes(wider, later, budget));
    if (by >= 0) {
      shadowed.push({ pattern: second, by });
      return;
    }
    earlier.forEach((one, first) => {
      if (meet(one, later) && !includes(later, one, budget)) crossing.push({ first, second });
    });
  });
  return { shadowed, crossing };
}

/**
 * Whether some text fits both normal patterns. Where both have a star their ends decide: a text that begins with the longer beginning, ends
 * with the longer end and has all the middles of both between them fits both.
 */
export function meet(one: string, other: string): boolean {
  if (!agree(headOf(one), headOf(other)) || !agree(tailOf(one), tailOf(other))) return false;
  const [isOpen, isOtherOpen] = [one.includes('*'), other.includes('*')];
  if (isOpen && isOtherOpen) return true;
  if (isOpen) return fitsPattern(one, other);
  return isOtherOpen ? fitsPattern(other, one) : one.length === other.length;
}

/** What stands before the first star. */
function headOf(pattern: string): string[] {
  return [...(pattern.split('*', 1)[0] ?? '')];
}

/** What stands behind the last one, from its end. */
function tailOf(pattern: string): string[] {
  return [...pattern.slice(pattern.lastIndexOf('*') + 1)].reverse();
}

function agree(one: readonly string[], other: readonly string[]): boolean {
  return one.every((a, at) => {
    const b = other[at];
    return b === undefined || a === b || a === '?' || b === '?';
  });
}

/** Whether the pattern fits one of the texts that a pattern without a star stands for. */
function fitsPattern(pattern: string, texts: string): boolean {
  let places = settled(pattern, [0]);
  for (const written of texts) {
    const next = places.flatMap((at) => {
      const wanted = pattern[at];
      if (wanted === '*') return [at];
      return wanted !== undefined && (wanted === '?' || written === '?' || wanted === written) ? [at + 1] : [];
    });
    places = settled(pattern, next);
  }
  return places.at(-1) === pattern.length;
}

/** Ten times what 75 patterns that people write need. */
const MAX_STEPS = 100_000;

/**
 * Whether all that fits `narrow` fits `wide`. `narrow` writes the texts, `wide` reads them, in all the places at once where
 * it can stand. Where `narrow` may write anything it writes a character that no pattern has: whatever reads that reads any
 * other character too, so nothing else need be tried.
 */
function includes(wide: string, narrow: string, budget: { steps: number }): boolean {
  if (!coversEnds(wide, narrow)) return false;
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
  for (let next = open.pop(); next; next = open.pop()) {
    const { at, places } = next;
    budget.steps -= 1;
    if (places.length === 0 || budget.steps < 0) return false;
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

/** False for most pairs at once: a letter at an end of `wide` must stand at that of `narrow` too. */
function coversEnds(wide: string, narrow: string): boolean {
  const covers = (ours: readonly string[], theirs: readonly string[]) =>
    ours.every((letter, at) => letter === '?' || theirs[at] === letter);
  return covers(headOf(wide), headOf(narrow)) && covers(tailOf(wide), tailOf(narrow));
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
