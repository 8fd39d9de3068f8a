import { SIGNING_PARAMETERS } from '../access/canonical.ts';
import type { Selection } from './model.ts';

/** Which of a request's parameters or cookies are meant. */
export type Chosen = 'none' | 'all' | ((name: string) => boolean);

/** What a policy says by its behaviour and its list. Names are compared as they stand, case and all. */
export function chosenBy(behavior: Selection, names: readonly string[]): Chosen {
  if (behavior === 'none' || behavior === 'all') return behavior;
  const listed = new Set(names);
  return behavior === 'whitelist' ? (name) => listed.has(name) : (name) => !listed.has(name);
}

/** By which a viewer is let in: of all cookies everybody's own, and no origin's business. */
const SIGNING_COOKIES: ReadonlySet<string> = new Set(SIGNING_PARAMETERS.map((name) => `CloudFront-${name}`));

/** The same for cookies: those of a signature are only meant where they are named. */
export function chosenCookies(behavior: Selection, names: readonly string[]): Chosen {
  const chosen = chosenBy(behavior, names);
  if (chosen === 'none' || behavior === 'whitelist') return chosen;
  return (name) => !SIGNING_COOKIES.has(name) && (chosen === 'all' || chosen(name));
}

/** What one or the other means. */
export function eitherOf(one: Chosen, other: Chosen): Chosen {
  if (one === 'none' || other === 'all') return other;
  if (other === 'none' || one === 'all') return one;
  return (name) => one(name) || other(name);
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
export function selectCookies(header: string | readonly string[] | undefined, chosen: Chosen): string {
  if (header === undefined || chosen === 'none') return '';
  const kept: string[] = [];
  const text = typeof header === 'string' ? header : header.join(';');
  for (const member of text.split(';')) {
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
