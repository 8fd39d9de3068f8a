import type { Selection } from './model.ts';

/** Which of a request's parameters or cookies are meant. */
export type Chosen = 'none' | 'all' | ((name: string) => boolean);

/** What a policy says by its behaviour and its list. Names are compared as they stand, case and all. */
export function chosenBy(behavior: Selection, names: readonly string[]): Chosen {
  if (behavior === 'none' || behavior === 'all') return behavior;
  const listed = new Set(names);
  return behavior === 'whitelist' ? (name) => listed.has(name) : (name) => !listed.has(name);
}

/** The raw query (without `?`) of the parameters that are chosen, as they came and in their order. Nothing is decoded. */
export function selectQuery(query: string, chosen: Chosen, sorted = false): string {
  if (query === '' || chosen === 'none') return '';
  if (chosen === 'all' && !sorted) return query;
  const pairs = query.split('&');
  const kept = chosen === 'all' ? pairs : pairs.filter((pair) => chosen(nameOf(pair)));
  return (sorted ? kept.sort(byName) : kept).join('&');
}

/**
 * The cookies that are chosen, in the order of their names, joined as in a `Cookie` field; empty when there are none.
 * Names that begin with `$` are attributes of old and never meant; a field that is no list of `name=value` says nothing.
 */
export function selectCookies(header: string | undefined, chosen: Chosen): string {
  if (header === undefined || chosen === 'none') return '';
  const kept: string[] = [];
  for (const member of header.split(';')) {
    const pair = member.trim();
    if (pair === '') continue;
    if (pair.indexOf('=') < 1) return '';
    const name = nameOf(pair);
    if (!name.startsWith('$') && (chosen === 'all' || chosen(name))) kept.push(pair);
  }
  return kept.sort(byName).join('; ');
}

/** What stands before the first sign of equality: in a query, and in a cookie. */
function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
}

/** Those of the same name stay in the order in which they came. */
function byName(one: string, other: string): number {
  const [a, b] = [nameOf(one), nameOf(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}
